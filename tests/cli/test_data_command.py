"""`ganymede data`: what it says of folders, archives, arrays and tables, which files it finds damaged, what it converts."""
import json
import shutil
import struct
import subprocess
import unittest
import zipfile

from command import CommandTest, read_png, write_png

try:
    from PIL import Image
except ImportError:
    Image = None

KINDS = "c", '"a,b"', '"a,b"'


def grey(height, width, seed):
    return [bytes((seed * 37 + 11 * y + 5 * x) % 256 for x in range(width)) for y in range(height)]


def npy(shape, descr, values):
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {tuple(shape)}, }}"
    header += " " * (63 - (len(header) + 10) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + bytes(values)


class Stream:
    """A file that cannot be gone back in: the sizes of an archive's entries then stand behind them."""
    def __init__(self, file):
        self.write, self.flush = file.write, file.flush


class Data(CommandTest):
    def put(self, name, height=6, width=5, seed=0):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_png(path, grey(height, width, seed))
        return path

    def put_classes(self):
        for k, name in enumerate(("cats", "dogs")):
            for i in range(3 + k):
                self.put(f"pets/{name}/{i}.png", seed=10 * k + i)

    def report(self, *arguments, code=0):
        out, err = self.ganymede("data", *arguments, "--json", code=code)
        self.assertEqual(err.count("\n"), code)
        self.assertEqual(out.count("\n"), 1)
        return json.loads(out)

    def lines(self, *arguments, code=0):
        """The report as {first word: the rest of its line}."""
        out, _ = self.ganymede("data", *arguments, code=code)
        return {line[:12].strip(): line[14:] for line in out.splitlines() if not line.startswith("  ")}

    def test_pictures_of_one_size(self):
        self.put_classes()
        found = self.report("pets")
        self.assertEqual(found["format"], "pictures")
        self.assertEqual((found["count"], found["damaged"], found["duplicates"]), (7, 0, 0))
        self.assertEqual(found["formats"], [{"name": "PNG", "count": 7}])
        self.assertEqual(found["sizes"], [{"height": 6, "width": 5, "count": 7}])
        self.assertEqual(found["classes"], [{"name": "cats", "count": 3}, {"name": "dogs", "count": 4}])
        self.assertEqual((found["shape"], found["refusal"]), ([1, 6, 5], None))
        values = [value for k in range(2) for i in range(3 + k) for row in grey(6, 5, 10 * k + i) for value in row]
        self.assertEqual(found["values"], [{"bits": 8, "channels": 1, "alpha": False, "count": 7, "not_finite": 0,
                                            "range": [[min(values), max(values)]]}])
        lines = self.lines("pets", "--size", "8x4", "--channels", "3")
        self.assertEqual(lines["format"], "folder of pictures: 7 PNG")
        self.assertEqual(lines["size"], "6 x 5 (height x width)")
        self.assertEqual(lines["classes"], "2, of 3 to 4 items")
        self.assertRegex(lines["networks see"], r"^3 x 8 x 4 \(channels x height x width\)")

    def test_lists_with_labels(self):
        self.put_classes()
        (self.folder / "list.csv").write_text("file,label\npets/cats/0.png,old\npets/dogs/0.png,new\npets/dogs/1.png,new\n")
        found = self.report("list.csv")
        self.assertEqual(found["classes"], [{"name": "new", "count": 2}, {"name": "old", "count": 1}])
        self.assertEqual(self.lines("list.csv")["format"], "paths of pictures with labels: 3 PNG")

    def test_sizes_that_differ(self):
        for i in range(12):
            self.put(f"mixed/{i}.png", height=8 + 3 * i, width=40, seed=i)
        self.put("mixed/last.png", height=8, width=40, seed=50)
        found = self.report("mixed")
        self.assertEqual(found["sizes"][0], {"height": 8, "width": 40, "count": 2})
        self.assertEqual(len(found["sizes"]), 12)
        self.assertIsNone(found["shape"])
        self.assertIn("give --size", found["refusal"])
        out, _ = self.ganymede("data", "mixed")
        self.assertIn("12 different ones, 8 x 40 to 41 x 40", out)
        self.assertRegex(out, r"\n  8 to 15 +4  #+\n  16 to 31 +5  #{40}\n  32 to 63 +4  #+\n")
        self.assertIn("networks see  nothing yet: mixed/", out)
        self.assertEqual(self.report("mixed", "--size", "16", "--fit", "crop")["shape"], [1, 16, 16])

    def test_what_networks_cannot_see_is_a_failure(self):
        (self.folder / "t.csv").write_text("a,b\n1,x\n2,y\n")
        (self.folder / "gone.txt").write_text("x.png\ny.png\n")
        self.put("sound/1.png")
        (self.folder / "sound/2.png").write_bytes(b"")
        for words, says in ((("t.csv", "--size", "8"), "t.csv: is a file of CSV, and --size is for images: leave it out"),
                            (("t.csv", "--fit", "crop"), "and --fit is for images"),
                            (("t.csv", "--channels", "1"), "and --channels is for images"),
                            (("gone.txt",), "x.png: cannot be opened"), (("sound",), "sound/2.png: is empty")):
            self.refused("data", *words, code=1, says=says)
            found = self.report(*words, code=1)
            self.assertIsNone(found["shape"])
            self.assertIn(says, found["refusal"])
            self.assertEqual(self.lines(*words, code=1)["networks see"], "nothing")

    def test_duplicates_are_of_items_not_files(self):
        for i in range(5):
            self.put(f"twice/{i}.png", seed=i % 2)
        write_png(self.folder / "twice/tall.png", [bytes([9] * 5)] * 6)
        write_png(self.folder / "twice/wide.png", [bytes([9] * 6)] * 5)  # the same bytes
        self.assertEqual(self.report("twice")["duplicates"], 3)

    def test_damaged_files_are_listed_in_one_go(self):
        self.put_classes()
        out, _ = self.ganymede("data", "pets", "--check")
        self.assertEqual(out, "pets: nothing is damaged\n")
        whole = self.put("pets/cats/half.png", 40, 40).read_bytes()
        (self.folder / "pets/cats/half.png").write_bytes(whole[:len(whole) // 2])
        (self.folder / "pets/dogs/empty.png").write_bytes(b"")
        (self.folder / "pets/dogs/text.jpg").write_text("no picture")
        (self.folder / "pets/notes.txt").write_text("no picture, nor called so")
        out, err = self.ganymede("data", "pets", "--check", code=1)
        self.assertEqual(err, "")
        self.assertEqual([line.split(":")[0] for line in out.splitlines()],
                         ["pets/cats/half.png", "pets/dogs/empty.png", "pets/dogs/text.jpg"])
        found = self.report("pets", code=1)
        self.assertEqual((found["count"], found["damaged"]), (7, 3))
        self.assertRegex(self.lines("pets", code=1)["damaged"], r"^3 files, which 'ganymede data pets --check' lists")

    def test_damaged_files_can_be_left_out_of_what_is_written(self):
        for i in range(204):
            self.put(f"many/{'ab'[i % 2]}/{i:03}.png", seed=i)
        whole = (self.folder / "many/a/000.png").read_bytes()
        (self.folder / "many/a/100.png").write_bytes(whole[:len(whole) // 2])  # after a sound header
        (self.folder / "many/b/203.png").write_bytes(b"")
        self.refused("data", "many", "-o", "out.zip", code=1, says="many/")
        for name in "out.npz", "out.zip", "out":
            out, err = self.ganymede("data", "many", "-o", name, "--damaged", "skip")
            self.assertRegex(err, r"^ganymede: warning: many: 2 of 204 pictures are damaged and left out; many/\S+: .*\n$")
            found = self.report(name)
            self.assertEqual((found["count"], found["damaged"]), (202, 0))
            self.assertEqual([row["count"] for row in found["classes"]], [101, 101])
        self.assertEqual(self.items("out"), self.items("out.npz"))
        (self.folder / "many/a/100.png").unlink()
        (self.folder / "many/b/203.png").unlink()
        self.assertEqual(self.items("out"), self.items("many"))
        (self.folder / "many/a/100.png").write_bytes(whole[:len(whole) // 2])
        for i in range(3, 6):
            (self.folder / f"many/{'ab'[i % 2]}/00{i}.png").write_bytes(b"")
        self.refused("data", "many", "-o", "more.npz", "--damaged", "skip", code=1, says="more than 1 %")
        self.refused("data", "many", "--damaged", "skip", code=1, says="more than 1 %")

    @unittest.skipIf(Image is None, "needs Pillow")
    def test_damaged_files_of_every_format(self):
        (self.folder / "f").mkdir()
        names = ["a.bmp", "a.jpg", "a.png", "a.ppm", "a.tif", "a.webp"]
        picture = Image.frombytes("RGB", (40, 30), bytes((7 * i * i) % 256 for i in range(3600)))
        for name in names:
            picture.save(self.folder / "f" / name)
        self.assertEqual({row["name"] for row in self.report("f")["formats"]},
                         {"BMP", "JPEG", "PNG", "PNM", "TIFF", "WebP"})
        self.ganymede("data", "f", "--check")
        for name in names:
            path = self.folder / "f" / name
            path.write_bytes(path.read_bytes()[:path.stat().st_size // 2])
        out, _ = self.ganymede("data", "f", "--check", code=1)
        self.assertEqual([line.split(":")[0] for line in out.splitlines()], [f"f/{name}" for name in names])
        found = self.report("f")
        self.assertEqual((found["count"], found["damaged"]), (0, 6))
        self.assertEqual(sorted(self.lines("f")), ["damaged", "format", "items", "networks see", "source"])

    def test_pictures_are_listed_and_not_looked_up_one_by_one(self):  # there may be a million
        (self.folder / "flat").mkdir()
        for i in range(3):
            write_png(self.folder / "flat" / f"{i}.png", [bytes(4)] * 4)
        self.ganymede("data", "flat", env=self.shim("flat", SHIM_LOOKS="looks"))
        looks = (self.folder / "looks").read_text()
        self.assertIn("look flat/train-images-idx3-ubyte\n", looks)
        self.assertNotIn(".png", looks)

    @unittest.skipIf(Image is None, "needs Pillow")
    def test_depths_and_opacity(self):
        (self.folder / "f").mkdir()
        Image.frombytes("RGBA", (2, 1), bytes([1, 2, 3, 255, 9, 8, 7, 0])).save(self.folder / "f/a.png")
        Image.frombytes("I;16", (2, 1), struct.pack("<HH", 300, 65000)).save(self.folder / "f/b.png")
        values = {(row["bits"], row["channels"]): row for row in self.report("f")["values"]}
        self.assertEqual(values[8, 4]["range"], [[1, 9], [2, 8], [3, 7], [0, 255]])
        self.assertTrue(values[8, 4]["alpha"])
        self.assertEqual(values[16, 1]["range"], [[300, 65000]])

    @unittest.skipIf(Image is None, "needs Pillow")
    def test_files_of_several_pictures_count_once(self):
        (self.folder / "f").mkdir()
        pages = [Image.new("L", (4, 4), grey) for grey in (10, 20, 30)]
        pages[0].save(self.folder / "f/a.tif", save_all=True, append_images=pages[1:])
        pages[0].save(self.folder / "f/b.tif")
        found = self.report("f")
        self.assertEqual((found["count"], found["several_pages"], found["duplicates"]), (2, 1, 1))
        self.assertRegex(self.lines("f")["pages"], "^1 file has several pictures")

    def test_arrays(self):
        nan = float("nan")
        (self.folder / "a.npy").write_bytes(npy((3, 2), "<f4", struct.pack("<6f", 1, -2, nan, .5, 1, -2)))
        found = self.report("a.npy")
        self.assertEqual(found["values"], [{"bits": 32, "channels": 2, "alpha": False, "count": 3, "not_finite": 1,
                                            "range": [[1, 1], [-2, .5]]}])
        self.assertEqual((found["duplicates"], found["shape"], found["format"]), (1, [2, 1, 1], "NPY"))
        self.assertIn("1 not finite", self.lines("a.npy")["values"])
        for shape, place in (((2, 4, 5, 3), "last"), ((2, 3, 4, 5), "first")):
            (self.folder / "a.npy").write_bytes(npy(shape, "|u1", range(120)))
            self.assertIn(f"NPY, channels {place} (", self.lines("a.npy")["format"])
            self.assertEqual(self.lines("a.npy")["size"].split(" (")[0], "4 x 5")
        (self.folder / "a.npy").write_bytes(b"\x93NUMPY\x01")
        self.refused("data", "a.npy", code=1, says="a.npy: ")
        out, _ = self.ganymede("data", "a.npy", "--check", code=1)
        self.assertRegex(out, r"^a\.npy: .*\n$")

    def test_what_is_no_data_set(self):
        (self.folder / "empty").mkdir()
        self.put("one.png")
        self.refused("data", "empty", code=1, says="empty: holds no pictures")
        self.refused("data", "one.png", code=1, says="give the folder that it lies in")
        self.refused("data", "nowhere", code=1, says="nowhere: is neither a file or folder nor")

    def test_names_and_splits(self):
        found = self.report("ring8", "--split", "test")
        self.assertEqual((found["format"], found["count"], found["shape"]), (None, 2500, [2, 1, 1]))
        self.put("both/train/a/0.png")
        for i in range(2):
            self.put(f"both/test/a/{i}.png", seed=i)
        self.assertEqual(self.report("both")["count"], 1)
        found = self.report("both", "--split", "test")
        self.assertEqual((found["count"], found["split"]), (2, "test"))
        self.assertEqual(self.lines("both")["split"], "train (see --split)")
        self.assertEqual(self.lines("ring8", "--split", "test")["split"], "test (see --split)")
        self.assertEqual(self.report("images")["split"], "train")
        self.assertIsNone(self.report("both/train")["split"])
        self.assertNotIn("split", self.lines("both/train"))
        with zipfile.ZipFile(self.folder / "parts.npz", "w") as archive:
            archive.writestr("x_train.npy", npy((2, 1, 3), "|u1", range(6)))
            archive.writestr("x_test.npy", npy((1, 1, 3), "|u1", range(3)))
        found = self.report("parts.npz", "--split", "test")
        self.assertEqual((found["count"], found["split"]), (1, "test"))

    def test_picture_of_random_items(self):
        for i in range(9):
            write_png(self.folder / f"images/{i}.png", [bytes([20 + i] * 3)] * 3)
        (self.folder / "images/train-images-idx3-ubyte").unlink()
        out, _ = self.ganymede("data", "images", "--picture", "a.png")
        self.assertEqual(out, "a.png\n")
        _, _, rows = read_png(self.folder / "a.png")
        self.assertEqual({value for row in rows for value in row} - {255}, set(range(20, 29)))
        self.ganymede("data", "images", "--picture", "b.png", "--seed", "1")
        self.ganymede("data", "images", "--picture", "c.png", "--seed", "0")
        read = {name: (self.folder / name).read_bytes() for name in ("a.png", "b.png", "c.png")}
        self.assertEqual(read["a.png"], read["c.png"])
        self.assertNotEqual(read["a.png"], read["b.png"])
        self.ganymede("data", "ring8", "--picture", "ring.png")

    def items(self, source, *options):
        """The items and labels as they are trained on."""
        self.ganymede("data", source, "-o", "items.npz", *options)
        with zipfile.ZipFile(self.folder / "items.npz") as archive:
            return {name: archive.read(name) for name in archive.namelist()}

    def test_archives_of_other_programs(self):
        self.put_classes()
        wanted = self.items("pets")
        pictures = sorted((self.folder / "pets").rglob("*.png"))

        def written(stream, separator="/", **how):
            with zipfile.ZipFile(stream, "w", **how) as archive:
                for path in pictures:
                    name = separator.join(path.relative_to(self.folder / "pets").parts)
                    with archive.open(name, "w", force_zip64=True) as entry:
                        entry.write(path.read_bytes())

        written(self.folder / "wide.zip")
        written(self.folder / "windows.zip", separator="\\", compression=zipfile.ZIP_DEFLATED)
        with open(self.folder / "stream.zip", "wb") as file:
            written(Stream(file), compression=zipfile.ZIP_DEFLATED)
        made = ["wide.zip", "windows.zip", "stream.zip"]
        for level in ("-0", "-9") if shutil.which("zip") else ():
            made.append(f"zip{level}.zip")
            subprocess.run(["zip", "-qr", level, self.folder / made[-1], "."], cwd=self.folder / "pets", check=True)
        for name in made:
            self.assertEqual(self.items(name), wanted, name)
        with zipfile.ZipFile(self.folder / "lzma.zip", "w", zipfile.ZIP_LZMA) as archive:
            archive.write(pictures[0], "1.png")
        self.refused("data", "lzma.zip", "-o", "x", code=1,
                     says="lzma.zip/1.png: is packed by method 14; stored and deflated entries are read")

    def test_archives_that_unpack_themselves(self):
        self.put_classes()
        wanted = self.items("pets")
        self.ganymede("data", "pets", "-o", "a.zip")
        plain = (self.folder / "a.zip").read_bytes()
        end = plain.rindex(b"PK\5\6")
        count, length, begin = struct.unpack("<10xHII", plain[end:end + 20])
        wide = struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, length, begin)
        wide += struct.pack("<4sIQI", b"PK\6\7", 0, end, 1)
        archives = plain, plain[:end] + wide + plain[end:]
        for archive in archives:
            (self.folder / "b.zip").write_bytes(archive)
            self.assertEqual(self.items("b.zip"), wanted)
            for front in b"#!/bin/sh\nexit 0\n", b"MZ" + bytes(5000), b"\x7fELF" + bytes(100000):
                (self.folder / "b.run").write_bytes(front + archive)
                with zipfile.ZipFile(self.folder / "b.run") as opened:
                    self.assertIsNone(opened.testzip())
                self.assertEqual(self.items("b.run"), wanted)
        (self.folder / "b.run").write_bytes(b"#!/bin/sh\nexit 0\n" + plain[:-30])
        self.refused("data", "b.run", code=1, says="b.run: ")

    def test_folders_of_classes_are_called_as_samples_are(self):
        for i, name in enumerate(("a%2Fb", "%74rain", "50%25", "50%20off", "%41")):
            self.put(f"odd/{name}/0.png", seed=i)
        self.assertEqual(sorted(row["name"] for row in self.report("odd")["classes"]),
                         sorted(["a/b", "train", "50%", "50%20off", "%41"]))

    def test_other_programs_read_archives(self):
        self.put_classes()
        self.ganymede("data", "pets", "-o", "pets.zip")
        with zipfile.ZipFile(self.folder / "pets.zip") as archive:
            self.assertIsNone(archive.testzip())
            self.assertEqual(len(archive.namelist()), 8)
        if shutil.which("unzip"):
            subprocess.run(["unzip", "-tqq", self.folder / "pets.zip"], check=True)

    def test_conversions_keep_every_item(self):
        self.put_classes()
        wanted = self.items("pets")
        self.assertEqual(sorted(wanted), ["class_names.npy", "x.npy", "y.npy"])
        for source, to in (("pets", "a.zip"), ("a.zip", "b.npz"), ("b.npz", "c"), ("c", "d.npz"), ("d.npz", "e.zip")):
            out, _ = self.ganymede("data", source, "-o", to)
            self.assertEqual(out, f"{to}\n")
            self.assertEqual(self.items(to), wanted, to)
        self.ganymede("data", "c", "-o", "f.npy")
        self.assertEqual(self.items("f.npy")["x.npy"], wanted["x.npy"])
        self.assertEqual(self.items("f.npy")["y.npy"], wanted["y.npy"])
        self.refused("data", "pets", "-o", "c", code=1, says="c: is not empty (it holds 0")
        (self.folder / "empty").mkdir()
        self.ganymede("data", "pets", "-o", "empty")
        self.assertEqual(self.items("empty"), wanted)
        self.refused("data", "pets", "-o", "x.csv", code=1, says="pets is no table")

    def test_class_names_of_numpy(self):
        names = ["w", "größe", "\U0001f431x"]
        def write(kind, texts):
            with zipfile.ZipFile(self.folder / "n.npz", "w") as archive:
                archive.writestr("x.npy", npy((3, 1, 3), "|u1", range(9)))
                archive.writestr("y.npy", npy((3,), "|u1", [0, 1, 2]))
                archive.writestr("class_names.npy", npy((3,), kind, b"".join(texts)))
        for kind, code, width in ("<U5", "utf-32-le", 20), (">U5", "utf-32-be", 20), ("|S7", "utf-8", 7):
            write(kind, [name.encode(code).ljust(width, b"\0") for name in names])
            self.assertEqual([c["name"] for c in self.report("n.npz")["classes"]], names, kind)
        write("<U1", [struct.pack("<I", 0xd800)] * 3)
        self.refused("data", "n.npz", code=1, says="n.npz/class_names.npy: is damaged: 0xd800 is no character")
        write("<U1", [b"w\0\0\0"] * 2)
        self.refused("data", "n.npz", code=1, says="class_names.npy: is damaged: 8 bytes are not 3 texts of 1")
        write("<f4", [b"w\0\0\0"] * 3)
        self.refused("data", "n.npz", code=1, says="class_names.npy: is no array of texts (NumPy's types U and S)")

    def test_sources_are_not_written_over(self):
        self.put_classes()
        self.ganymede("data", "pets", "-o", "a.zip")
        self.ganymede("data", "pets", "-o", "x.npy")
        (self.folder / "t.csv").write_text(self.TABLE)
        (self.folder / "link.npz").symlink_to("a.zip")
        (self.folder / "pets/link.zip").symlink_to("../b.zip")
        kept = {path: path.read_bytes() for path in self.folder.rglob("*") if path.is_file()}
        for source, to in (("a.zip", "a.zip"), ("a.zip", "./pets/../a.zip"), ("a.zip", "link.npz"), ("x.npy", "x.npy"),
                           ("t.csv", "t.csv"), ("pets", "pets"), ("pets", "pets/"), ("pets", "pets/a.zip"),
                           ("pets", "pets/cats/new"), ("pets", "pets/cats/new/"), ("pets", "pets/link.zip"),
                           (".", "b.npz"), (".", str(self.folder / "pets/b.npz"))):
            with self.subTest(source=source, to=to):
                self.refused("data", source, "-o", to, code=1, says=f"{to}: is the source {source} or lies in it")
        self.assertEqual({path: path.read_bytes() for path in self.folder.rglob("*") if path.is_file()}, kept)
        self.ganymede("data", "pets", "-o", "pets2")  # its name alone begins alike
        self.ganymede("data", "pets/cats", "-o", "pets/c.zip")

    def test_what_is_read_with_a_source_stays_too(self):
        self.put_classes()
        self.ganymede("data", "pets", "-o", "x.npy")  # and x_labels.npy
        (self.folder / "list.txt").write_text("pets/cats/0.png,cats\npets/cats/1.png,cats\n")
        kept = {path: path.read_bytes() for path in self.folder.rglob("*") if path.is_file()}
        self.refused("data", "x.npy", "-o", "x_labels.npy", code=1, says="x_labels.npy: is read with the source x.npy")
        self.refused("data", "list.txt", "--picture", "pets/cats/1.png", code=1,
                     says="pets/cats/1.png: is read with the source list.txt")
        self.assertEqual(kept, {path: path.read_bytes() for path in self.folder.rglob("*") if path.is_file()})

    def test_pictures_are_not_drawn_into_their_source(self):
        self.put_classes()
        self.ganymede("data", "pets", "-o", "a.zip")
        (self.folder / "a.zip").rename(self.folder / "a.png")
        kept = {path: path.read_bytes() for path in self.folder.rglob("*") if path.is_file()}
        for source, to in ("a.png", "a.png"), ("pets", "pets/cats/0.png"), ("pets", "pets/new.png"), ("pets", "./pets/x.jpg"):
            self.refused("data", source, "--picture", to, code=1, says="is the source")
        self.assertEqual({path: path.read_bytes() for path in self.folder.rglob("*") if path.is_file()}, kept)
        self.ganymede("data", "a.png", "--picture", "b.png")

    def test_floats_are_folders_of_tiff(self):
        values = [(i * 37 % 101) / 7 - 5 for i in range(3 * 2 * 5 * 4)]
        (self.folder / "x.npy").write_bytes(npy((3, 2, 5, 4), "<f4", struct.pack("<120f", *values)))
        process = self.start("data", "x.npy", "-o", "floats")
        _, err = process.communicate(timeout=300)
        if "libtiff" in err:
            self.skipTest("needs libtiff")
        self.assertEqual((process.returncode, err), (0, ""))
        self.assertEqual(sorted(path.name for path in (self.folder / "floats").iterdir()),
                         ["00000000.tiff", "00000001.tiff", "00000002.tiff"])
        self.ganymede("data", "floats", "-o", "y.npy")
        self.assertEqual((self.folder / "y.npy").read_bytes()[-480:], (self.folder / "x.npy").read_bytes()[-480:])
        self.assertEqual(self.report("x.npy", "--size", "10x2", "--fit", "resize")["shape"], [2, 10, 2])

    def test_classes_that_get_other_numbers_are_told(self):
        def text(names):
            return b"".join(name.encode().ljust(3, b"\0") for name in names)
        for names, told in ((["cat", "ant"], True), (["ant", "cat"], False), (["0", "1"], False), (["3", "7"], True)):
            with zipfile.ZipFile(self.folder / "a.npz", "w") as archive:
                archive.writestr("x.npy", npy((2, 1, 3), "|u1", range(6)))
                archive.writestr("y.npy", npy((2,), "|u1", [0, 1]))
                archive.writestr("class_names.npy", npy((2,), "|S3", text(names)))
            (self.folder / "a.zip").unlink(missing_ok=True)
            _, err = self.ganymede("data", "a.npz", "-o", "a.zip")
            self.assertEqual("a.zip: its classes have other numbers than in a.npz" in err, told, err)

    def test_conversions_fit(self):
        for i in range(4):
            self.put(f"mixed/{i}.png", height=8 + i, width=9, seed=i)
        self.refused("data", "mixed", "-o", "a.zip", code=1, says="give --size")
        self.assertFalse((self.folder / "a.zip").exists())
        self.ganymede("data", "mixed", "-o", "a.zip", "--size", "4x6", "--fit", "resize", "--channels", "3")
        self.assertEqual(self.report("a.zip")["shape"], [3, 4, 6])
        self.assertEqual(self.items("a.zip"), self.items("mixed", "--size", "4x6", "--fit", "resize", "--channels", "3"))

    TABLE = ",price,when,kind\n" + "".join(
        f"{i},{'' if i % 10 == 3 else f'{i}.50'},2021-03-{1 + i % 9:02},{KINDS[i % 3]}\n" for i in range(40))

    def test_tables(self):
        (self.folder / "t.csv").write_text(self.TABLE)
        out, err = self.ganymede("data", "t.csv")
        self.assertEqual(err.count("\n"), 1, err)  # said once
        self.assertIn("format        table: commas between columns, decimal points, a header\n", out)
        self.assertIn("missing       4 of 160 cells\n", out)
        for line in (r"\(no name\) +index +0  ", r"price +number +4  0.5 to 39.5", r"when +date +0  2021-03-01 to 2021-03-09",
                     r"kind +category +0  2: a,b, c"):
            self.assertRegex(out, rf"(?m)^  {line}")
        found = json.loads(self.ganymede("data", "t.csv", "--json")[0])
        self.assertEqual([(c["name"], c["type"], c["missing"]) for c in found["columns"]],
                         [("", "index", 0), ("price", "number", 4), ("when", "date", 0), ("kind", "category", 0)])
        self.assertEqual((found["count"], found["shape"]), (40, [5, 1, 1]))
        schema, _ = self.ganymede("data", "t.csv", "--schema")
        self.assertRegex(schema, r"\n  price: \{type: number, ")
        self.refused("data", "ring8", "--schema", code=1, says="ring8: is no table: --schema is for tables")
        self.refused("data", "nothing", "--schema", code=1, says="nothing: is neither a file or folder nor")
        self.ganymede("data", "t.csv", "--picture", "t.png")

    def test_a_column_of_words_is_a_table_by_its_name(self):
        text = "colour\n" + "red\nblue\nred\n" * 4
        (self.folder / "w.csv").write_text(text)
        found = self.report("w.csv")
        self.assertEqual((found["count"], found["columns"][0]["name"], found["columns"][0]["type"]), (12, "colour", "category"))
        self.ganymede("data", "w.csv", "-o", "w.tsv")
        self.assertEqual((self.folder / "w.tsv").read_text(), text)
        (self.folder / "w.txt").write_text(text)
        self.refused("data", "w.txt", code=1, says="w.txt: has 55 symbols in its training lines, fewer than the window of 64")

    def test_columns_that_tell_nothing_are_named_once(self):
        (self.folder / "c.csv").write_text("n,c,k,e,w\n1,3,a,,u\n2,3,a,,v\n4,3,a,,u\n")
        out, err = self.ganymede("data", "c.csv")
        self.assertEqual(err, "ganymede: warning: c.csv: 3 of its columns have one value alone or none, so that no "
                         "network sees them: 'c', 'k', 'e'\n")
        for line in r"n +integer +0  1 to 4", r"c +integer +0  always 3", r"k +category +0  always a", r"e +\w+ +3  none":
            self.assertRegex(out, rf"(?m)^  {line}$")
        (self.folder / "c.csv").write_text("n,c\n1,3\n2,3\n")  # a matrix, of which networks see all
        self.assertEqual(self.ganymede("data", "c.csv")[1], "")

    def test_tables_are_converted_to_tables(self):
        (self.folder / "t.csv").write_text(self.TABLE)
        self.ganymede("data", "t.csv", "-o", "t.tsv")
        self.assertEqual((self.folder / "t.tsv").read_text().splitlines()[1], "0\t0.50\t2021-03-01\tc")
        self.ganymede("data", "t.tsv", "-o", "again.csv")
        self.assertEqual((self.folder / "again.csv").read_text(), self.TABLE)
        (self.folder / "semi.csv").write_text("x;y\n1,5;a\n2,5;b\n3,5;a\n")
        self.ganymede("data", "semi.csv", "-o", "semi.tsv")
        self.assertEqual((self.folder / "semi.tsv").read_text(), "x\ty\n1.5\ta\n2.5\tb\n3.5\ta\n")
        _, err = self.ganymede("data", "t.csv", "-o", "t.npz", code=1)
        self.assertIn("t.csv is a table, no numbers alone", err)
        for words in (["--size", "8"], ["--channels", "1"], ["--fit", "crop"], ["--split", "test"]):
            says = "no test split" if words[0] == "--split" else f"t.csv: is a file of CSV, and {words[0]}"
            self.refused("data", "t.csv", "-o", "t.tsv", *words, code=1, says=says)

    def test_wrong_usage_says_what_was_expected(self):
        for arguments, says in [
            ([], "expected SRC"),
            (["a", "b"], "'b' is one argument too many"),
            (["a", "--size", "8x"], "--size expects H or HxW"),
            (["a", "--damaged", "keep"], "--damaged expects stop or skip"),
            (["a", "--check", "--damaged", "skip"], "--damaged are for the report and for writing"),
            (["a", "--check", "--size", "8"], "--size, --fit, --channels"),
            (["a", "--schema", "--channels", "1"], "leave them out of --check and --schema"),
            (["a", "--check", "--fit", "crop"], "leave them out of --check and --schema"),
            (["a", "--schema", "--split", "test"], "--split is not for tables"),
            (["a", "--size", "0"], "--size expects H or HxW"),
            (["a", "--size", "5000"], "--size expects H or HxW"),
            (["a", "--size", "4x4x4"], "--size expects H or HxW"),
            (["a", "--fit", "squeeze"], "--fit expects pad, resize or crop"),
            (["a", "--split", "validation"], "--split expects train or test"),
            (["a", "--channels", "0"], "--channels expects 1 to 4096"),
            (["a", "--check", "-o", "b.zip"], "exclude each other"),
            (["a", "--json", "--check"], "--json is of the report"),
            (["a", "--seed", "3"], "--picture names none"),
            (["a", "--picture", "b.exe"], "b.exe"),
            (["a", "--picture", "b.npy"], "--picture expects"),
            (["a", "-o", "b.tar"], "-o expects a name that ends in .zip, .npz"),
        ]:
            with self.subTest(arguments=arguments):
                self.refused("data", *arguments, code=2, says=says)


if __name__ == "__main__":
    unittest.main()
