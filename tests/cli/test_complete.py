"""Completion through the command: what it fills in, that known pixels come out as they went in, what it refuses."""
import json
import random
import struct
import unittest
import zlib

from command import CommandTest, MLP, checkpoints, read_log, write_labelled

COMPLETION = """\
name: tiny-completion
data: { source: %(data)s, range: [0, 1], batch: 4 }
completion: { adversarial: 0.01, local_size: 4 }
masks: { box: 1, centre: 1, strokes: 1 }
generator:
  - conv: { channels: 4, kernel: 3, padding: 1 }
  - batch_norm
  - relu
  - tap: full
  - conv: { channels: 4, kernel: 4, stride: 2, padding: 1 }
  - relu
  - conv_transpose: { channels: 4, kernel: 4, stride: 2, padding: 1 }
  - relu
  - concat: full
  - conv: { channels: 1, kernel: 3, padding: 1 }
  - sigmoid
discriminator: [ { conv: { channels: 4, kernel: 4, stride: 2, padding: 1 } }, leaky_relu, { conv: { channels: 1, kernel: 3, padding: 1 } } ]
local_discriminator: [ flatten, { dense: 4 }, leaky_relu, { dense: 1 } ]
average: { decay: 0.9 }
seed: 5
steps: 20
log: { every: 5, samples: 10, checkpoint: 10 }
"""

DENSE = """\
name: dense
data: { source: %(data)s, range: [0, 1], batch: 4 }
completion: { l1: 1 }
generator: [ flatten, { dense: 64 }, sigmoid, { reshape: [1, 8, 8] } ]
seed: 5
steps: 10
log: { every: 5, samples: 0, checkpoint: 10 }
"""


def png(path, width, height, channels, depth, values):
    """Values in the order of rows, pixels and channels."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    form = {1: "B", 2: ">H"}[depth // 8]
    row = width * channels
    lines = b"".join(b"\0" + b"".join(struct.pack(form, v) for v in values[y * row:(y + 1) * row])
                     for y in range(height))
    kind = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" +
                     chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)) +
                     chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b""))


def read(path):
    """(width, height, channels, depth, values) of a PNG without interlacing."""
    data, at, lines = path.read_bytes(), 8, b""
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + length]
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack(">IIBB", body[:10])
        if kind == b"IDAT":
            lines += body
        at += 12 + length
    channels = {0: 1, 2: 3, 4: 2, 6: 4}[colour]
    lines, size = zlib.decompress(lines), channels * depth // 8
    row, before, values = width * size, bytes(width * size), []
    for y in range(height):
        kind, line = lines[y * (row + 1)], bytearray(lines[y * (row + 1) + 1:(y + 1) * (row + 1)])
        for i in range(row):
            a, b = line[i - size] if i >= size else 0, before[i]
            c = before[i - size] if i >= size else 0
            p = a + b - c
            nearest = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
            line[i] = (line[i] + (0, a, b, (a + b) // 2, nearest)[kind]) % 256
        before = bytes(line)
        values += [v for (v,) in struct.iter_unpack("B" if depth == 8 else ">H", before)]
    return width, height, channels, depth, values


def noise(count, most=255):
    draw = random.Random(count)
    return [draw.randrange(most + 1) for _ in range(count)]


class Complete(CommandTest):
    def setUp(self):
        super().setUp()
        (self.folder / "tiny.yaml").write_text(COMPLETION % {"data": self.folder / "images"})

    def train(self, name="tiny", run="run"):
        self.ganymede("train", f"{name}.yaml", "--out", run, "--no-tune", "--quiet")

    def same_outside(self, name, box, width, channels=1, made=None):
        """Whether known pixels are as they were, and hidden ones are not."""
        left, top, wide, high = box
        before, after = read(self.folder / name), read(self.folder / "done" / (made or name))
        self.assertEqual(before[:4], after[:4])
        changed = 0
        for i, (a, b) in enumerate(zip(before[4], after[4])):
            x, y = i // channels % width, i // channels // width
            if left <= x < left + wide and top <= y < top + high:
                changed += a != b
            else:
                self.assertEqual(a, b, (name, x, y))
        self.assertGreater(changed, 0)

    def test_known_pixels_come_out_as_they_went_in(self):
        self.train()
        png(self.folder / "a.png", 8, 8, 1, 8, noise(64))
        png(self.folder / "deep.png", 8, 8, 1, 16, noise(64, 65535))
        png(self.folder / "large.png", 37, 21, 1, 8, noise(37 * 21))  # no multiple of two
        out, err = self.ganymede("complete", "run", "a.png", "deep.png", "large.png", "--box", "2,3,4,3", "-o", "done")
        self.assertEqual((out, err), ("done\n", ""))
        for name, width in (("a.png", 8), ("deep.png", 8), ("large.png", 37)):
            self.same_outside(name, (2, 3, 4, 3), width)

    def test_what_stands_in_hidden_pixels_says_nothing(self):
        self.train()
        values = noise(64)
        png(self.folder / "a.png", 8, 8, 1, 8, values)
        png(self.folder / "b.png", 8, 8, 1, 8, [0 if 18 <= i < 22 else v for i, v in enumerate(values)])
        self.ganymede("complete", "run", "a.png", "b.png", "--box", "2,2,4,1", "-o", "done")
        self.assertEqual(read(self.folder / "done/a.png"), read(self.folder / "done/b.png"))

    def test_masks_colours_and_opacity_hide_alike(self):
        self.train()
        values = [max(v, 1) for v in noise(64)]
        holes = [0 if i in (9, 10, 33) else v for i, v in enumerate(values)]
        png(self.folder / "a.png", 8, 8, 1, 8, holes)
        png(self.folder / "mask.png", 8, 8, 1, 8, [255 if i in (9, 10, 33) else 0 for i in range(64)])
        png(self.folder / "clear.png", 8, 8, 2, 8, [x for v in holes for x in (v, 255 if v else 0)])
        self.ganymede("complete", "run", "a.png", "--mask", "mask.png", "-o", "by-mask")
        self.ganymede("complete", "run", "a.png", "--missing", "black", "-o", "by-colour")
        self.ganymede("complete", "run", "a.png", "--missing", "0", "-o", "by-value")
        self.ganymede("complete", "run", "clear.png", "-o", "by-opacity")
        made = read(self.folder / "by-mask/a.png")
        for other in ("by-colour/a.png", "by-value/a.png", "by-opacity/clear.png"):
            self.assertEqual(read(self.folder / other), made, other)

    def test_grey_pictures_may_be_stored_in_colours(self):
        self.train()
        png(self.folder / "a.png", 8, 8, 3, 8, [v for v in noise(64) for _ in range(3)])
        self.ganymede("complete", "run", "a.png", "--box", "2,3,4,3", "-o", "done")
        self.same_outside("a.png", (2, 3, 4, 3), 8, channels=3)
        png(self.folder / "b.png", 8, 8, 3, 8, noise(192))
        self.refused("complete", "run", "b.png", "--box", "2,3,4,3", "-o", "other", code=1,
                     says=["b.png: has colours, but run completes grey pictures"])

    def test_networks_of_one_size_get_scaled_pictures(self):
        (self.folder / "dense.yaml").write_text(DENSE % {"data": self.folder / "images"})
        self.train("dense")
        png(self.folder / "a.png", 20, 12, 1, 8, noise(240))
        out, err = self.ganymede("complete", "run", "a.png", "--box", "3,3,6,5", "-o", "done")
        self.assertIn("takes images of 8 x 8 alone", err)
        self.same_outside("a.png", (3, 3, 6, 5), 20)

    def test_search_completes_with_any_generator_and_repeats(self):
        (self.folder / "gan.yaml").write_text(MLP % {"data": self.folder / "images"})
        self.train("gan")
        for name, width, height in (("a.png", 8, 8), ("small.png", 6, 7), ("large.png", 13, 11)):
            png(self.folder / name, width, height, 1, 8, noise(width * height))
        search = ["--box", "2,2,3,3", "--by", "search", "--steps", "5", "--restarts", "2"]
        self.ganymede("complete", "run", "a.png", "small.png", "large.png", *search, "-o", "done")
        self.ganymede("complete", "run", "large.png", *search, "-o", "again")
        self.assertEqual(read(self.folder / "done/large.png"), read(self.folder / "again/large.png"))
        for name, width in (("a.png", 8), ("small.png", 6), ("large.png", 13)):
            self.same_outside(name, (2, 2, 3, 3), width)
        self.refused("complete", "run", "a.png", "--box", "2,2,3,3", "-o", "x", code=1, says=["completes no images"])

    def test_a_resumed_run_goes_on_bit_for_bit(self):
        self.train(run="a")
        self.ganymede("train", "tiny.yaml", "--out", "b", "--steps", "10", "--no-tune", "--quiet")
        self.ganymede("train", "--resume", "b", "--steps", "20", "--quiet")
        self.assert_same_weights(self.folder / "a/checkpoints/00000020.safetensors",
                                 self.folder / "b/checkpoints/00000020.safetensors")
        self.assertEqual(checkpoints(self.folder / "b"), [0, 10, 20])
        for key in ("l1", "psnr", "real_score", "fake_score", "discriminator_loss", "generator_loss"):
            self.assertIn(key, read_log(self.folder / "a")[-1])

    def test_masks_of_files_are_drawn(self):
        masks = self.folder / "masks"
        masks.mkdir()
        for k in range(3):
            png(masks / f"{k}.png", 8, 8, 1, 8, [255 if i // 8 == k else 0 for i in range(64)])
        self.ganymede("train", "tiny.yaml", "--out", "run", "--no-tune", "--quiet", "--set", "masks.files=1", "--set",
                      f"masks.folder={masks}")
        self.refused("train", "tiny.yaml", "--set", "masks.files=1", code=1, says=["masks.files needs masks.folder"])
        self.refused("train", "tiny.yaml", "--set", "masks.files=1", "--set", "masks.folder=nowhere", code=1,
                     says=["nowhere"])

    def test_evaluation_stands_beside_plain_fills(self):
        write_labelled(self.folder / "classes", [12, 12], [6, 6])
        self.ganymede("train", "tiny.yaml", "--data", self.folder / "classes", "--out", "run", "--no-tune", "--quiet")
        out, _ = self.ganymede("evaluate", "run", "--json")
        again, _ = self.ganymede("evaluate", "run", "--json")
        self.assertEqual(out, again)
        result = json.loads(out)
        self.assertEqual(result["count"], 12)
        for key in ("l1", "psnr", "frechet"):
            self.assertEqual(set(result[key]), {"this run", "mean", "harmonic", "nearest", "10 nearest", "ridge"})
        self.assertLess(result["l1"]["harmonic"], 1)
        text, _ = self.ganymede("evaluate", "run", "--count", "5")
        self.assertIn("step 20, 5 items held out", text)

    def test_what_cannot_be_done_is_refused(self):
        self.train()
        png(self.folder / "a.png", 8, 8, 1, 8, noise(64))
        (self.folder / "no.png").write_bytes(b"no picture at all")
        (self.folder / "cut.png").write_bytes((self.folder / "a.png").read_bytes()[:60])
        box = ["--box", "2,2,3,3", "-o", "done"]
        for arguments, says in [
            (["a.png", "-o", "done"], ["a.png: no pixel is clear (opacity 0)"]),
            (["a.png", "--box", "8,0,3,3", "-o", "done"], ["a.png: the box lies outside of its 8 x 8 pixels"]),
            (["a.png", "--missing", "#ff00ff", "-o", "done"], ["no pixel has exactly the colour #ff00ff"]),
            (["a.png", "--mask", "no.png", "-o", "done"], ["no.png: is no picture"]),
            (["a.png", "--box", "2,2,3,3", "-o", "."], [".: is not empty"]),
            (["a.png", "a.png", *box], ["two of the files would be written by this name"]),
            (["missing.png", *box], ["missing.png"]),
            (["no.png", *box], ["no.png: is no picture"]),
            (["cut.png", *box], ["cut.png"]),
        ]:
            self.refused("complete", "run", *arguments, code=1, says=says)
        for arguments, says in [
            (["a.png"], ["-o expects the folder"]),
            (["-o", "done"], ["expects pictures to complete"]),
            (["a.png", "--box", "1,2,3", "-o", "done"], ["--box expects LEFT,TOP,WIDTH,HEIGHT"]),
            (["a.png", "--box", "1,2,0,3", "-o", "done"], ["--box expects"]),
            (["a.png", *box, "--missing", "black"], ["exclude each other"]),
            (["a.png", "--missing", "plaid", "-o", "done"], ["'plaid' is no colour"]),
            (["a.png", *box, "--format", "jpg"], ["--format expects png, tiff or webp, not 'jpg'"]),
            (["a.png", *box, "--format", "npy"], ["--format expects png, tiff or webp, not 'npy'"]),
            (["a.png", *box, "--by", "magic"], ["--by expects search"]),
            (["a.png", *box, "--restarts", "3"], ["--by search"]),
        ]:
            self.refused("complete", "run", *arguments, code=2, says=says)

    def test_features_are_the_distance_between_what_the_discriminators_taps_give(self):
        # Behind no layer, a tap names the image and its mask, which are the same outside of the hidden quarter.
        sets = ["--set", "discriminator=[{tap: seen}, {conv: {channels: 1, kernel: 3, padding: 1}}]", "--set",
                "masks={box: 0, centre: 1, strokes: 0}", "--set", "local_discriminator=[]", "--set", "log.every=1"]
        for loss in "non_saturating", "relativistic":
            self.ganymede("train", "tiny.yaml", "--out", loss, "--no-tune", "--quiet", *sets, "--set", f"loss={loss}",
                          "--set", "completion={l1: 0, adversarial: 1e-9, features: 8}", "--steps", "80")
            lines = [line for line in read_log(self.folder / loss) if "features" in line]
            self.assertEqual(len(lines), 80)
            for line in lines:
                self.assertAlmostEqual(line["features"], line["l1"] / 8, delta=1e-6 + 1e-4 * line["features"])
            # It alone is followed here.
            first, last = [sum(line["l1"] for line in part) / 20 for part in (lines[:20], lines[60:])]
            self.assertLess(last, .97 * first)

    def test_opacity_is_not_learned(self):
        (self.folder / "clear").mkdir()
        for i in range(6):
            png(self.folder / "clear" / f"{i}.png", 8, 8, 4, 8, noise(256))
        self.refused("train", "tiny.yaml", "--data", "clear", "--set", "data.alpha=keep", "--dry-run", code=1,
                     says="cannot be learned: set data.alpha to blend")

    def test_a_picture_that_memory_has_no_room_for_is_told_the_size_that_has(self):
        self.train()
        png(self.folder / "other.png", 10, 12, 1, 8, noise(120))
        said = ""
        for failing in range(1, 40):  # one of these is the allocation that holds the values
            environment = {"GANYMEDE_FAULT": f"alloc:{failing}"}
            _, said = self.ganymede("complete", "run", "other.png", "--box", "1,1,3,3", "-o", f"done-{failing}", code=1,
                                    env=environment)
            if "a picture of" in said:
                break
        self.assertRegex(said, r"other.png: a picture of 12 x 10 takes .* about 8 x 7 would fit; make it smaller")
        self.assertNotIn("batch", said)

    def test_recipes_that_contradict_themselves_say_where(self):
        for setting, says in [
            ("masks.least=0.9", "masks.least must not be above masks.most"),
            ("masks={box: 0}", "no masks are drawn"),
            ("completion.local_size=9", "completion.local_size is 9, but the images are 1x8x8"),
            ("discriminator=[{conv: {channels: 2, kernel: 3}}]", "one logit per sample or in a map of one channel"),
            ("completion={l1: 0, adversarial: 0}", "nothing is minimised"),
            ("completion={features: 1, adversarial: 0}", "set completion.adversarial above 0"),
            ("completion.features=1", "names none of its values"),
        ]:
            self.refused("train", "tiny.yaml", "--set", setting, code=1, says=[says])


if __name__ == "__main__":
    unittest.main()
