"""Sounds through the command: what there is, training, samples as WAV and FLAC, resuming, measures, refusals."""
import json
import math
import pathlib
import random
import shutil
import subprocess
import unittest
import zipfile

from command import CommandTest, checkpoints, read_npy, read_wav, write_sounds, write_wav

RECIPE = """\
name: tiny-sound
seed: 3
steps: 4
data: { source: words, channels: 1, sound: { rate: 8000, window: 64, trim: true, loudness: peak }, batch: 8 }
latent: { size: 4 }
generator:
  - embed: { classes: 3, size: 2 }
  - dense: 64
  - reshape: [4, 16]
  - relu
  - upsample: { factor: 4, mode: bilinear }
  - conv: { channels: 1, kernel: 9, padding: 4 }
  - tanh
discriminator:
  - conv: { channels: 4, kernel: 9, stride: 4, padding: 3 }
  - leaky_relu: 0.2
  - phase_shuffle: 2
  - flatten
  - projection: { classes: 3 }
log: { every: 2, samples: 2, checkpoint: 2 }
"""


class Sounds(CommandTest):
    def setUp(self):
        super().setUp()
        write_sounds(self.folder / "words", words=3)
        (self.folder / "sound.yaml").write_text(RECIPE)
        if "libsndfile1-dev" in self.start("data", "words/w0/0.wav", "--check").communicate(timeout=300)[0]:
            self.skipTest("needs libsndfile and libsamplerate")

    def train(self, *options):
        return self.ganymede("train", "sound.yaml", "--no-tune", "--quiet", *options)

    def test_samples_are_waves_of_their_class(self):
        self.train("--out", "a")
        self.ganymede("sample", "a", "--seeds", "0-5", "-o", "d")
        files = sorted(str(p.relative_to(self.folder / "d")) for p in (self.folder / "d").rglob("*.wav"))
        self.assertEqual(files, [f"w{seed % 3}/0000000{seed}.wav" for seed in sorted(range(6), key=lambda s: (s % 3, s))])
        self.ganymede("sample", "a", "--seeds", "0-5", "-o", "s.npy")
        shape, values = read_npy(self.folder / "s.npy")
        self.assertEqual(shape, (6, 1, 64))
        self.ganymede("sample", "a", "--seeds", "0-5", "-o", "s.wav")
        rate, [whole] = read_wav(self.folder / "s.wav")
        self.assertEqual((rate, len(whole)), (8000, 6 * 64))
        for seed in range(6):
            rate, [one] = read_wav(self.folder / "d" / f"w{seed % 3}" / f"0000000{seed}.wav")
            self.assertEqual(one, whole[64 * seed:64 * seed + 64])
        for ours, exact in zip(whole, values):
            self.assertAlmostEqual(ours, exact, delta=5e-5)
        again, _ = self.ganymede("sample", "a", "--seeds", "2", "-o", "one.wav")
        self.assertEqual(read_wav(self.folder / "one.wav")[1][0], whole[128:192])
        out, _ = self.ganymede("data", "d", "--json")
        self.assertEqual([c["name"] for c in json.loads(out)["classes"]], ["w0", "w1", "w2"])
        self.assertIn(b"tiny-sound", (self.folder / "s.wav").read_bytes())

    def test_depths_formats_and_lists(self):
        self.train("--out", "a")
        self.ganymede("sample", "a", "--seeds", "0-2", "-o", "s.flac")
        self.ganymede("sample", "a", "--seeds", "0-2", "--depth", "32", "-o", "s.wav")
        self.ganymede("sample", "a", "--seeds", "0-2", "-o", "s.npy")
        for name, says in (("s.flac", "1 FLAC of 16 bits"), ("s.wav", "1 WAV of 32 bits (floats)")):
            out, _ = self.ganymede("data", name)
            self.assertIn(says, out)
        self.ganymede("data", "s.wav", "--window", "64", "--longer", "slice", "-o", "back.npy")
        self.assertEqual(read_npy(self.folder / "back.npy")[1], read_npy(self.folder / "s.npy")[1])
        self.ganymede("sample", "a", "--seeds", "0-2", "--flat", "--format", "flac", "-o", "flat")
        self.assertEqual((self.folder / "flat/labels.csv").read_text(),
                         'file,label\n00000000.flac,"w0"\n00000001.flac,"w1"\n00000002.flac,"w2"\n')
        self.ganymede("sample", "a", "--seeds", "0-2", "-o", "s.png")
        self.assertTrue((self.folder / "s.png").read_bytes().startswith(b"\x89PNG"))
        self.assertTrue((self.folder / "a/samples/real.png").exists())

    def test_resumed_runs_continue_bit_for_bit(self):
        self.train("--out", "whole")
        self.train("--out", "half", "--steps", "2")
        self.assertEqual(checkpoints(self.folder / "half"), [0, 2])
        self.ganymede("train", "--resume", "half", "--steps", "4", "--quiet")
        self.assert_same_weights(self.folder / "whole/checkpoints/00000004.safetensors",
                                 self.folder / "half/checkpoints/00000004.safetensors")

    def test_what_is_found_stands_in_the_recipe_of_the_run(self):
        for path in (self.folder / "words").rglob("[123].wav"):
            path.unlink()
        (self.folder / "sound.yaml").write_text(RECIPE.replace("rate: 8000, window: 64, trim: true, ", "")
                                                .replace("[4, 16]", "[4, 25]").replace("dense: 64", "dense: 100"))
        self.train("--out", "a")
        self.assertIn("{rate: 8000, window: 100, longer: cut, trim: false, loudness: peak}",
                      (self.folder / "a/recipe.yaml").read_text())
        _, err = self.ganymede("train", "sound.yaml", "--resume", "a", "--steps", "6")
        self.assertNotIn("differs", err)

    def test_data_tells_of_sounds(self):
        write_wav(self.folder / "words/w0/quiet.wav", [0] * 9000)
        out, _ = self.ganymede("data", "words", "--json")
        report = json.loads(out)
        self.assertEqual((report["format"], report["count"]), ("sounds", 13))
        self.assertEqual(report["formats"], [{"name": "WAV of 16 bits", "count": 13}])
        self.assertEqual(report["sounds"]["rates"], [{"name": "8000", "count": 13}])
        self.assertEqual((report["sounds"]["silent"], report["sounds"]["too_loud"]), (1, 0))
        self.assertEqual((report["sounds"]["shortest"], report["sounds"]["longest"]), (.0125, 1.125))
        self.assertEqual(report["shape"], None)
        self.assertIn("give --window", report["refusal"])
        out, _ = self.ganymede("data", "words", "--rate", "4000", "--window", "32")
        self.assertIn("networks see  32 values of 1 channel, 4000 a second", out)
        self.assertIn("silent        1", out)
        with zipfile.ZipFile(self.folder / "words.zip", "w") as archive:
            for path in sorted((self.folder / "words").rglob("*.wav")):
                archive.write(path, path.relative_to(self.folder))
        zipped, _ = self.ganymede("data", "words.zip", "--json")
        self.assertEqual(json.loads(zipped)["sounds"], report["sounds"])
        self.assertEqual(json.loads(zipped)["classes"], report["classes"])
        (self.folder / "list.txt").write_text("words/w1/0.wav\nwords/w1/1.wav\n")
        listed, _ = self.ganymede("data", "list.txt", "--json")
        self.assertEqual(json.loads(listed)["count"], 2)

    def test_data_sets_are_converted(self):
        self.ganymede("data", "words", "--rate", "4000", "--window", "40", "-o", "out")
        self.ganymede("data", "words", "--rate", "4000", "--window", "40", "-o", "out.zip")
        self.ganymede("data", "words", "--rate", "4000", "--window", "40", "-o", "out.npy")
        rate, [values] = read_wav(self.folder / "out/00000011.wav")
        self.assertEqual((rate, len(values)), (4000, 40))
        shape, exact = read_npy(self.folder / "out.npy")
        self.assertEqual(len(exact), 12 * 40)
        for ours, wanted in zip(values, exact[11 * 40:]):
            self.assertAlmostEqual(ours, wanted, delta=5e-5)
        for name in ("out", "out.zip"):
            out, _ = self.ganymede("data", name, "--json")
            report = json.loads(out)
            self.assertEqual([(c["name"], c["count"]) for c in report["classes"]], [("w0", 4), ("w1", 4), ("w2", 4)])
            self.assertEqual((report["shape"], report["sounds"]["rates"]), ([1, 40, 1], [{"name": "4000", "count": 12}]))

    def test_damaged_files_are_listed(self):
        (self.folder / "words/w0/bad.wav").write_bytes(b"RIFF\4\0\0\0WAVE")
        good = (self.folder / "words/w1/0.wav").read_bytes()
        (self.folder / "words/w1/cut.wav").write_bytes(good[:100])
        out, _ = self.ganymede("data", "words", "--check", code=1)
        self.assertEqual([line.split(":")[0] for line in out.splitlines()], ["words/w0/bad.wav", "words/w1/cut.wav"])
        out, err = self.ganymede("data", "words", "--window", "32", code=1)
        self.assertIn("damaged       2 files", out)
        _, err = self.ganymede("train", "sound.yaml", code=1)
        self.assertRegex(err, "words/w0/bad.wav: cannot be read as WAV: .*\n$")

    @unittest.skipUnless(shutil.which("espeak-ng"), "needs espeak-ng")
    def test_spoken_digits_are_made_in_two_splits(self):
        script = pathlib.Path(__file__).resolve().parents[2] / "tools/spoken_digits.sh"
        done = subprocess.run([script, "--quick", "digits"], cwd=self.folder, capture_output=True, text=True, timeout=300)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(done.stdout, "digits/train: 160 clips of 10 words by 4 voices\n"
                                      "digits/test: 40 clips of 10 words by 1 voices\n")
        for split, each in (("train", 16), ("test", 4)):
            out, _ = self.ganymede("data", "digits", "--split", split, "--rate", "8000", "--window", "4096", "--trim", "--json")
            report = json.loads(out)
            self.assertEqual([c["count"] for c in report["classes"]], [each] * 10)
            self.assertEqual((report["shape"], report["duplicates"], report["sounds"]["silent"]), ([1, 4096, 1], 0, 0))
        again = subprocess.run([script, "--quick", "digits"], cwd=self.folder, capture_output=True, text=True, timeout=300)
        self.assertEqual((again.returncode, again.stderr.count("\n")), (1, 1))

    def test_refusals(self):
        self.train("--out", "a")
        self.ganymede("train", "tiny.yaml", "--out", "b", "--quiet")
        for words, code, says in (
                (("sample", "b", "-o", "s.wav"), 1, "s.wav: WAV holds sounds, not images"),
                (("sample", "a", "--depth", "8", "-o", "s.wav"), 1, "s.wav: WAV holds values of 16, 24 or 32 bits, not 8"),
                (("sample", "a", "--depth", "32", "-o", "s.flac"), 1, "FLAC holds values of 16 or 24 bits, not 32"),
                (("sample", "a", "-o", "s.csv"), 1, "CSV holds points and rows of tables, not sounds"),
                (("data", "words", "--size", "8"), 1, "is a folder of sounds, and --size is for images"),
                (("data", "images", "--window", "8"), 1, "--sound is for sounds"),
                (("data", "words", "--longer", "stretch"), 2, "--longer expects cut or slice, not 'stretch'"),
                (("data", "words", "--rate", "0"), 2, "--rate expects 1 to 768000"),
                (("train", "sound.yaml", "--set", "data.sound={rat: 8000}"), 1, "unknown key in data.sound 'rat'"),
                (("train", "sound.yaml", "--set", "data.sound.window=0"), 1, "give data.sound.window")):
            with self.subTest(words=words):
                _, err = self.ganymede(*words, code=code)
                self.assertIn(says, err)
                self.assertEqual(err.count("\n"), 1)
        self.assertFalse((self.folder / "s.wav").exists())


SPECTROGRAMS = """\
name: tiny-spectrogram
seed: 3
steps: 4
data: { source: words, channels: 1, sound: { rate: 8000, window: 64, bands: 8, spectrum: 16, hop: 8 }, batch: 8 }
latent: { size: 4 }
generator:
  - embed: { classes: 3, size: 2 }
  - dense: 64
  - reshape: [1, 8, 8]
  - tanh
discriminator:
  - conv: { channels: 4, kernel: 3, stride: 2, padding: 1 }
  - leaky_relu: 0.2
  - flatten
  - projection: { classes: 3 }
log: { every: 2, samples: 2, checkpoint: 2 }
"""
RATE, WINDOW = 8000, 1024


def tone(hertz, level=.5, seed=None):
    rng = random.Random(seed)
    return [level * math.sin(2 * math.pi * hertz * t / RATE) + (rng.gauss(0, .002) if seed is not None else 0)
            for t in range(WINDOW)]


class Spectrograms(CommandTest):
    def setUp(self):
        super().setUp()
        write_sounds(self.folder / "words", words=3)
        (self.folder / "spectrogram.yaml").write_text(SPECTROGRAMS)

    def train(self, *options):
        return self.ganymede("train", "spectrogram.yaml", "--no-tune", "--quiet", *options)

    def test_samples_are_images_that_sound(self):
        self.train("--out", "a")
        self.ganymede("sample", "a", "--seeds", "0-5", "-o", "s.npy")
        shape, values = read_npy(self.folder / "s.npy")
        self.assertEqual(shape, (6, 1, 8, 8))
        self.assertTrue(all(-1 <= value <= 1 for value in values))
        self.ganymede("sample", "a", "--seeds", "0-5", "-o", "s.wav")
        rate, [whole] = read_wav(self.folder / "s.wav")
        self.assertEqual((rate, len(whole)), (RATE, 6 * 64))
        self.assertGreater(max(map(abs, whole)), .001)
        self.ganymede("sample", "a", "--seeds", "0-5", "-o", "d")
        for seed in range(6):
            rate, [one] = read_wav(self.folder / "d" / f"w{seed % 3}" / f"0000000{seed}.wav")
            self.assertEqual(one, whole[64 * seed:64 * seed + 64])
        self.ganymede("sample", "a", "--seeds", "0-5", "-o", "s.png")
        self.assertTrue((self.folder / "s.png").read_bytes().startswith(b"\x89PNG"))

    def test_resumed_runs_continue_bit_for_bit(self):
        self.train("--out", "whole")
        self.train("--out", "half", "--steps", "2")
        self.ganymede("train", "--resume", "half", "--steps", "4", "--quiet")
        self.assert_same_weights(self.folder / "whole/checkpoints/00000004.safetensors",
                                 self.folder / "half/checkpoints/00000004.safetensors")

    def test_what_is_not_said_stands_in_the_recipe_of_the_run(self):
        (self.folder / "spectrogram.yaml").write_text(
            SPECTROGRAMS.replace("window: 64, bands: 8, spectrum: 16, hop: 8", "window: 512, bands: 8"))
        self.train("--out", "a")
        self.assertIn("bands: 8, spectrum: 256, hop: 64, floor: 0.001}", (self.folder / "a/recipe.yaml").read_text())
        _, err = self.ganymede("train", "spectrogram.yaml", "--resume", "a", "--steps", "6")
        self.assertNotIn("differs", err)

    def test_refusals(self):
        for setting, says in (
                ("data.sound.hop=9", "words: spectra of 16 values, one every 9: give 1 to 8, half of a window"),
                ("data.sound.spectrum=15", "words: a spectrum of 15 values: give an even number, 16 to 65536"),
                ("data.sound.bands=2000", "data.sound.bands"),
                ("data.sound.bands=4", "the generator makes 1x8x8, but the data are 1x4x8"),
                ("data.source=images", "--set data.source=images")):
            with self.subTest(setting=setting):
                _, err = self.ganymede("train", "spectrogram.yaml", "--set", setting, code=1)
                self.assertEqual(err.count("\n"), 1)
                if "images" not in setting:
                    self.assertIn(says, err)
                else:
                    self.assertIn("sound is for sounds", err)


class Measures(CommandTest):
    """Three tones, whose pitch varies: classes a classifier hears."""

    def setUp(self):
        super().setUp()
        self.rng = random.Random(5)
        for split, each in (("train", 40), ("test", 20)):
            self.write(f"tones/{split}", each, self.tone)

    def tone(self, word):
        return tone(500 + 800 * word + self.rng.uniform(-60, 60), self.rng.uniform(.2, .8))

    def write(self, folder, each, make):
        for word in range(3):
            (self.folder / folder / f"w{word}").mkdir(parents=True)
            for i in range(each):
                write_wav(self.folder / folder / f"w{word}" / f"{i}.wav", make(word))

    def measure(self, *words):
        env = {"XDG_CACHE_HOME": str(self.folder / "caches"), "GANYMEDE_CACHE": None, "POCL_EXTRA_BUILD_FLAGS": None}
        out, _ = self.ganymede("measure", *words, "--json", env=env)
        return json.loads(out)

    def test_other_sounds_are_farther_than_held_out_ones(self):
        self.write("noise", 20, lambda word: [self.rng.uniform(-.3, .3) for _ in range(WINDOW)])
        self.write("hiss", 20, lambda word: [v + self.rng.gauss(0, .002) for v in self.tone(word)])
        self.write("one", 20, lambda word: self.tone(1))
        keys = ("--features", "classifier", "--metrics", "frechet,class_entropy,class_confidence,memorisation,near_copies")
        test, noise, hiss, one = (self.measure("tones", folder, *keys) for folder in ("tones/test", "noise", "hiss", "one"))
        self.assertRegex(test["frechet"]["features"], r"^classifier \(accuracy (1\.00|\.9\d)\)$")
        self.assertGreater(noise["frechet"]["value"], 5 * test["frechet"]["value"])
        self.assertGreater(one["frechet"]["value"], 5 * test["frechet"]["value"])
        self.assertLess(hiss["frechet"]["value"], 2 * test["frechet"]["value"])  # the floor hides it
        self.assertGreater(test["class_entropy"]["value"], 1.05)  # of ln 3 = 1.099
        self.assertLess(one["class_entropy"]["value"], .2)
        self.assertGreater(test["class_confidence"]["value"], .9)
        self.assertEqual({name: c["fidelity"] > .9 for name, c in test["classes"].items()}, dict.fromkeys(("w0", "w1", "w2"), True))
        self.assertLess(one["classes"]["w0"]["fidelity"], .1)
        beside = test["sounds"]
        self.assertEqual([(name, row["n"]) for name, row in beside.items()],
                         [("samples", 60), ("held-out sounds", 60), ("random phases", 120), ("halves of two, glued", 120),
                          ("noise of 0.05 added", 120), ("silence", 120)])
        self.assertAlmostEqual(beside["samples"]["frechet"], test["frechet"]["value"])
        self.assertAlmostEqual(beside["samples"]["frechet"], beside["held-out sounds"]["frechet"], places=3)
        for wrong in ("random phases", "halves of two, glued", "silence"):
            self.assertGreater(beside[wrong]["frechet"], 2 * beside["samples"]["frechet"], wrong)
        self.assertLess(beside["silence"]["score"], 1.05)
        copies = self.measure("tones", "tones/train", *keys)
        self.assertEqual((copies["memorisation"]["value"], copies["near_copies"]["value"]), (1, 1))
        self.assertLess(test["memorisation"]["value"], .7)

    def test_runs_of_both_forms_are_heard_alike(self):
        said = "window: 64, bands: 8, spectrum: 16, hop: 8"
        forms = {"wave": ("window: 1024", "[1, 1024]"), "bands": ("window: 1024, bands: 8, spectrum: 256, hop: 128", "[1, 8, 8]")}
        for name, (sound, shape) in forms.items():
            (self.folder / f"{name}.yaml").write_text(
                SPECTROGRAMS.replace("source: words", "source: tones").replace(said, sound).replace("[1, 8, 8]", shape)
                .replace("dense: 64", "dense: 1024" if name == "wave" else "dense: 64"))
            self.ganymede("train", f"{name}.yaml", "--no-tune", "--quiet", "--steps", "2", "--out", name)
            found = self.measure("tones", name, "--samples", "60")
            self.assertIn("class_score", found)  # unasked, as it was told classes
            self.assertIn("memorisation", found)
            self.assertEqual(sorted(found["classes"]), ["w0", "w1", "w2"])
            self.assertEqual(found["frechet"]["range"], [-1, 1])


if __name__ == "__main__":
    unittest.main()
