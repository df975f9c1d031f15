"""Every public header compiles alone, as C and as C++, without a warning, and needs nothing but the C library."""
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = ROOT / "include"
HEADERS = sorted((INCLUDE / "ganymede").glob("*.h"))
FLAGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Werror", "-fsyntax-only", f"-I{INCLUDE}"]


class Headers(unittest.TestCase):
    def compile_each(self, compiler, suffix):
        for header in HEADERS:
            with self.subTest(header=header.name), tempfile.TemporaryDirectory() as folder:
                # Twice, so that a missing include guard shows.
                source = pathlib.Path(folder) / f"alone{suffix}"
                source.write_text(f'#include "ganymede/{header.name}"\n' * 2 + "int main(void) { return 0; }\n")
                done = subprocess.run([*compiler, *FLAGS, str(source)], capture_output=True, text=True)
                self.assertEqual(done.returncode, 0, done.stderr)

    def test_compile_alone_as_c(self):
        self.compile_each([os.environ.get("CC_C", "cc"), "-std=c11"], ".c")

    def test_compile_alone_as_cpp(self):
        self.compile_each([os.environ.get("CC_CPP", "c++"), "-std=c++11"], ".cpp")

    def test_umbrella_names_every_header(self):
        text = (INCLUDE / "ganymede" / "ganymede.h").read_text()
        for header in HEADERS:
            if header.name != "ganymede.h":
                self.assertIn(f'#include "ganymede/{header.name}"', text)

    def test_version_is_that_of_the_build(self):
        built = re.search(r"^project\(.*?version: '([\d.]+)'", (ROOT / "meson.build").read_text(), re.S).group(1)
        defined = dict(re.findall(r"#define (GM_VERSION\w*) +(\S+)", (INCLUDE / "ganymede" / "base.h").read_text()))
        self.assertEqual(defined["GM_VERSION"], f'"{built}"')
        parts = [defined[f"GM_VERSION_{part}"] for part in ("MAJOR", "MINOR", "PATCH")]
        self.assertEqual(".".join(parts), built)

    def test_do_not_show_opencl(self):
        for header in HEADERS:
            self.assertNotIn("CL/", header.read_text(), header.name)


if __name__ == "__main__":
    unittest.main()
