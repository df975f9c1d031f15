"""Clips: what the command trains on, draws and writes of them, and says of data."""
import json
import struct
import unittest

from command import CommandTest, checkpoints, read_log, read_npy, read_png, write_png

FRAMES, SIDE = 3, 8

RECIPE = """\
name: clips
data: { source: %(data)s, range: [0, 1], batch: 4 }
latent: { size: 3 }
generator:
%(first)s
  - dense: 24
  - relu
  - reshape: [2, 3, 2, 2]
  - conv_transpose: { channels: 1, kernel: [3, 4, 4], stride: [1, 4, 4], padding: [1, 0, 0] }
  - sigmoid
discriminator:
  - conv: { channels: 4, kernel: [3, 4, 4], stride: [1, 2, 2], padding: 1 }
  - leaky_relu: 0.2
  - flatten
%(last)s
loss: non_saturating
optimizer: { generator: { adam: { rate: 1e-3 } }, discriminator: { adam: { rate: 1e-3 } } }
seed: 5
steps: 20
log: { every: 5, samples: 10, checkpoint: 10, grid: [2, 4] }
"""


def write_array(path, kind, shape, data):
    head = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head + data)


def count_frames(webp):
    """Frames of an animated WebP file, and its width and height."""
    content = webp.read_bytes()
    assert content[:4] == b"RIFF" and content[8:12] == b"WEBP"
    at, frames, size = 12, 0, None
    while at + 8 <= len(content):
        kind, length = content[at:at + 4], struct.unpack("<I", content[at + 4:at + 8])[0]
        frames += kind == b"ANMF"
        if kind == b"VP8X":
            size = tuple(1 + int.from_bytes(content[at + 12 + 3 * i:at + 15 + 3 * i], "little") for i in range(2))
        at += 8 + length + length % 2
    return frames, size


class Clips(CommandTest):
    def setUp(self):
        super().setUp()
        count = 12
        values = bytes((7 * i * i + 31 * i) % 256 for i in range(count * FRAMES * SIDE * SIDE))
        write_array(self.folder / "clips.npy", "|u1", (count, FRAMES, 1, SIDE, SIDE), values)
        self.recipe.write_text(RECIPE % {"data": "clips.npy", "first": "", "last": "  - dense: 1"})

    def has_webp(self, run):
        """Whether this build writes it."""
        process = self.start("sample", run, "--seeds", "0", "-o", "probe.webp")
        _, err = process.communicate(timeout=120)
        self.assertTrue(process.returncode == 0 or "this build writes no WebP" in err, err)
        return process.returncode == 0

    def test_clips_are_trained_on_drawn_and_written(self):
        out, _ = self.ganymede("train", self.recipe, "--out", "a")
        self.assertIn("12 clips of 3 frames of 1x8x8", out)
        # A row for each of two clips, a column for each frame, gaps of 2.
        for name in "real.png", "00000020.png":
            width, height, _ = read_png(self.folder / "a/samples" / name)
            self.assertEqual((width, height), (3 * 8 + 2 * 2, 2 * 8 + 2))
        self.ganymede("sample", "a", "--seeds", "0-3", "-o", "all.npy")
        shape, all_four = read_npy(self.folder / "all.npy")
        self.assertEqual(shape, (4, FRAMES, 1, SIDE, SIDE))
        self.ganymede("sample", "a", "--seeds", "2", "-o", "one.npy")
        size = FRAMES * SIDE * SIDE
        self.assertEqual(read_npy(self.folder / "one.npy")[1], all_four[2 * size:3 * size])
        # The strip shows those values, frame by frame.
        self.ganymede("sample", "a", "--seeds", "0-3", "-o", "strip.png")
        _, _, rows = read_png(self.folder / "strip.png")
        for clip in range(4):
            for frame in range(FRAMES):
                for y in range(SIDE):
                    first = (clip * FRAMES + frame) * SIDE * SIDE + y * SIDE
                    for x in range(SIDE):
                        self.assertAlmostEqual(rows[clip * 10 + y][frame * 10 + x], 255 * all_four[first + x],
                                               delta=.51)
        self.ganymede("sample", "a", "--grid", "2x2", "-o", "beside.png")
        self.assertEqual(read_png(self.folder / "beside.png")[:2], (6 * 8 + 5 * 2, 2 * 8 + 2))

    def test_clips_are_written_as_animations_that_are_read_again(self):
        self.ganymede("train", self.recipe, "--out", "a", "--quiet", "--steps", "2")
        if not self.has_webp("a"):
            self.skipTest("this build writes no WebP")
        self.ganymede("sample", "a", "--seeds", "0-3", "-o", "all.webp")
        self.assertEqual(count_frames(self.folder / "all.webp"), (FRAMES, (2 * 8 + 2, 2 * 8 + 2)))
        self.ganymede("sample", "a", "--seeds", "0-3", "-o", "each")
        self.assertEqual(sorted(p.name for p in (self.folder / "each").iterdir()),
                         [f"{i:08}.webp" for i in range(4)])
        self.assertEqual(count_frames(self.folder / "each/00000003.webp"), (FRAMES, (SIDE, SIDE)))
        self.ganymede("sample", "a", "--seeds", "0-3", "-o", "all.npy")
        self.ganymede("data", "each", "--frames", FRAMES, "--channels", "1", "-o", "back.npy")
        content = (self.folder / "back.npy").read_bytes()
        wanted = read_npy(self.folder / "all.npy")[1]
        for read, value in zip(content[-len(wanted):], wanted):
            self.assertAlmostEqual(read, 255 * value, delta=.51)
        self.refused("sample", "a", "--format", "png", "-o", "dir", code=1, says="a file of PNG holds no clips")
        self.assertFalse((self.folder / "dir").exists())

    def test_what_holds_no_clips_is_refused(self):
        self.ganymede("train", self.recipe, "--out", "a", "--quiet", "--steps", "1")
        self.refused("sample", "a", "-o", "a.csv", code=1, says="not clips")
        self.refused("sample", "a", "-o", "a.tiff", code=1, says=["TIFF holds", "not clips"])
        self.refused("train", self.recipe, "--set", "data.frames=2", "--out", "b", code=1,
                     says="the generator makes 1x3x8x8, but the data are 1x2x8x8")
        self.refused("train", self.recipe, "--set", "data.frames=4", "--out", "b", code=1,
                     says=["clips.npy: clip 0 has 3 frames, of which 4 are wanted", "data.short"])
        self.refused("train", self.recipe, "--set", "data.frames=-1", "--out", "b", code=1, says="data.frames")
        self.refused("train", self.recipe, "--set", "data.short=never", "--out", "b", code=1, says="refuse")
        self.refused("train", "tiny.yaml", "--data", "images", "--set", "data.stride=2", "--out", "b", code=1,
                     says="data.frames is for clips")

    def test_a_resumed_run_continues_bit_for_bit(self):
        self.ganymede("train", self.recipe, "--out", "whole", "--quiet")
        self.ganymede("train", self.recipe, "--out", "parts", "--quiet", "--steps", "10")
        self.ganymede("train", "--resume", "parts", "--quiet", "--steps", "20")
        self.assertEqual(checkpoints(self.folder / "parts"), [0, 10, 20])
        self.assert_same_weights(self.folder / "whole/checkpoints/00000020.safetensors",
                                 self.folder / "parts/checkpoints/00000020.safetensors")
        self.assertEqual(read_log(self.folder / "whole"), read_log(self.folder / "parts"))

    def test_classes_are_folders_of_folders(self):
        for k, name in enumerate(("ant", "bee")):
            for clip in range(3):
                folder = self.folder / "data" / name / f"clip{clip}"
                folder.mkdir(parents=True)
                for frame in range(FRAMES):
                    write_png(folder / f"{frame}.png", [bytes([60 * k + 20 * clip + frame] * SIDE)] * SIDE)
        out, _ = self.ganymede("data", "data", "--frames", FRAMES)
        self.assertRegex(out, r"(?m)^frames +18$")
        self.assertIn("networks see  6 clips of 1 x 3 x 8 x 8 (channels x frames x height x width)", out)
        self.recipe.write_text(RECIPE % {"data": "data, frames: 3", "first": "  - embed: { classes: 2, size: 2 }",
                                         "last": "  - projection: { classes: 2 }"})
        self.ganymede("train", self.recipe, "--out", "a", "--quiet", "--steps", "2")
        self.ganymede("sample", "a", "--class", "bee", "--seeds", "0-2", "--format", "npy", "-o", "dir")
        self.assertEqual(sorted(str(p.relative_to(self.folder)) for p in (self.folder / "dir").rglob("*.npy")),
                         [f"dir/bee/{i:08}.npy" for i in range(3)])
        self.assertEqual(read_npy(self.folder / "dir/bee/00000000.npy")[0], (1, FRAMES, 1, SIDE, SIDE))


class Data(CommandTest):
    def test_data_tells_of_clips(self):
        write_array(self.folder / "long.npy", "|u1", (11, 1, 4, 4), bytes(range(176)))
        report = json.loads(self.ganymede("data", "long.npy", "--frames", "3", "--hop", "2", "--json")[0])
        self.assertEqual((report["shape"], report["frames"], report["clips"]), ([1, 4, 4], 3, 5))
        report = json.loads(self.ganymede("data", "long.npy", "--json")[0])
        self.assertEqual((report["frames"], report["clips"], report["count"]), (0, 0, 11))
        self.refused("data", "long.npy", "--frames", "12", code=1, says=["has 11 frames", "--short"])
        self.assertIn("1 clip of 1 x 12", self.ganymede("data", "long.npy", "--frames", "12", "--short", "repeat")[0])
        self.refused("data", "long.npy", "--frames", "0", code=2, says="--frames expects")
        self.refused("data", "long.npy", "--frames", "3", "--check", code=2, says="leave them out")
        self.refused("data", "images", "--frames", "3", code=1, says="is for clips")
        self.ganymede("data", "long.npy", "--frames", "3", "--stride", "2", "-o", "cut.npy")
        content = (self.folder / "cut.npy").read_bytes()
        self.assertIn(b"(2, 3, 1, 4, 4)", content)
        self.assertEqual([content[-96 + 16 * i] for i in range(6)], [0, 32, 64, 96, 128, 160])
        self.ganymede("data", "long.npy", "--frames", "3", "--picture", "strip.png")
        self.assertEqual(read_png(self.folder / "strip.png")[0], 3 * 4 + 2 * 2)
        self.refused("data", "long.npy", "--frames", "3", "-o", "long.zip", code=1, says="holds clips, no pictures")


if __name__ == "__main__":
    unittest.main()
