"""Pictures of every format as other programs write them, against what these programs read.

Needs Pillow and numpy; ImageMagick, libtiff's tools, libwebp's and libjpeg's where they are used.
"""
import json
import os
import pathlib
import shutil
import struct
import subprocess
import tempfile
import unittest

try:
    import numpy
    from PIL import Image, ImageOps
except ImportError:
    numpy = None
try:
    import tifffile
except ImportError:
    tifffile = None

DUMP = os.environ.get("DUMP_DATASET", "dump_dataset")
H, W = 23, 37
BYTES = {"bytes": True, "black": 0, "white": 255, "labels": None}
DEEP = {"bytes": False, "black": 0, "white": 1, "labels": None}


def wants(*tools):
    """Skips a test where a program is missing."""
    missing = [tool for tool in tools if not shutil.which(tool)]
    return unittest.skipIf(missing, f"needs {', '.join(missing)}")


def waves(channels, most=255, height=H, width=W):
    """A smooth picture (height, width, channels) from 0 to `most`, other in every channel and asymmetric."""
    y, x = numpy.mgrid[0:height, 0:width]
    planes = [(numpy.sin(.21 * x * (c + 1) / channels + .1 * c) + numpy.cos(.17 * y + c) + x / width + y / height + 2) / 6
              for c in range(channels)]
    return numpy.rint(numpy.stack(planes, -1) * most).astype(numpy.float64)


@unittest.skipIf(numpy is None, "needs numpy and Pillow")
class PictureTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ganymede-pictures-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        (self.folder / "in").mkdir()

    def file(self, name):
        return self.folder / "in" / name

    def tool(self, *command):
        subprocess.run([str(part) for part in command], check=True, capture_output=True)

    def dump(self, *options):
        """The data set of all files written so far: (items, height, width, channels), and its info."""
        out = self.folder / "out.npy"
        done = subprocess.run([DUMP, self.folder / "in", out, *options], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return numpy.load(out).transpose(0, 2, 3, 1), json.loads(done.stdout)

    def refused(self, *says, options=()):
        done = subprocess.run([DUMP, self.folder / "in", self.folder / "out.npy", *options], capture_output=True, text=True)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual(len(done.stderr.strip().splitlines()), 1, done.stderr)
        for part in says:
            self.assertIn(part, done.stderr)

    def read(self, name, *options):
        """One file alone."""
        for other in (self.folder / "in").iterdir():
            if other.name != name:
                other.unlink()
        items, info = self.dump(*options)
        self.assertEqual(len(items), 1)
        return items[0], info

    def same(self, got, want, most=0, mean=0):
        """Differences up to `most`, on average up to `mean`."""
        want = numpy.asarray(want, dtype=numpy.float64)
        want = want[..., None] if want.ndim == 2 else want
        self.assertEqual(got.shape, want.shape)
        difference = numpy.abs(got.astype(numpy.float64) - want)
        where = numpy.unravel_index(difference.argmax(), difference.shape)
        self.assertLessEqual(difference.max(), most, f"at {where}: {got[where]}, expected {want[where]}")
        if most:
            self.assertLessEqual(difference.mean(), mean or most)


class Png(PictureTest):
    def test_sixteen_bits_are_kept(self):
        for channels in 1, 3:
            wanted = waves(channels, 65535)
            raw = wanted.astype(">u2").tobytes()
            kind = "pgm" if channels == 1 else "ppm"
            (self.folder / f"a.{kind}").write_bytes(b"P%d %d %d 65535\n" % (5 if channels == 1 else 6, W, H) + raw)
            if not shutil.which("convert"):
                self.skipTest("needs convert")
            self.tool("convert", self.folder / f"a.{kind}", "-depth", "16", f"PNG:{self.file('a.png')}")
            got, info = self.read("a.png")
            self.assertEqual(info, DEEP)
            self.same(got, (wanted / 65535).astype(numpy.float32))

    def test_animation_is_its_first_frame(self):
        frames = [Image.fromarray(waves(3).astype("u1") + i) for i in range(3)]
        frames[0].save(self.file("a.png"), save_all=True, append_images=frames[1:], duration=100)
        self.assertIn(b"acTL", self.file("a.png").read_bytes())
        self.same(self.read("a.png")[0], numpy.asarray(frames[0]))

    def test_alpha_and_palettes(self):
        for mode, channels in ("LA", 2), ("RGBA", 4):
            picture = Image.fromarray(waves(channels).astype("u1"), mode)
            picture.save(self.file("a.png"))
            self.same(self.read("a.png", "alpha=1")[0], numpy.asarray(picture))
            over = Image.new("RGBA", (W, H), (10, 200, 90, 255))
            over.alpha_composite(picture.convert("RGBA"))
            got = self.read("a.png", "background=10,200,90", "channels=3")[0]
            if channels == 4:
                self.same(got, numpy.asarray(over.convert("RGB")), most=1)
        picture = Image.fromarray(waves(3).astype("u1")).quantize(13)
        picture.save(self.file("a.png"), transparency=3)
        self.same(self.read("a.png", "alpha=1")[0], numpy.asarray(Image.open(self.file("a.png")).convert("RGBA")))


class Jpeg(PictureTest):
    def check(self, name, options=(), most=1, mean=.1, picture=None):
        wanted = numpy.asarray(picture or ImageOps.exif_transpose(Image.open(self.file(name))))
        got, info = self.read(name, *options)
        self.assertEqual(info, BYTES)
        self.same(got, wanted, most, mean)

    def test_baseline_progressive_and_grey(self):
        for mode, channels in ("RGB", 3), ("L", 1):
            picture = Image.fromarray(waves(channels).astype("u1").squeeze(), mode)
            for more in {}, {"progressive": True}, {"subsampling": 0}, {"quality": 100}, {"optimize": True}:
                with self.subTest(mode=mode, more=more):
                    picture.save(self.file("a.jpg"), **more)
                    self.check("a.jpg")

    @wants("cjpeg", "djpeg")
    def test_restart_markers_arithmetic_and_rgb(self):
        Image.fromarray(waves(3).astype("u1")).save(self.folder / "a.ppm")
        for more in ["-restart", "1B"], ["-restart", "1", "-progressive"], ["-arithmetic"], ["-rgb"], ["-sample", "4x1"]:
            with self.subTest(more=more):
                self.tool("cjpeg", *more, "-outfile", self.file("a.jpg"), self.folder / "a.ppm")
                self.tool("djpeg", "-outfile", self.folder / "b.ppm", self.file("a.jpg"))
                self.check("a.jpg", picture=Image.open(self.folder / "b.ppm"))

    def test_four_inks(self):
        picture = Image.fromarray(waves(4).astype("u1"), "CMYK")
        picture.save(self.file("a.jpg"), quality=95)
        self.check("a.jpg", picture=Image.open(self.file("a.jpg")).convert("RGB"))

    @wants("convert")
    def test_four_inks_by_imagemagick(self):
        """YCCK, Adobe's inverted inks."""
        Image.fromarray(waves(3).astype("u1")).save(self.folder / "a.png")
        self.tool("convert", self.folder / "a.png", "-colorspace", "CMYK", "-quality", "98", self.file("a.jpg"))
        with Image.open(self.file("a.jpg")) as written:
            self.assertEqual(written.mode, "CMYK")
        self.check("a.jpg", picture=Image.open(self.file("a.jpg")).convert("RGB"))

    def test_inks_without_adobes_marker_are_not_inverted(self):
        Image.fromarray(waves(4).astype("u1"), "CMYK").save(self.file("a.jpg"), quality=95)
        content = self.file("a.jpg").read_bytes()
        at = content.index(b"\xff\xee")
        self.assertEqual(content[at + 4:at + 9], b"Adobe")
        self.file("a.jpg").write_bytes(content[:at] + content[at + 2 + struct.unpack(">H", content[at + 2:at + 4])[0]:])
        inks = 255 - numpy.asarray(Image.open(self.file("a.jpg"))).astype(float)  # Pillow takes all for Adobe's
        self.same(self.read("a.jpg")[0], (255 - inks[..., :3]) * (255 - inks[..., 3:]) / 255, most=1, mean=.6)

    def test_exif_orientation_in_both_byte_orders(self):
        picture = Image.fromarray(waves(3).astype("u1"))
        for orientation in range(1, 9):
            for order in "<", ">":
                mark = b"II*\0" if order == "<" else b"MM\0*"
                exif = mark + struct.pack(order + "IHHHIHHHHIHHI", 8, 2, 0x100, 3, 1, 7, 0, 0x112, 3, 1, orientation, 0, 0)
                picture.save(self.file("a.jpg"), exif=b"Exif\0\0" + exif)
                with self.subTest(orientation=orientation, order=order):
                    self.assertEqual(ImageOps.exif_transpose(Image.open(self.file("a.jpg"))).size,
                                     (W, H) if orientation < 5 else (H, W))
                    self.check("a.jpg")

    def test_header_behind_much_metadata(self):
        Image.fromarray(waves(3).astype("u1")).save(self.file("a.jpg"))
        content = self.file("a.jpg").read_bytes()
        self.file("a.jpg").write_bytes(content[:2] + (b"\xff\xe5\xff\xff" + bytes(65533)) * 3 + content[2:])
        self.check("a.jpg")

    def test_a_small_size_is_decoded_reduced(self):
        """Close to reading all and averaging; exact where nothing is reduced."""
        Image.fromarray(waves(3, height=256, width=384).astype("u1")).save(self.file("a.jpg"), quality=95)
        whole = numpy.asarray(Image.open(self.file("a.jpg"))).astype(float)
        for size in 32, 48, 64, 128:
            for fit in 2, 3:
                cut = whole if fit == 2 else whole[:, 64:320]
                wanted = Image.fromarray(cut.astype("u1")).resize((size, size), Image.BOX)
                with self.subTest(size=size, fit=fit):
                    got = self.read("a.jpg", f"size={size}", f"fit={fit}")[0]
                    self.same(got, numpy.asarray(wanted), most=6, mean=1.2)

    def test_damage_is_refused(self):
        Image.fromarray(waves(3).astype("u1")).save(self.folder / "a.jpg")
        content = (self.folder / "a.jpg").read_bytes()
        for end in 10, 200, len(content) // 2, len(content) - 60, len(content) - 2:
            self.file("a.jpg").write_bytes(content[:end])
            self.refused("a.jpg: is ", "truncated")
        at = len(content) - 100
        self.file("a.jpg").write_bytes(content[:at] + b"\xff\xd3" + content[at + 2:])
        self.refused("a.jpg: is damaged: ")


class Webp(PictureTest):
    def test_lossless_lossy_and_alpha(self):
        for mode, channels in ("RGB", 3), ("RGBA", 4):
            picture = Image.fromarray(waves(channels).astype("u1"), mode)
            for more in {"lossless": True, "exact": True}, {"quality": 80}:
                with self.subTest(mode=mode, more=more):
                    picture.save(self.file("a.webp"), **more)
                    wanted = numpy.asarray(Image.open(self.file("a.webp")))
                    self.same(self.read("a.webp", "alpha=1")[0], wanted, most=0 if "lossless" in more else 1, mean=.1)
            if channels == 3:
                self.same(self.read("a.webp")[0], wanted, most=1)

    @wants("cwebp", "dwebp")
    def test_by_libwebps_tools(self):
        Image.fromarray(waves(4).astype("u1"), "RGBA").save(self.folder / "a.png")
        for more in ["-lossless", "-exact"], ["-q", "50"], ["-near_lossless", "40"], ["-q", "90", "-alpha_q", "10"]:
            with self.subTest(more=more):
                self.tool("cwebp", *more, self.folder / "a.png", "-o", self.file("a.webp"))
                self.tool("dwebp", self.file("a.webp"), "-o", self.folder / "b.png")
                self.same(self.read("a.webp", "alpha=1")[0], numpy.asarray(Image.open(self.folder / "b.png")))

    def test_animation_is_its_first_frame(self):
        frames = [Image.fromarray(waves(3).astype("u1") + 9 * i) for i in range(3)]
        frames[0].save(self.file("a.webp"), save_all=True, append_images=frames[1:], duration=100, lossless=True)
        self.assertIn(b"ANIM", self.file("a.webp").read_bytes())
        self.same(self.read("a.webp")[0], numpy.asarray(frames[0]))

    def test_damage_is_refused(self):
        Image.fromarray(waves(3).astype("u1")).save(self.folder / "a.webp", lossless=True)
        content = (self.folder / "a.webp").read_bytes()
        for end in 14, 40, len(content) - 20:
            self.file("a.webp").write_bytes(content[:end])
            self.refused("a.webp: ")


class Tiff(PictureTest):
    def write(self, values, **more):
        tifffile.imwrite(self.file("a.tif"), values, **more)

    def check(self, wanted, *options, white=None, bytes=False):
        got, info = self.read("a.tif", *options)
        self.assertEqual(info["bytes"], bytes)
        self.assertEqual(info["white"], 255 if bytes else white)
        self.same(got, wanted)

    def setUp(self):
        super().setUp()
        if tifffile is None:
            self.skipTest("needs tifffile")

    def test_types(self):
        for kind in "u1", "u2", "u4", "i1", "i2", "i4", "f2", "f4", "f8":
            for order in "<", ">":
                values = waves(3, 200)
                values = (values * 100 if kind in ("u2", "u4") else values - 100 if kind[0] == "i" else values / 7)
                values = values.astype(kind) if kind[0] in "ui" else values.astype(kind)
                with self.subTest(kind=kind, order=order):
                    self.write(values, photometric="rgb", byteorder=order)
                    if kind == "u1":
                        self.check(values, bytes=True)
                    elif kind == "u2":
                        self.check((values / 65535.).astype("f4"), white=1)
                    else:
                        self.check(values.astype("f4"), white=0)

    def test_any_number_of_channels_together_and_apart(self):
        for channels in 1, 2, 5, 7:
            values = waves(channels, 60000).astype("u2")
            for planar in "contig", "separate":
                with self.subTest(channels=channels, planar=planar):
                    stored = values if planar == "contig" else values.transpose(2, 0, 1)
                    stored = stored[..., 0] if channels == 1 and planar == "contig" else stored
                    stored = stored[0] if channels == 1 and planar != "contig" else stored
                    more = {} if channels == 1 else {"planarconfig": planar, "extrasamples": [0] * (channels - 1)}
                    self.write(stored, photometric="minisblack", **more)
                    self.check((values / 65535.).astype("f4"), white=1)

    def test_compressions_predictors_and_tiles(self):
        values = waves(3, 60000)
        cases = [("lzw", 2), ("lzw", None), ("deflate", 2), ("packbits", None), ("zstd", 2), ("lzma", None)]
        for compression, predictor in cases:
            for tile in None, (16, 32):
                for kind in "u1", "u2", "f4":
                    stored = (values / 256 if kind == "u1" else values).astype(kind)
                    chosen = 3 if predictor and kind == "f4" else predictor
                    with self.subTest(compression=compression, predictor=chosen, tile=tile, kind=kind):
                        self.write(stored, photometric="rgb", compression=compression, predictor=chosen, tile=tile,
                                   rowsperstrip=None if tile else 5)
                        wanted = (stored / 65535.).astype("f4") if kind == "u2" else stored
                        self.check(wanted, white=1 if kind == "u2" else 0, bytes=kind == "u1")
        for kind in "u1", "u2":  # tiles of each channel apart
            stored = (values / 256 if kind == "u1" else values).astype(kind)
            self.write(stored.transpose(2, 0, 1), photometric="rgb", planarconfig="separate", tile=(16, 16),
                       compression="deflate", bigtiff=True)
            self.check((stored / 65535.).astype("f4") if kind == "u2" else stored, white=1, bytes=kind == "u1")

    def test_bits_and_white_is_zero(self):
        bits = waves(1).squeeze() > 120
        self.write(bits, photometric="minisblack")
        self.check(bits * 255, bytes=True)
        self.write(bits, photometric="miniswhite")
        self.check((~bits) * 255, bytes=True)
        grey = waves(1).squeeze().astype("u1")
        self.write(grey, photometric="miniswhite")
        self.check(255 - grey, bytes=True)
        self.write((grey * 200.).astype("u2"), photometric="miniswhite")
        self.check(((65535 - (grey * 200.).astype("u2")) / 65535.).astype("f4"), white=1)

    @wants("convert")
    def test_by_imagemagick(self):
        """Fax, JPEG inside, palettes, few bits, CMYK, other orders of bits; read as Pillow or ImageMagick does."""
        colours = Image.fromarray(waves(3).astype("u1"))
        colours.save(self.folder / "a.png")
        cases = [["-colors", "11", "-type", "Palette"], ["-colors", "200", "-type", "Palette"],
                 ["-colorspace", "gray", "-depth", "4"], ["-colorspace", "gray", "-depth", "2"],
                 ["-monochrome", "-compress", "Group4"], ["-monochrome", "-compress", "Fax"],
                 ["-compress", "LZW"], ["-compress", "RLE"], ["-compress", "JPEG"], ["-define", "tiff:fill-order=lsb"],
                 ["-define", "tiff:endian=msb"], ["-colorspace", "CMYK"], ["-monochrome", "-endian", "LSB"]]
        for case in cases:
            with self.subTest(case=case):
                self.tool("convert", self.folder / "a.png", *case, f"TIFF:{self.file('a.tif')}")
                self.tool("convert", self.file("a.tif"), "-colorspace", "sRGB", "-depth", "8", "-type", "TrueColor",
                          f"PNG24:{self.folder / 'b.png'}")
                got = self.read("a.tif", "channels=3")[0]
                self.same(got, numpy.asarray(Image.open(self.folder / "b.png").convert("RGB")),
                          # colours of a table: 16 bits there, of which we take the upper 8
                          most=2 if "JPEG" in case or "CMYK" in case else 1 if "Palette" in case else 0)

    @wants("tiffcp")
    def test_by_tiffcp(self):
        self.write(waves(3).astype("u1"), photometric="rgb")
        (self.folder / "a.tif").write_bytes(self.file("a.tif").read_bytes())
        for case in (["-p", "separate"], ["-t", "-w", "16", "-l", "16"], ["-c", "lzw:2"], ["-c", "zip"], ["-B"], ["-L"],
                     ["-c", "packbits"], ["-f", "lsb2msb"], ["-8"], ["-r", "1"], ["-c", "lzw", "-p", "separate", "-t"]):
            with self.subTest(case=case):
                self.tool("tiffcp", *case, self.folder / "a.tif", self.file("a.tif"))
                self.check(waves(3), bytes=True)

    def test_alpha_only_where_the_file_says_so(self):
        values = waves(4).astype("u1")
        for kind, keeps in ("unassalpha", True), ("unspecified", False), ("assocalpha", True):
            self.write(values, photometric="rgb", extrasamples=[kind])
            wanted = values.astype(float)
            if kind == "assocalpha":
                alpha = wanted[..., 3:]
                wanted[..., :3] = numpy.minimum(255, numpy.floor((wanted[..., :3] * 255 + alpha // 2) / alpha.clip(1)))
            with self.subTest(kind=kind):
                self.check(wanted, "alpha=1", bytes=True)
                if not keeps:
                    self.check(values, bytes=True)
                else:
                    alpha = wanted[..., 3:]
                    over = numpy.floor((wanted[..., :3] * alpha + 255 * (255 - alpha) + 127) / 255)
                    self.check(over, bytes=True)

    def test_orientation(self):
        picture = Image.fromarray(waves(3).astype("u1"))
        for orientation in range(1, 9):
            picture.save(self.file("a.tif"), tiffinfo={274: orientation})
            with self.subTest(orientation=orientation):
                with Image.open(self.file("a.tif")) as written:
                    wanted = numpy.asarray(ImageOps.exif_transpose(written))
                self.assertEqual(wanted.shape[:2], (H, W) if orientation < 5 else (W, H))
                self.check(wanted, bytes=True)

    def test_pages_are_the_first_or_channels_or_items(self):
        pages = [waves(1, 50000).squeeze().astype("u2") + 1000 * i for i in range(5)]
        with tifffile.TiffWriter(self.file("a.tif")) as writer:
            for i, page in enumerate(pages):
                writer.write(page, photometric="minisblack", compression="lzw")
                if i == 2:  # a smaller copy, which is no picture
                    writer.write(page[::2, ::2], photometric="minisblack", subfiletype=1)
        stack = (numpy.stack(pages, -1) / 65535.).astype("f4")
        self.check(stack[..., :1], white=1)
        self.check(stack, "pages=1", white=1)
        self.refused("has 5 channels, which cannot become 3", options=["pages=1", "channels=3"])

        items, info = self.dump("pages=2")
        self.assertEqual(items.shape, (5, H, W, 1))
        self.same(items, stack.transpose(2, 0, 1)[..., None])
        self.assertEqual(self.dump("pages=2", "count=3")[0].shape, (3, H, W, 1))
        (self.folder / "in" / "x").mkdir()
        shutil.move(self.file("a.tif"), self.file("x/a.tif"))
        (self.folder / "in" / "y").mkdir()
        tifffile.imwrite(self.file("y/b.tif"), pages[0], photometric="minisblack")
        items, info = self.dump("pages=2")
        self.same(items[:5], stack.transpose(2, 0, 1)[..., None])
        self.same(items[5:], stack.transpose(2, 0, 1)[:1, ..., None])
        self.assertEqual(info["labels"], [0] * 5 + [1])

    def test_pages_that_differ_are_no_channels(self):
        with tifffile.TiffWriter(self.file("a.tif")) as writer:
            writer.write(waves(1).squeeze().astype("u1"), photometric="minisblack")
            writer.write(waves(1).squeeze().astype("u2"), photometric="minisblack")
        self.refused("a.tif: its page 2 is", "16 bits", options=["pages=1"])

    def test_what_is_not_finite_is_refused(self):
        values = waves(1).squeeze().astype("f4")
        values[3, 4] = numpy.nan
        self.write(values)
        self.refused("a.tif: its value at row 3, column 4 is")

    def test_damage_is_refused(self):
        self.write(waves(3).astype("u2"), photometric="rgb", compression="deflate")
        content = self.file("a.tif").read_bytes()
        for end in 5, 100, len(content) // 2, len(content) - 20:
            self.file("a.tif").write_bytes(content[:end])
            self.refused("a.tif: ")


class Pnm(PictureTest):
    def check(self, content, wanted, *options, white=255):
        self.file("a.pnm").write_bytes(content)
        got, info = self.read("a.pnm", *options)
        self.assertEqual(info, BYTES if white == 255 else DEEP)
        self.same(got, wanted)

    def test_text_and_bytes_of_any_largest_value(self):
        for most in 1, 100, 255, 256, 1000, 65535:
            for channels in 1, 3:
                values = waves(channels, most).astype(int)
                top = 255 if most < 256 else 65535
                wanted = numpy.floor((values * top + most // 2) / most)
                wanted = wanted if top == 255 else (wanted / 65535).astype("f4")
                head = f"{W} # of a comment\n{H}\n{most}\n"
                text = "\n".join(" ".join(map(str, row.ravel())) for row in values)
                raw = values.astype("u1" if top == 255 else ">u2").tobytes()
                with self.subTest(most=most, channels=channels):
                    self.check(f"P{2 if channels == 1 else 3}\n# made up\n{head}{text}\n".encode(), wanted,
                               white=255 if top == 255 else 1)
                    self.check(f"P{5 if channels == 1 else 6} {head}".encode() + raw, wanted,
                               white=255 if top == 255 else 1)

    def test_bits(self):
        bits = (waves(1).squeeze() < 120).astype(int)
        self.check(f"P1 {W} {H}\n".encode() + b"\n".join("".join(map(str, row)).encode() for row in bits), (1 - bits) * 255)
        self.check(f"P4 {W} {H}\n".encode() + numpy.packbits(bits, axis=1).tobytes(), (1 - bits) * 255)

    def test_pam(self):
        for channels, kind in (1, "GRAYSCALE"), (2, "GRAYSCALE_ALPHA"), (3, "RGB"), (4, "RGB_ALPHA"), (5, "FIVE"):
            values = waves(channels).astype("u1")
            head = f"P7\nWIDTH {W}\nHEIGHT {H}\n# note\nDEPTH {channels}\nMAXVAL 255\nTUPLTYPE {kind}\nENDHDR\n".encode()
            self.check(head + values.tobytes(), values, "alpha=1")

    @wants("convert")
    def test_by_imagemagick(self):
        Image.fromarray(waves(4).astype("u1"), "RGBA").save(self.folder / "a.png")
        for kind in "PBM", "PGM", "PPM", "PAM":
            for plain in [], ["-compress", "none"]:
                with self.subTest(kind=kind, plain=plain):
                    self.tool("convert", self.folder / "a.png", "-depth", "8", *plain, f"{kind}:{self.file('a.pnm')}")
                    self.tool("convert", self.file("a.pnm"), "-depth", "8", f"PNG32:{self.folder / 'b.png'}")
                    wanted = numpy.asarray(Image.open(self.folder / "b.png").convert("RGBA"))
                    self.same(self.read("a.pnm", "alpha=1", "channels=4")[0], wanted)

    def test_damage_is_refused(self):
        for content, says in ((b"P5 9 9 255\n123", "truncated"), (b"P2 2 2 9\n1 2 3", "truncated"), (b"P5 9 9", "truncated"),
                              (b"P2 2 2 9\n1 2 3 10", "from 0 to 9"), (b"P2 2 2 9\n1 2 x 3", "from 0 to 9"),
                              (b"P5 99999 9 255\n1", "size"), (b"P6 16000 16000 255\n", "too large: 16000 x 16000 pixels, of which no more than 67108864"),
                              (b"P5 2 2 70000\n12345678", "largest"), (b"P5 9 9 0\n" + bytes(99), "largest")):
            self.file("a.pnm").write_bytes(content)
            self.refused("a.pnm: is ", says)


class Bmp(PictureTest):
    def check(self, wanted, *options, most=0):
        got, info = self.read("a.bmp", *options)
        self.assertEqual(info, BYTES)
        self.same(got, wanted, most)

    def test_by_pillow(self):
        colours = Image.fromarray(waves(3).astype("u1"))
        for picture in colours, colours.convert("L"), colours.convert("1"), colours.quantize(200), colours.quantize(9):
            with self.subTest(mode=picture.mode):
                picture.save(self.file("a.bmp"))
                wanted = Image.open(self.file("a.bmp"))
                self.check(numpy.asarray(wanted.convert("RGB") if wanted.mode == "P" else wanted.convert("L")
                                         if wanted.mode == "1" else wanted))

    @wants("convert")
    def test_by_imagemagick(self):
        Image.fromarray(waves(4).astype("u1"), "RGBA").save(self.folder / "a.png")
        cases = [["-alpha", "off", "-colors", "9", "-type", "Palette"], ["-alpha", "off", "-monochrome"],
                 ["-alpha", "off", "-colors", "99", "-type", "Palette", "-compress", "RLE"],
                 ["-alpha", "off", "-define", "bmp:subtype=RGB565"], ["-alpha", "off", "-define", "bmp:subtype=RGB555"],
                 ["-alpha", "off"], [], ["-define", "bmp:format=bmp4"], ["-alpha", "off", "-define", "bmp:format=bmp3"],
                 ["-alpha", "off", "-define", "bmp:format=bmp2"]]
        for case in cases:
            with self.subTest(case=case):
                self.tool("convert", self.folder / "a.png", *case, f"BMP:{self.file('a.bmp')}")
                self.tool("convert", self.file("a.bmp"), f"PNG32:{self.folder / 'b.png'}")
                wanted = numpy.asarray(Image.open(self.folder / "b.png").convert("RGBA"))
                self.check(wanted, "alpha=1", "channels=4", most=1 if "RGB5" in str(case) else 0)  # five bits as eight

    def write(self, header, pixels, masks=b"", palette=b""):
        """A file of our own: header: what follows its size."""
        body = struct.pack("<I", len(header) + 4) + header + masks + palette
        self.file("a.bmp").write_bytes(b"BM" + struct.pack("<IHHI", 14 + len(body) + len(pixels), 0, 0, 14 + len(body)) +
                                       body + pixels)

    def test_masks_and_directions(self):
        values = waves(4).astype("u1")
        pixels = values[..., [2, 1, 0, 3]].tobytes()  # downwards
        masks = struct.pack("<IIII", 0xff0000, 0xff00, 0xff, 0xff000000)
        head = struct.pack("<iiHHIIiiII", W, -H, 1, 32, 3, 0, 0, 0, 0, 0)
        self.write(head, pixels, masks[:12])
        self.check(values[..., :3], "alpha=1")  # three masks: no opacity
        self.write(head[:12] + struct.pack("<I", 6) + head[16:], pixels, masks)
        self.check(values, "alpha=1")
        for more in 12 + 4, 12 + 4 + 52, 12 + 4 + 68:  # the masks are part of larger headers
            self.write(head + masks + bytes(more - 16), pixels)
            self.check(values, "alpha=1")
        self.write(head[:12] + struct.pack("<I", 0) + head[16:], pixels)
        self.check(values[..., :3], "alpha=1")
        odd = struct.pack("<III", 0x3ff00000, 0xffc00, 0x3ff)
        ten = (values[..., 0].astype("u4") * 4 << 20) + (values[..., 1].astype("u4") * 4 << 10) + values[..., 2].astype("u4") * 4
        self.write(head, ten.astype("<u4").tobytes(), odd)
        self.check(numpy.floor((values[..., :3].astype(float) * 4 * 255 + 511) / 1023))

    def test_run_lengths_and_small_headers(self):
        palette = b"".join(bytes((i * 3 % 256, i * 5 % 256, i, 0)) for i in range(256))
        colours = numpy.array([(i, i * 5 % 256, i * 3 % 256) for i in range(256)])
        head = struct.pack("<iiHHIIiiII", 5, 3, 1, 8, 1, 0, 0, 0, 0, 0)  # a run, single ones, a jump, the end
        self.write(head, bytes([3, 7, 0, 0, 0, 3, 1, 2, 3, 0, 0, 2, 1, 1, 1, 9, 0, 1]), palette=palette)
        self.check(colours[[[0, 0, 0, 0, 9], [1, 2, 3, 0, 0], [7, 7, 7, 0, 0]]])
        head = struct.pack("<iiHHIIiiII", 5, 3, 1, 4, 2, 0, 0, 0, 0, 0)
        self.write(head, bytes([5, 0x7a, 0, 0, 0, 5, 0x12, 0x34, 0x50, 0, 0, 0, 4, 0xb0, 0, 1]), palette=palette[:64])
        self.check(colours[[[11, 0, 11, 0, 0], [1, 2, 3, 4, 5], [7, 10, 7, 10, 7]]])
        self.write(struct.pack("<HHHH", 4, 2, 1, 24), bytes(range(24)))
        with Image.open(self.file("a.bmp")) as picture:
            self.check(numpy.asarray(picture))

    def test_damage_is_refused(self):
        Image.fromarray(waves(3).astype("u1")).save(self.folder / "a.bmp")
        content = (self.folder / "a.bmp").read_bytes()
        for end in 20, 60, len(content) - 5:
            self.file("a.bmp").write_bytes(content[:end])
            self.refused("a.bmp: is truncated")
        self.file("a.bmp").write_bytes(content[:18] + struct.pack("<i", 16000) + content[22:])
        self.refused("a.bmp: is truncated")
        self.file("a.bmp").write_bytes(content[:30] + struct.pack("<I", 4) + content[34:])
        self.refused("compression 4")


class Folders(PictureTest):
    def test_names_say_nothing_and_formats_mix(self):
        values = waves(3).astype("u1")
        picture = Image.fromarray(values)
        for name, kind in ("a.png", "TIFF"), ("b.jpg", "PNG"), ("c", "BMP"), ("d.txt", "PPM"):
            picture.save(self.file(name), kind)
        picture.save(self.file("e.png"), "WEBP", lossless=True)
        items, info = self.dump()
        self.assertTrue(info["bytes"])
        self.same(items, numpy.stack([values] * 5))

    def test_depths_mix_but_floats_do_not(self):
        grey = waves(1).squeeze()
        Image.fromarray(grey.astype("u1")).save(self.file("a.png"))
        Image.fromarray((grey * 257).astype("u2")).save(self.file("b.png"))
        items, info = self.dump()
        self.assertEqual(info, DEEP)
        self.same(items[0], items[1])
        Image.fromarray(grey.astype("f4")).save(self.file("c.tif"))
        self.refused("c.tif: holds floats", "no common scale")


class Scale(PictureTest):
    """Each channel's own range, over all of the training data."""

    def setUp(self):
        super().setUp()
        if tifffile is None:
            self.skipTest("needs tifffile")
        rng = numpy.random.default_rng(5)
        self.values = {}
        for split, count in ("train", 5), ("test", 2):
            (self.folder / "in" / split).mkdir()
            for i in range(count):
                values = (rng.normal(size=(H, W, 3)) * [1, 20, 300] + [0, -7, 1000]).astype("f4")
                values[..., 2] = numpy.rint(values[..., 2])
                tifffile.imwrite(self.folder / "in" / split / f"{i}.tif", values, photometric="rgb")
                self.values.setdefault(split, []).append(values)
        self.values = {split: numpy.stack(values) for split, values in self.values.items()}

    def ends(self, low, high):
        flat = numpy.sort(self.values["train"].reshape(-1, 3), axis=0).astype(float)
        return flat[round(low * (len(flat) - 1))], flat[round(high * (len(flat) - 1))]

    def check(self, number, low, high):
        least, most = self.ends(low, high)
        for split in "train", "test":
            for hold in 1, 2:
                items, info = self.dump(f"scale={number}", f"split={int(split == 'test')}", f"hold={hold}")
                self.assertEqual(info, DEEP)
                self.same(items, numpy.clip((self.values[split] - least) / (most - least), 0, 1), most=1e-6)

    def test_range(self):
        self.check(1, 0, 1)

    def test_percentile(self):
        self.check(2, .005, .995)

    def test_floats_are_else_taken_as_they_are(self):
        items, info = self.dump()
        self.assertEqual(info["white"], 0)
        self.same(items, self.values["train"])

    def test_bytes_have_their_range(self):
        shutil.rmtree(self.folder / "in" / "train")
        shutil.rmtree(self.folder / "in" / "test")
        Image.fromarray(waves(3).astype("u1")).save(self.file("a.png"))
        self.refused("holds pictures of 8 bits", options=["scale=1"])


RECIPE = """
data: { source: in, batch: 4, scale: %s, channels: %d }
latent: { size: 3, distribution: uniform }
generator: [ { dense: 8 }, relu, { dense: %d }, tanh, { reshape: [%d, 8, 8] } ]
discriminator: [ flatten, { dense: 8 }, { leaky_relu: 0.2 }, { dense: 1 } ]
loss: non_saturating
optimizer: { generator: { adam: { rate: 1e-3 } }, discriminator: { adam: { rate: 1e-3 } } }
steps: 20
log: { every: 2, samples: 20, checkpoint: 10 }
"""


class Training(PictureTest):
    """The same pictures are the same run, whatever the format."""

    def setUp(self):
        super().setUp()
        rng = numpy.random.default_rng(7)
        self.pictures = rng.integers(0, 65536, (20, 8, 8, 3))

    def ganymede(self, *arguments):
        done = subprocess.run([os.environ.get("GANYMEDE", "ganymede"), *map(str, arguments)], cwd=self.folder, capture_output=True,
                              text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def log(self, run):
        lines = [json.loads(line) for line in (self.folder / run / "log.jsonl").read_text().splitlines()]
        return [{key: value for key, value in line.items() if key != "seconds"} for line in lines]

    def train(self, run, scale="type", channels=3):
        (self.folder / "r.yaml").write_text(RECIPE % (scale, channels, channels * 64, channels))
        self.ganymede("train", "r.yaml", "--out", run, "--quiet")
        for file in (self.folder / "in").iterdir():
            file.unlink()
        return self.log(run)

    def test_lossless_formats(self):
        logs = {}
        for kind in "PNG", "TIFF", "BMP", "PPM", "WEBP":
            for i, picture in enumerate(self.pictures):
                Image.fromarray((picture >> 8).astype("u1")).save(self.file(f"{i:02}"), kind, lossless=True)
            logs[kind] = self.train(kind)
        self.assertEqual(len(logs["PNG"]), 10)
        for kind, log in logs.items():
            self.assertEqual(log, logs["PNG"], kind)

    @unittest.skipIf(tifffile is None, "needs tifffile")
    def test_sixteen_bits_and_their_scale(self):
        logs = []
        for kind in "tif", "pgm":
            for i, picture in enumerate(self.pictures[..., 0]):
                if kind == "tif":
                    tifffile.imwrite(self.file(f"{i:02}"), picture.astype("u2"), photometric="minisblack", compression="lzw")
                else:
                    self.file(f"{i:02}").write_bytes(b"P5 8 8 65535\n" + picture.astype(">u2").tobytes())
            logs.append(self.train(kind, "percentile", 1))
        self.assertEqual(*logs)

    @unittest.skipIf(tifffile is None, "needs tifffile")
    def test_a_resumed_run_keeps_the_scale_which_its_checkpoint_has(self):
        for i, picture in enumerate(self.pictures):
            tifffile.imwrite(self.file(f"{i:02}"), picture.astype("f4"), photometric="rgb")
        (self.folder / "r.yaml").write_text(RECIPE % ("range", 3, 192, 3))
        self.ganymede("train", "r.yaml", "--out", "run", "--quiet")
        self.ganymede("train", "r.yaml", "--out", "half", "--quiet", "--steps", "10")
        self.ganymede("train", "--resume", "half", "--quiet", "--steps", "20")
        self.assertEqual(self.log("run"), self.log("half"))
        checkpoint = (self.folder / "run" / "checkpoints" / "00000020.safetensors").read_bytes()
        header = json.loads(checkpoint[8:8 + struct.unpack("<Q", checkpoint[:8])[0]])
        scale = numpy.array(json.loads(header["__metadata__"]["scale"]))
        self.assertEqual(scale.tolist(), [[self.pictures[..., c].min(), self.pictures[..., c].max()] for c in range(3)])
        self.assertIn("frechet", self.ganymede("measure", "in", "run"))  # in the run's range


if __name__ == "__main__":
    unittest.main()
