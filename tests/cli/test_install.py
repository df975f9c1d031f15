"""`meson install` brings all that a user needs: headers, library, pkg-config file, command and checkkernels."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]
PROGRAM = r"""
#include <ganymede/ganymede.h>
#include <stdio.h>
int main(void) { return printf("%s %s\n", GM_VERSION, gm_version()) < 0; }
"""


@unittest.skipUnless(shutil.which("meson"), "needs meson")
class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = pathlib.Path(tempfile.mkdtemp(prefix="ganymede-"))
        cls.addClassCleanup(shutil.rmtree, cls.root, ignore_errors=True)
        subprocess.run(["meson", "install", "-C", os.environ["BUILD"], "--no-rebuild", "--destdir", cls.root],
                       check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        cls.files = {path.name: path for path in cls.root.rglob("*")}

    def test_all_parts_are_there(self):
        headers = sorted(path.name for path in (ROOT / "include" / "ganymede").glob("*.h"))
        installed = sorted(path.name for path in self.files["ganymede.h"].parent.glob("*.h"))
        self.assertEqual(installed, headers)
        for name in "ganymede.pc", "checkkernels":
            self.assertIn(name, self.files)
        self.assertTrue(any(path.name == "ganymede" and path.parent.name == "bin" for path in self.root.rglob("*")))

    @unittest.skipUnless(sys.platform.startswith("linux") and shutil.which("pkg-config"), "needs pkg-config")
    @unittest.skipUnless(os.environ["SANITIZE"] == "none", "a sanitized library does not link to a plain program")
    def test_programs_build_by_pkg_config(self):
        environment = {**os.environ, "PKG_CONFIG_SYSROOT_DIR": str(self.root),
                       "PKG_CONFIG_PATH": str(self.files["ganymede.pc"].parent)}
        flags = subprocess.run(["pkg-config", "--cflags", "--libs", "ganymede"], env=environment, check=True,
                               capture_output=True, text=True).stdout.split()
        source, program = self.root / "program.c", self.root / "program"
        source.write_text(PROGRAM)
        for each in [*sorted((ROOT / "samples").glob("*.c")), source]:
            with self.subTest(source=each.name):
                subprocess.run(["cc", "-std=c11", *WARNINGS, "-o", program, each, *flags], check=True)
        library = self.files["libganymede.so"].parent
        done = subprocess.run([program], env={**os.environ, "LD_LIBRARY_PATH": str(library)}, check=True,
                              capture_output=True, text=True)
        defined, linked = done.stdout.split()
        self.assertEqual(defined, linked)


if __name__ == "__main__":
    unittest.main()
