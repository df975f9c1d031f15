"""The files that `ganymede sample` writes: read back, by other tools where there are any, and trained on again."""
import os
import shutil
import struct
import subprocess
import unittest
import xml.dom.minidom
import zipfile
import zlib

from command import CommandTest, read_log, read_npy, read_png, write_png

LABELLED = """\
name: labelled
data: { source: classes, range: [0, 1], batch: 4 }
latent: { size: 3, distribution: uniform }
generator: [ { embed: { classes: 3, size: 2 } }, { dense: 240 }, sigmoid, { reshape: [1, 12, 20] } ]
discriminator: [ flatten, { dense: 8 }, { leaky_relu: 0.2 }, { projection: { classes: 3 } } ]
loss: non_saturating
optimizer: { generator: { adam: { rate: 1e-3 } }, discriminator: { adam: { rate: 1e-3 } } }
steps: 2
log: { every: 1, samples: 0, checkpoint: 2 }
"""

IMAGES = """\
name: images
data: { source: five.npy, range: [%(low)s, 1], batch: 4 }
latent: { size: 3, distribution: normal }
generator: [ { dense: %(values)d }, %(last)s, { reshape: [%(channels)d, %(height)d, %(width)d] } ]
discriminator: [ flatten, { dense: 8 }, { leaky_relu: 0.2 }, { dense: 1 } ]
loss: non_saturating
optimizer: { generator: { adam: { rate: 1e-2 } }, discriminator: { adam: { rate: 1e-3 } } }
steps: 10
log: { every: 5, samples: 10, checkpoint: 10 }
"""


def write_npy(path, shape, values):
    head = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {tuple(shape)}, }}\n".encode()
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head + struct.pack(f"<{len(values)}f", *values))


def needs(*tools):
    missing = [tool for tool in tools if not shutil.which(tool)]
    return unittest.skipIf(missing, f"there is no {' '.join(missing)}")


# ---- Readers ----

def png_chunks(path):
    content, at = path.read_bytes(), 8
    while at < len(content):
        length, kind = struct.unpack(">I4s", content[at:at + 8])
        data = content[at + 8:at + 8 + length]
        assert zlib.crc32(kind + data) == struct.unpack(">I", content[at + 8 + length:at + 12 + length])[0]
        yield kind, data
        at += 12 + length


def png_texts(path):
    """The iTXt chunks, not compressed."""
    parts = [data.split(b"\0", 1) for kind, data in png_chunks(path) if kind == b"iTXt"]
    return {key.decode(): rest[2:].split(b"\0", 2)[2].decode() for key, rest in parts}


def read_pnm(data):
    """(channels, height, width) and the values of a binary PGM or PPM."""
    kind, width, height, most = data.split(maxsplit=4)[:4]
    assert most == b"255"
    channels, at = {b"P5": 1, b"P6": 3}[kind], len(data) - int(width) * int(height) * {b"P5": 1, b"P6": 3}[kind]
    return (channels, int(height), int(width)), planes(data[at:], channels)


def planes(values, channels):
    """From channels side by side to one after the other."""
    return [v for c in range(channels) for v in values[c::channels]]


def read_tiff(path):
    """Of every page of a TIFF: (channels, height, width), values, bits, description. tiffcp unpacks it."""
    plain = path.with_suffix(".plain.tiff")
    subprocess.run(["tiffcp", "-c", "none", "-L", "-r", "100000", path, plain], check=True, stderr=subprocess.DEVNULL)
    content, pages = plain.read_bytes(), []
    at = struct.unpack("<I", content[4:8])[0]
    while at:
        count = struct.unpack("<H", content[at:at + 2])[0]
        tags = {}
        for i in range(count):
            tag, kind, length, value = struct.unpack("<HHI4s", content[at + 2 + 12 * i:at + 14 + 12 * i])
            size, letter = {2: (1, "s"), 3: (2, "H"), 4: (4, "I")}.get(kind, (8, "s"))
            data = value if size * length <= 4 else content[struct.unpack("<I", value)[0]:][:size * length]
            tags[tag] = data[:length] if letter == "s" else struct.unpack(f"<{length}{letter}", data[:size * length])
        width, height, channels, bits = tags[256][0], tags[257][0], tags.get(277, (1,))[0], tags[258][0]
        assert set(tags[258]) == {bits} and tags.get(339, (1,))[0] == (3 if bits == 32 else 1)
        start = tags[273][0]
        values = struct.unpack_from(f"<{width * height * channels}{ {8: 'B', 16: 'H', 32: 'f'}[bits] }", content, start)
        pages.append(((channels, height, width), planes(values, channels), bits, tags.get(270, b"").rstrip(b"\0").decode()))
        at = struct.unpack("<I", content[at + 2 + 12 * count:at + 6 + 12 * count])[0]
    return pages


def levels(values, low, high, most):
    """What values become in a picture."""
    return [int(max(0, min(most, (v - low) / (high - low) * most)) + .5) for v in values]


class ImageTest(CommandTest):
    def train(self, channels=1, height=12, width=20, last="sigmoid", low=0, **more):
        count = 16
        write_npy(self.folder / "five.npy", (count, channels, height, width),
                  [(i * i % 97) / 96 for i in range(count * channels * height * width)])
        (self.folder / "images.yaml").write_text(IMAGES % {"values": channels * height * width, "channels": channels,
                                                           "height": height, "width": width, "last": last, "low": low})
        self.ganymede("train", "images.yaml", "--out", "run", "--quiet", "--no-tune", *more.get("words", ()))

    def sample(self, *words, run="run"):
        for out in [words[i + 1] for i, word in enumerate(words) if word == "-o"]:
            for path in (self.folder / out).iterdir() if (self.folder / out).is_dir() else ():
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        return self.ganymede("sample", run, *words)[0]

    def array(self, *words):
        """The samples, one list each, as the .npy file has them."""
        self.sample(*words, "--npy", "truth.npy")
        shape, values = read_npy(self.folder / "truth.npy")
        size = len(values) // shape[0]
        return [values[i * size:(i + 1) * size] for i in range(shape[0])]


class Writers(ImageTest):
    # ---- One format each ----

    def test_png_of_8_bits(self):
        for channels in 1, 3:
            self.train(channels, last="tanh", low=-1)
            truth = self.array("--seeds", "3,70")
            self.sample("--seeds", "3,70", "-o", "out")
            for values, name in zip(truth, ("00000003.png", "00000070.png")):
                width, height, rows = read_png(self.folder / "out" / name)
                self.assertEqual((width, height), (20, 12))
                self.assertEqual(planes(b"".join(rows), channels), levels(values, -1, 1, 255))
            shutil.rmtree(self.folder / "run")

    def test_png_of_16_bits(self):
        self.train(1, last="tanh", low=-1)
        values = self.array("--seeds", "5")[0]
        self.sample("--seeds", "5", "-o", "deep", "--depth", "16")
        path = self.folder / "deep" / "00000005.png"
        head = [data for kind, data in png_chunks(path) if kind == b"IHDR"][0]
        self.assertEqual(struct.unpack(">IIBB", head[:10]), (20, 12, 16, 0))
        rows = zlib.decompress(b"".join(data for kind, data in png_chunks(path) if kind == b"IDAT"))
        self.assertEqual(len(rows), 12 * 41)
        if shutil.which("convert"):  # filters need undoing
            raw = subprocess.run(["convert", path, "-depth", "16", "-endian", "LSB", "gray:-"], check=True,
                                 capture_output=True).stdout
            self.assertEqual(list(struct.unpack("<240H", raw)), levels(values, -1, 1, 65535))

    @needs("djpeg")
    def test_jpeg_is_near_and_its_colours_are_whole(self):
        self.train(3)
        values = self.array("--seeds", "4")[0]
        worst = {}
        for quality in "100", "95", "30":
            self.sample("--seeds", "4", "-o", "out", "--format", "jpeg", *([] if quality == "95" else ["--quality", quality]))
            path = self.folder / "out" / "00000004.jpg"
            shape, pixels = read_pnm(subprocess.run(["djpeg", "-ppm", path], check=True, capture_output=True).stdout)
            self.assertEqual(shape, (3, 12, 20))
            worst[quality] = max(abs(a - b) for a, b in zip(pixels, levels(values, 0, 1, 255)))
            content = path.read_bytes()
            frame = content.index(b"\xff\xc0")
            self.assertEqual([content[frame + 11 + 3 * i] for i in range(3)], [0x11] * 3)  # 4:4:4
        self.assertLessEqual(worst["100"], 4)
        self.assertLess(worst["100"], worst["95"])
        self.assertLess(worst["95"], worst["30"])
        shutil.rmtree(self.folder / "run")
        self.train(1)
        self.sample("--seeds", "4", "-o", "grey.JPEG", "--quality", "100")
        shape, _ = read_pnm(subprocess.run(["djpeg", self.folder / "grey.JPEG"], check=True, capture_output=True).stdout)
        self.assertEqual(shape, (1, 12, 20))

    @needs("dwebp", "webpmux")
    def test_webp_is_lossless_and_may_be_animated(self):
        self.train(3)
        values = self.array("--seeds", "4")[0]
        self.sample("--seeds", "4", "-o", "out", "--format", "webp")
        path = self.folder / "out" / "00000004.webp"
        out = subprocess.run(["dwebp", path, "-ppm", "-o", "-"], check=True, capture_output=True).stdout
        self.assertEqual(read_pnm(out), ((3, 12, 20), levels(values, 0, 1, 255)))
        self.sample("--seeds", "0-4", "-o", "film.webp", "--frame-ms", "250")
        about = subprocess.run(["webpmux", "-info", self.folder / "film.webp"], check=True, capture_output=True,
                               text=True).stdout
        self.assertIn("Canvas size: 20 x 12", about)
        self.assertIn("Number of frames: 5", about)
        self.assertEqual([int(line.split()[6]) for line in about.splitlines() if line[:4].strip(" :").isdigit()], [250] * 5)
        try:
            from PIL import Image, ImageSequence
        except ImportError:
            return
        frames = [list(frame.convert("RGB").tobytes()) for frame in
                  ImageSequence.Iterator(Image.open(self.folder / "film.webp"))]
        for frame, values in zip(frames, self.array("--seeds", "0-4")):
            self.assertEqual(planes(frame, 3), levels(values, 0, 1, 255))

    @needs("tiffcp")
    def test_tiff_has_a_page_for_each_sample_with_all_channels(self):
        for channels in 1, 2, 3, 5:
            self.train(channels)
            truth = self.array("--seeds", "0-2")
            for depth, most in ("8", 255), (None, 65535), ("32", None):
                self.sample("--seeds", "0-2", "-o", "s.tif", *(["--depth", depth] if depth else []))
                pages = read_tiff(self.folder / "s.tif")
                self.assertEqual([page[0] for page in pages], [(channels, 12, 20)] * 3)
                for page, values in zip(pages, truth):
                    self.assertEqual(page[2], int(depth or 16))
                    self.assertEqual(page[1], levels(values, 0, 1, most) if most else list(values))
            shutil.rmtree(self.folder / "run")

    def test_npz_holds_samples_seeds_and_labels(self):
        self.train(5)
        self.sample("--seeds", "7,3", "-o", "s.npz", "--npy", "s.npy")
        with zipfile.ZipFile(self.folder / "s.npz") as archive:
            self.assertIsNone(archive.testzip())
            self.assertEqual(archive.namelist(), ["samples.npy", "seeds.npy", "recipe.npy", "step.npy"])
            self.assertEqual(archive.read("samples.npy"), (self.folder / "s.npy").read_bytes())
            self.assertIn(b"'<u8'", archive.read("seeds.npy"))
            self.assertEqual(archive.read("seeds.npy")[-16:], struct.pack("<2Q", 7, 3))
            self.assertEqual(archive.read("recipe.npy")[-6:], b"images")
        try:
            import numpy
        except ImportError:
            return
        with numpy.load(self.folder / "s.npz") as archive:
            self.assertEqual((archive["samples"].shape, archive["samples"].dtype), ((2, 5, 12, 20), numpy.float32))
            self.assertEqual((archive["step"].item(), archive["recipe"].item()), (10, b"images"))

    def test_csv_holds_points_exactly(self):
        self.ganymede("train", "points.yaml", "--out", "run", "--quiet")
        truth = self.array("--seeds", "0-9")
        self.sample("--seeds", "0-9", "-o", "s.csv")
        lines = (self.folder / "s.csv").read_text().splitlines()
        self.assertEqual(lines[0], "x0,x1")
        rows = [struct.unpack("<2f", struct.pack("<2f", *map(float, line.split(",")))) for line in lines[1:]]
        self.assertEqual(rows, truth)
        self.ganymede("measure", "s.csv", "s.csv", "--metrics", "frechet")
        self.sample("--seeds", "0-9", "-o", "s.jpg")
        self.sample("--seeds", "3", "-o", "points")
        self.assertEqual([p.name for p in (self.folder / "points").iterdir()], ["00000003.npy"])
        self.refused("sample", "run", "-o", "none", "--format", "png", code=1, says=["00000000.png", ".npy or .csv"])
        for out in "points", "points/":
            self.refused("sample", "run", "--seeds", "4", "-o", out, code=1,
                         says=["is not empty (it holds 00000003.npy): name another folder"])
        self.assertEqual([p.name for p in (self.folder / "points").iterdir()], ["00000003.npy"])
        (self.folder / "empty").mkdir()
        self.ganymede("sample", "run", "--seeds", "3", "-o", "empty")
        shutil.rmtree(self.folder / "run")
        self.train(1)
        self.refused("sample", "run", "-o", "s.csv", code=1, says=["s.csv", "not images"])

    # ---- Folders ----

    def test_a_sample_is_the_same_however_it_is_written(self):
        self.train(1)
        self.sample("--seeds", "0-99", "-o", "all")
        self.sample("--seeds", "70", "-o", "one/")
        self.assertEqual(len(list((self.folder / "all").iterdir())), 100)
        self.assertEqual((self.folder / "all/00000070.png").read_bytes(), (self.folder / "one/00000070.png").read_bytes())
        self.sample("--seeds", "0-99", "-o", "arrays", "--format", "npy")
        for seed, values in enumerate(self.array("--seeds", "0-99")):
            self.assertEqual(read_npy(self.folder / f"arrays/{seed:08}.npy"), ((1, 1, 12, 20), values))
        before = (self.folder / "one/00000070.png").read_bytes()
        (self.folder / "one/00000070.png").write_bytes(b"old")
        self.sample("--seeds", "70", "-o", "one")
        self.assertEqual((self.folder / "one/00000070.png").read_bytes(), before)
        (self.folder / "with.dot").mkdir()
        self.sample("--seeds", "1", "-o", "with.dot")
        self.assertEqual([p.name for p in (self.folder / "with.dot").iterdir()], ["00000001.png"])

    def write_classes(self):
        for label, name in enumerate("abc"):
            (self.folder / "classes" / name).mkdir(parents=True)
            for i in range(6):
                write_png(self.folder / "classes" / name / f"{i}.png",
                          [[(31 * i + 80 * label + x * y) % 256 for x in range(20)] for y in range(12)])
        (self.folder / "labelled.yaml").write_text(LABELLED)

    def test_a_conditional_folder_is_a_data_set_again(self):
        self.write_classes()
        self.ganymede("train", "labelled.yaml", "--out", "run", "--quiet")
        self.sample("--seeds", "0-8", "-o", "fake")
        self.assertEqual(sorted(str(p.relative_to(self.folder / "fake")) for p in (self.folder / "fake").rglob("*.png")),
                         [f"{'abc'[k]}/{seed:08}.png" for k in range(3) for seed in range(k, 9, 3)])
        self.assertEqual(png_texts(self.folder / "fake/c/00000005.png")["Class"], "c")
        out, _ = self.ganymede("train", "labelled.yaml", "--data", "fake", "--out", "again")
        self.assertIn("9 images of 1x12x20", out)
        for asked in "2", "c":
            self.sample("--seeds", "4", "--class", asked, "-o", f"third{asked}")
            self.assertEqual([str(p.relative_to(self.folder)) for p in (self.folder / f"third{asked}").rglob("*.png")],
                             [f"third{asked}/c/00000004.png"])
        self.sample("--seeds", "0-3", "-o", "s.npz")
        with zipfile.ZipFile(self.folder / "s.npz") as archive:
            self.assertEqual(archive.read("labels.npy")[-16:], struct.pack("<4i", 0, 1, 2, 0))
            self.assertEqual(archive.read("class_names.npy")[-3:], b"abc")
        for asked in "3", "d", "-1", "2x", "":
            self.refused("sample", "run", "--class", asked, "-o", "none", code=1,
                         says=f"class {asked} is not one of this generator's: a, b, c, or 0 to 2")
        self.assertFalse((self.folder / "none").exists())
        (self.folder / "classes/c").rename(self.folder / "gone")
        self.refused("train", "--resume", "run", "--steps", "4", code=1,
                     says="classes: has 2 classes, but had 3 when run began")

    def test_folders_have_the_names_of_classes(self):
        self.write_classes()
        names = {"a": "T-shirt/top", "b": "..", "c": "train"}
        lines = [f"{p.parent.name}/{p.name},{names[p.parent.name]}" for p in (self.folder / "classes").rglob("*.png")]
        (self.folder / "classes/labels.csv").write_text("\n".join(lines))
        (self.folder / "labelled.yaml").write_text(LABELLED)
        self.ganymede("train", "labelled.yaml", "--out", "run", "--quiet")
        self.sample("--seeds", "0-8", "-o", "fake")
        self.assertEqual(sorted(p.name for p in (self.folder / "fake").iterdir()), ["%2E.", "%74rain", "T-shirt%2Ftop"])
        self.sample("--seeds", "0", "--class", "T-shirt/top", "-o", "one")
        self.assertEqual([p.name for p in (self.folder / "one").iterdir()], ["T-shirt%2Ftop"])
        (self.folder / "classes").rename(self.folder / "before")
        (self.folder / "fake").rename(self.folder / "classes")
        self.refused("train", "--resume", "run", "--steps", "4", code=1,
                     says="classes: its class 1 is train, which was class 2 when run began")

    def test_classes_without_names_have_numbers(self):
        self.write_classes()
        lines = [f"{p.parent.name}/{p.name},{'abc'.index(p.parent.name) + 9}"
                 for p in (self.folder / "classes").rglob("*.png")]
        (self.folder / "classes/labels.csv").write_text("\n".join(lines))
        (self.folder / "labelled.yaml").write_text(LABELLED.replace("classes: 3", "classes: 12"))
        self.ganymede("train", "labelled.yaml", "--out", "run", "--quiet")
        self.sample("--seeds", "1,10", "-o", "fake")
        self.assertEqual(sorted(p.name for p in (self.folder / "fake").iterdir()), ["01", "10"])

    def test_of_a_sweep_each_seed_has_numbered_files(self):
        self.ganymede("train", "points.yaml", "--out", "run", "--quiet", "--set", "codes.categorical=[3]", "--set",
                      "discriminator=[dense: 8, relu, {head: {name: codes, layers: [dense: 3]}}, dense: 1]")
        self.sample("--seeds", "4,6", "--codes", "0..2", "--grid", "3x2", "-o", "swept", "--format", "csv")
        self.assertEqual(sorted(p.name for p in (self.folder / "swept").iterdir()),
                         [f"{seed:08}-{i}.csv" for seed in (4, 6) for i in range(3)])

    # ---- What files say of themselves ----

    def test_files_say_of_what_recipe_step_and_seed_they_are(self):
        self.train(1)
        self.sample("--seeds", "9", "-o", "out")
        self.assertEqual(png_texts(self.folder / "out/00000009.png"),
                         {"Software": "Ganymede 0.1.0", "Recipe": "images", "Step": "10", "Seed": "9"})
        notes = "Software: Ganymede 0.1.0\nRecipe: images\nStep: 10\nSeeds: 0-3,7-9,5"
        for name in "s.png", "s.jpg", "s.tiff", "s.webp":
            self.sample("--seeds", "0-3,7-9,5", "-o", name)
        self.assertEqual(png_texts(self.folder / "s.png")["Seeds"], "0-3,7-9,5")
        content = (self.folder / "s.jpg").read_bytes()
        at = content.index(b"\xff\xfe") + 2
        self.assertEqual(content[at + 2:at + struct.unpack(">H", content[at:at + 2])[0]].decode(), notes)
        if shutil.which("tiffcp"):
            self.assertEqual(read_tiff(self.folder / "s.tiff")[0][3], notes)
        content = (self.folder / "s.webp").read_bytes()
        at = content.index(b"XMP ") + 4
        packet = content[at + 4:at + 4 + struct.unpack("<I", content[at:at + 4])[0]]
        item = xml.dom.minidom.parseString(packet).getElementsByTagName("rdf:li")[0]
        self.assertEqual(item.firstChild.data, notes)

    # ---- Trouble ----

    def test_wrong_usage_says_what_was_expected(self):
        self.train(1)
        for words, says in ((("-o", "s.gif"), [".png, .jpg, .webp, .tiff, .npy, .npz, .csv, .tsv, .txt, .wav or .flac", "s.gif"]),
                            (("-o", "s.png", "--format", "png"), "--format"),
                            (("-o", "s", "--format", "gif"), "png, jpeg"),
                            (("-o", "s.jpg", "--quality", "0"), "1 to 100"),
                            (("-o", "s.jpg", "--quality", "101"), "1 to 100"),
                            (("-o", "s.png", "--channel", "0"), "from 1"),
                            (("-o", "s.png", "--frame-ms", "10"), "FILE.webp"),
                            (("-o", "s.webp", "--frame-ms", "10", "--grid", "8x8"), "--grid"),
                            (("-o", "s.csv", "--grid", "8x8"), "--grid is of a picture"),
                            (("-o", "s", "--grid", "8x8"), "--grid is of a picture"),
                            (("--npy", "s.npy", "--grid", "8x8"), "--grid is of a picture"),
                            (("-o", "s.webp", "--frame-ms", "0"), "--frame-ms expects 1"),
                            (("-o", "s.png", "--depth", "0"), "--depth expects 8"),
                            (("--npy", "s.png"), ".npy")):
            self.refused("sample", "run", *words, code=2, says=says)
        for words, says in ((("-o", "s.jpg", "--depth", "16"), ["JPEG holds", "16"]),
                            (("-o", "s.png", "--depth", "32"), ["PNG holds", "32"]),
                            (("-o", "s.png", "--channel", "2"), "no channel 2"),
                            (("-o", "s.png", "--quality", "90"), "s.png: PNG takes no quality, which is for JPEG"),
                            (("-o", "s", "--format", "webp", "--quality", "90"), "WebP takes no quality"),
                            (("-o", "s.npy", "--depth", "16"), "NPY takes no depth, which is for PNG, JPEG, WebP, TIFF"),
                            (("--npy", "s.npy", "--channel", "1"), "NPY takes no channel")):
            self.refused("sample", "run", *words, code=1, says=says)
        self.sample("-o", "both.jpg", "--quality", "90", "--npy", "both.npy", "--seeds", "0")
        self.assertEqual([p.name for p in self.folder.glob("s*")], [])

    def test_a_format_that_cannot_hold_the_channels_is_refused(self):
        self.train(5)
        for name in "png", "jpeg", "webp":
            self.refused("sample", "run", "-o", "out", "--format", name, code=1, says=["00000000.", "5 channels"])
        self.sample("--seeds", "0", "-o", "second", "--format", "png", "--channel", "2")
        width, height, rows = read_png(self.folder / "second/00000000.png")
        self.assertEqual(list(b"".join(rows)), levels(self.array("--seeds", "0")[0][240:480], 0, 1, 255))

    def test_a_full_disk_is_one_sentence_and_leaves_what_was_there(self):
        self.train(1)
        (self.folder / "full").mkdir()
        for name in "s.png", "s.jpg", "s.webp", "s.tiff", "s.npy", "s.npz":
            (self.folder / "full" / name).write_bytes(b"old")
            self.refused("sample", "run", "-o", f"full/{name}", code=1, says=[name, "No space left"],
                         env=self.shim("/full", SHIM_FULL="1"))
            self.assertEqual((self.folder / "full" / name).read_bytes(), b"old")
        self.assertEqual(len(list((self.folder / "full").iterdir())), 6)  # nothing else is left behind
        self.refused("sample", "run", "-o", "full/many", code=1, says=["00000000.png", "No space left"],
                     env=self.shim("/full", SHIM_FULL="1"))
        self.assertEqual(list((self.folder / "full/many").iterdir()), [])

    def test_folders_that_cannot_be_made_or_written_are_named(self):
        self.train(1)
        (self.folder / "file").write_text("")
        self.refused("sample", "run", "-o", "file/sub", code=1, says="file/sub")
        self.refused("sample", "run", "-o", "file", code=1, says=["file", "not a folder"])
        self.refused("sample", "run", "-o", "missing/s.tiff", code=1, says="missing/s.tiff")
        (self.folder / "closed").mkdir(mode=0o555)
        if os.geteuid() != 0:
            self.refused("sample", "run", "-o", "closed", code=1, says=["closed/00000000.png", "Permission denied"])


class Rectangles(ImageTest):
    """Images that are not square, of any number of channels: train, resume, draw, measure."""

    def test_five_channels_of_12_by_20_floats(self):
        self.train(5)
        self.ganymede("train", "--resume", "run", "--steps", "20", "--quiet")
        self.train_again_at_once(5)
        self.ganymede("measure", "five.npy", "run", "--samples", "16", "--metrics", "frechet")
        self.sample("--seeds", "0-3", "-o", "s.png")
        width, height, rows = read_png(self.folder / "s.png")
        self.assertEqual((width, height), (2 * 22 - 2, 2 * 14 - 2 + 3 * 10))  # a legend of three lines

    def train_again_at_once(self, channels):
        self.ganymede("train", "images.yaml", "--out", "whole", "--quiet", "--no-tune", "--steps", "20")
        self.assert_same_weights(self.folder / "run/checkpoints/00000020.safetensors",
                                 self.folder / "whole/checkpoints/00000020.safetensors")
        self.assertEqual(read_log(self.folder / "run"), read_log(self.folder / "whole"))

    def test_each_number_of_channels_trains_and_is_drawn(self):
        for channels in 1, 2, 3, 4:
            self.train(channels, words=["--steps", "2"])
            self.sample("--seeds", "0-1", "-o", f"s{channels}.png")
            width, height, rows = read_png(self.folder / f"s{channels}.png")
            self.assertEqual((width, len(rows[0]) // width), (2 * 22 - 2, 1 if channels == 1 else 3))
            shutil.rmtree(self.folder / "run")

    def test_pictures_of_20_by_12(self):
        (self.folder / "pictures").mkdir()
        for i in range(8):
            write_png(self.folder / "pictures" / f"{i}.png", [[(40 * i + x * y) % 256 for x in range(12)] for y in range(20)])
        self.train(1, 20, 12, words=["--data", "pictures", "--set", "data.size=[20, 12]"])
        self.assertEqual(read_png(self.folder / "run/samples/real.png")[:2], (8 * 14 - 2, 8 * 22 - 2))
        self.ganymede("train", "--resume", "run", "--steps", "20", "--quiet")
        self.sample("--seeds", "0-7", "-o", "fake")
        self.ganymede("measure", "pictures", "fake", "--metrics", "frechet")
        self.assertEqual(read_png(self.folder / "fake/00000000.png")[:2], (12, 20))


if __name__ == "__main__":
    unittest.main()
