"""What the command reads and prints, whatever files are called and hold: no special files, no control characters."""
import json
import os
import struct
import unittest

from command import CommandTest

# What a terminal would obey: colours, a title, the 8-bit form of the same, a line feed, an override of direction.
HOSTILE = "a\x1b[31m\x1b]0;owned\x07\x9b2J\nb\u202e"
SHOWN = r"a\x1b[31m\x1b]0;owned\x07\u009b2J\nb\u202e"


def write_npy(path, rows, descr="<f4"):
    head = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': ({len(rows)}, {len(rows[0])}), }}\n".encode()
    values = b"".join(struct.pack("<f", value) for row in rows for value in row)
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head + values)


def write_safetensors(path, tensor, metadata):
    head = json.dumps({"__metadata__": metadata, tensor: {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    path.write_bytes(struct.pack("<Q", len(head)) + head + b"\0" * 4)


class Output(CommandTest):
    def assert_clean(self, text):
        bad = [c for c in text if c != "\n" and (ord(c) < 0x20 or 0x7f <= ord(c) <= 0x9f or "\u202a" <= c <= "\u202e"
                                                 or "\u2066" <= c <= "\u2069")]
        self.assertEqual(bad, [], ascii(text))

    def refused_clean(self, *arguments, says, code=1):
        self.assert_clean(self.refused(*arguments, code=code, says=says))

    def test_special_and_huge_files_are_refused_at_once(self):
        os.mkfifo(self.folder / "pipe")
        with open(self.folder / "huge", "wb") as file:
            file.truncate(1 << 33)
        for recipe, says in ("pipe", "a pipe"), ("/dev/zero", "a device"), (".", "a folder"), ("huge", "too large"):
            self.refused("train", recipe, code=1, says=[recipe, says])
        write_npy(self.folder / "points.npy", [(0, 1), (2, 3)])
        for data, says in ("pipe", "a pipe"), ("/dev/zero", "a device"):
            self.refused("train", "points.yaml", "--data", data, code=1, says=[data, says])
            self.refused("measure", "points.npy", data, code=1, says=[data, says])
        os.mkfifo(self.folder / "table.csv")
        self.refused("measure", "points.npy", "table.csv", code=1, says="a pipe")
        (self.folder / "pictures").mkdir()
        os.mkfifo(self.folder / "pictures" / "x.png")
        self.refused("train", "points.yaml", "--data", "pictures", code=1, says=["x.png", "a pipe"])

    def test_messages_show_control_characters_as_escapes(self):
        self.refused_clean(HOSTILE, code=2, says=SHOWN)
        self.refused_clean("train", HOSTILE + ".yaml", says=SHOWN)
        self.refused_clean("train", "tiny.yaml", "--steps", HOSTILE, code=2, says=SHOWN)
        self.refused_clean("bench", HOSTILE, code=2, says=SHOWN)
        self.refused_clean("sample", HOSTILE, says=SHOWN)

    def test_messages_show_what_files_hold_as_escapes(self):
        write_npy(self.folder / "points.npy", [(0, 1), (2, 3)])
        write_npy(self.folder / "bad.npy", [(0, 1), (2, 3)], descr="<\x1b[31m")
        self.refused_clean("measure", "points.npy", "bad.npy", says=r"\x1b[31m")
        # Behind the first bytes, by which a table is told.
        (self.folder / "bad.csv").write_text("a,b\n" + "1,2\n" * 2000 + "1,\x1b[31mx\n")
        self.refused_clean("measure", "points.npy", "bad.csv", says=r"\x1b[31mx")
        self.recipe.write_text('"\\e[31m\\nkey": 3\n')
        self.refused_clean("train", "tiny.yaml", says=r"\x1b[31m\nkey")
        write_safetensors(self.folder / "bad.safetensors", HOSTILE, {"format": HOSTILE})
        self.refused_clean("sample", "bad.safetensors", says="bad.safetensors")
        content = (self.folder / "bad.safetensors").read_bytes().replace(b"F32", b"F99")
        (self.folder / "bad.safetensors").write_bytes(content)
        self.refused_clean("sample", "bad.safetensors", says=SHOWN)

    def test_names_are_printed_as_escapes(self):
        rows = [(float(i % 7), float(i * i % 11)) for i in range(40)]
        write_npy(self.folder / f"{HOSTILE}.npy", rows)
        out, err = self.ganymede("measure", f"{HOSTILE}.npy", f"{HOSTILE}.npy", "--metrics", "frechet")
        self.assert_clean(out + err)
        self.assertIn(SHOWN + ".npy (40)", out)
        write_npy(self.folder / "b\u202e.npy", rows)
        out, err = self.ganymede("train", "points.yaml", "--data", "b\u202e.npy", "--dry-run")
        self.assert_clean(out + err)
        self.assertIn(r"data: b\u202e.npy", out)
        out, _ = self.ganymede("train", "points.yaml", "--data", "b\u202e.npy", "--json", "--out", HOSTILE)
        self.assert_clean(out)
        start = json.loads(out.splitlines()[0])
        self.assertEqual(start["data"], "b\u202e.npy")
        self.assertEqual(start["run"], HOSTILE)
        out, _ = self.ganymede("sample", HOSTILE, "--seeds", "0-3", "-o", f"{HOSTILE}.png")
        self.assertEqual(out, SHOWN + ".png\n")

    def test_other_letters_stay(self):
        self.refused("train", "Größe-日本-😀.yaml", code=1, says="Größe-日本-😀.yaml: cannot be opened")


class Places(CommandTest):
    """Where results go is looked at before any work: none of these runs is there."""

    COMMANDS = {  # -o of what kind, and the arguments
        "complete": ("folder", "run", "images/0.png", "--box", "0,0,2,2"),
        "translate": ("folder", "run", "images"),
        "project": ("folder", "run", "images"),
        "augment": ("both", "images", "--flip", "--with", "run"),
        "interpolate": ("both", "run", "--seeds", "1,2"),
        "sample": ("both", "run"),
        "directions": ("file", "run"),
        "saliency": ("file", "run", "images"),
    }

    def setUp(self):
        super().setUp()
        (self.folder / "full").mkdir()
        (self.folder / "full" / "x").touch()
        (self.folder / "dir.npy").mkdir()

    def test_what_stands_in_the_way_is_said_before_the_work(self):
        for command, (kind, *arguments) in self.COMMANDS.items():
            cases = []
            if kind != "file":
                cases += [("full", 1, "is not empty (it holds x): name another folder"), ("full/x/y", 1, "Not a directory")]
                cases += [("new.png", 2, "-o expects a folder, not 'new.png'")] if kind == "folder" else []
            if kind != "folder":
                cases += [("full/x/y.npy", 1, "Not a directory"), ("none/y.npy", 1, "none/y.npy: cannot be written: No such file"),
                          ("new.bmp", 2, "-o expects a name that ends in")]
            if kind == "file":
                cases += [("dir.npy", 1, "dir.npy: is a folder"), ("new", 2, "-o expects a name that ends in")]
            for out, code, says in cases:
                with self.subTest(command=command, out=out):
                    self.refused(command, *arguments, "-o", out, code=code, says=says)
        self.assertFalse((self.folder / "new").exists())

    @unittest.skipIf(os.geteuid() == 0, "root may write anywhere")
    def test_a_folder_that_takes_no_files_is_said(self):
        (self.folder / "full").chmod(0o555)
        self.refused("sample", "run", "-o", "full/new.png", code=1, says="full/new.png: cannot be written")

    def test_wrong_words_are_wrong_usage(self):
        for command, (_, *arguments) in self.COMMANDS.items():
            for option, word, says in (("--format", "bmp", "not 'bmp'"), ("--view", "upside", "not 'upside'"),
                                       ("--missing", "nocolour", "'nocolour' is no colour"), ("--depth", 7, "--depth expects"),
                                       ("--split", "half", "--split expects train or test")):
                help_text, _ = self.ganymede(command, "--help")
                if option + " " not in help_text:
                    continue
                if option == "--missing":
                    arguments = arguments[:2]
                with self.subTest(command=command, option=option):
                    self.refused(command, *arguments, "-o", "new" if command != "saliency" else "new.png", option, word,
                                 code=2, says=says)
        self.refused("complete", "run", "images/0.png", "-o", "new", "--format", "bmp", code=2,
                     says="--format expects png, tiff or webp, not 'bmp'")


if __name__ == "__main__":
    unittest.main()
