"""What the library exports is what symbols.txt lists, so that no change of the interface is an accident.

After a change on purpose: GANYMEDE_LIBRARY=BUILD/src/libganymede.so python3 tests/cli/test_symbols.py --update"""
import os
import pathlib
import shutil
import subprocess
import sys
import unittest

LIST = pathlib.Path(__file__).with_name("symbols.txt")


def exported():
    """Names that are not reserved: sanitizers and linkers add some that are."""
    lines = subprocess.run(["nm", "-D", "--defined-only", os.environ["GANYMEDE_LIBRARY"]], check=True,
                           capture_output=True, text=True).stdout.splitlines()
    return sorted(name for name in (line.split()[-1] for line in lines) if not name.startswith("_"))


@unittest.skipUnless(shutil.which("nm") and sys.platform.startswith("linux"), "looks into an ELF library with nm")
class Symbols(unittest.TestCase):
    def test_exported_symbols_are_those_listed(self):
        listed, found = set(LIST.read_text().split()), set(exported())
        self.assertEqual((sorted(found - listed), sorted(listed - found)), ([], []),
                         f"exported but not listed, listed but not exported; on purpose? {__doc__.splitlines()[-1]}")

    def test_exported_symbols_have_the_prefix(self):
        self.assertEqual([name for name in exported() if not name.startswith("gm_")], [])


if __name__ == "__main__":
    if sys.argv[1:] == ["--update"]:
        LIST.write_text("".join(f"{name}\n" for name in exported()))
    else:
        unittest.main()
