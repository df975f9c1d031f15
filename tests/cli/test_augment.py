"""Augmented and balanced data: what training makes of them, and that a resumed run goes on with the same."""
import ast
import json
import pathlib
import struct
import unittest
import zipfile

from command import CommandTest, read_log, read_png, write_labelled, write_png

CLASSIFIER = """\
name: bands
data: { source: bands, range: [0, 1], batch: 6, resident: %(resident)s, balance: %(balance)s, augment: %(augment)s }
classifier: [ flatten, { dense: 8 }, relu, { dense: 3 } ]
optimizer: { classifier: { adam: { rate: 3e-3 } } }
seed: 5
steps: %(steps)s
log: { every: 5, samples: 0, checkpoint: 20 }
"""
AUGMENT = "{rotate: 10, translation: 0.1, flip: true, noise: 0.05, elastic: 0.05, crop: 0.9, border: edge}"


class AugmentTest(CommandTest):
    def setUp(self):
        super().setUp()
        write_labelled(self.folder / "bands", [60, 6, 9], [40, 40, 40])

    def train(self, out, *more, steps=40, resident="yes", balance="none", augment="null", code=0):
        text = CLASSIFIER % dict(resident=resident, balance=balance, augment=augment, steps=steps)
        (self.folder / f"{out}.yaml").write_text(text)
        return self.ganymede("train", f"{out}.yaml", "--out", out, "--quiet", *more, code=code)

    def weights(self, run, step=40):
        return self.folder / run / "checkpoints" / f"{step:08d}.safetensors"


class InTraining(AugmentTest):
    def test_a_resumed_run_goes_on_bit_for_bit(self):
        for resident in ("yes", "no"):
            with self.subTest(resident=resident):
                whole, halved = f"whole-{resident}", f"halved-{resident}"
                self.train(whole, resident=resident, balance="resample", augment=AUGMENT)
                self.train(halved, resident=resident, balance="resample", augment=AUGMENT, steps=20)
                self.ganymede("train", "--resume", halved, "--quiet", "--steps", 40)
                self.assert_same_weights(self.weights(whole), self.weights(halved))
                self.assertEqual(read_log(self.folder / whole), read_log(self.folder / halved))
        self.assert_same_weights(self.weights("whole-yes"), self.weights("whole-no"))

    def test_each_setting_changes_what_is_learnt(self):
        runs = {"plain": {}, "resampled": {"balance": "resample"}, "weighed": {"balance": "weights"},
                "augmented": {"augment": AUGMENT}, "never": {"augment": "{rotate: 10, probability: 0}"}}
        contents = {}
        for name, settings in runs.items():
            self.train(name, **settings)
            contents[name] = [line["loss"] for line in read_log(self.folder / name) if "loss" in line]
        for name in ("resampled", "weighed", "augmented"):
            self.assertNotEqual(contents["plain"], contents[name], name)
        for plain, never in zip(contents["plain"], contents["never"]):
            self.assertAlmostEqual(plain, never, places=4)

    def test_weights_are_those_of_the_counts(self):
        self.train("counted", balance="weights")
        given = (self.folder / "counted.yaml").read_text().replace("balance: weights", "balance: none")
        weights = [75 / (3 * count) for count in (60, 6, 9)]
        (self.folder / "given.yaml").write_text(given + f"class_weights: {weights}\n")
        self.ganymede("train", "given.yaml", "--out", "given", "--quiet")
        self.assert_same_weights(self.weights("counted"), self.weights("given"))

    def test_balance_raises_the_recall_of_rare_classes(self):
        recall = {}
        for balance in ("none", "resample", "weights"):
            self.train(balance, balance=balance, steps=60)
            out, _ = self.ganymede("evaluate", balance, "--json")
            recall[balance] = sum(json.loads(out)["recall"][k] for k in ("1", "2"))
        self.assertGreater(recall["resample"], recall["none"] + .1)
        self.assertGreater(recall["weights"], recall["none"] + .1)

    def test_what_cannot_be_is_said(self):
        for balance in ("resample", "weights"):
            self.refused("train", "tiny.yaml", "--out", "run", "--set", f"data.balance={balance}", code=1,
                         says="data.balance is for data with labels")
        self.refused("train", "points.yaml", "--out", "run", "--set", "data.augment={rotate: 10}", code=1,
                     says="data.augment is for images, which points are not")
        self.refused("train", "tiny.yaml", "--out", "run", "--set", "data.augment={saturation: [0.5, 2]}", code=1,
                     says="saturation is for images of red, green and blue, and these have 1 channels")
        (self.folder / "vae.yaml").write_text(
            "data: { source: bands, range: [0, 1], batch: 6, balance: weights }\nautoencoder: { kind: vae }\n"
            "latent: { size: 2 }\nencoder: [ flatten, { dense: 4 } ]\n"
            "decoder: [ { dense: 64 }, { reshape: [1, 8, 8] } ]\nsteps: 5\n")
        self.refused("train", "vae.yaml", "--out", "run", code=1, says="set data.balance to resample")
        self.train("both", balance="none")
        given = (self.folder / "both.yaml").read_text().replace("balance: none", "balance: weights")
        (self.folder / "both.yaml").write_text(given + "class_weights: [1, 2, 3]\n")
        self.refused("train", "both.yaml", "--out", "run", code=1, says="exclude each other")
        for augment, says in (("{rotate: 200}", "rotate must be [low, high] from -180 to 180"),
                              ("{scale: [2, 1]}", "scale must be"), ("{turn: 3}", "turn"), ("{crop: 2}", "crop must be"),
                              ("[rotate]", "data.augment must be"), ("{border: wrap}", "border must be one of")):
            self.refused("train", "points.yaml", "--out", "run", "--set", f"data.augment={augment}", code=1, says=says)


CONDITIONAL = """\
name: told
data: { source: bands, range: [0, 1], batch: 12, balance: resample }
latent: { size: 3, distribution: normal }
generator: [ { embed: { classes: 3, size: 3 } }, { dense: 8 }, relu, { dense: 64 }, sigmoid, { reshape: [1, 8, 8] } ]
discriminator: [ flatten, { embed: { classes: 3, size: 3 } }, { dense: 8 }, { leaky_relu: 0.2 }, { dense: 1 } ]
loss: non_saturating
optimizer: { generator: { adam: { rate: 1e-2 } }, discriminator: { adam: { rate: 1e-2 } } }
steps: 60
log: { every: 20, samples: 0, checkpoint: 60 }
"""


def read_npz(path):
    """{name: (type, shape, values)} of an archive of arrays."""
    arrays = {}
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            content = archive.read(name)
            length = struct.unpack("<H", content[8:10])[0]
            header = ast.literal_eval(content[10:10 + length].decode())
            kind, data = header["descr"], content[10 + length:]
            codes = {"|u1": "B", "<u2": "H", "<i4": "i", "<i8": "q", "<f4": "f"}
            code = codes.get(kind)
            values = struct.unpack(f"<{len(data) // struct.calcsize(code)}{code}", data) if code else data
            arrays[name.removesuffix(".npy")] = (kind, header["shape"], values)
    return arrays


def save_npy(path, kind, code, values, shape):
    header = str({"descr": kind, "fortran_order": False, "shape": shape}).encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    path.write_bytes(b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header +
                     struct.pack(f"<{len(values)}{code}", *values))


class OfDataSets(AugmentTest):
    def augment(self, *arguments, **more):
        return self.ganymede("augment", *arguments, **more)

    def images(self, name, size=64):
        values = read_npz(self.folder / name)["x"][2]
        return [values[i:i + size] for i in range(0, len(values), size)]

    def test_classes_become_as_large_as_the_largest(self):
        out, _ = self.augment("bands", "-o", "more.npz", "--balance", "--rotate", "20")
        self.assertEqual(out.splitlines(), ["0: 60 items, 0 new", "1: 6 items, 54 new", "2: 9 items, 51 new",
                                            "bands: its training split alone was read (--split test: the other)",
                                            "more.npz"])
        out, _ = self.augment("bands", "-o", "test.npz", "--split", "test", "--rotate", "20")
        self.assertEqual(out.splitlines(), ["0: 40 items, 40 new", "1: 40 items, 40 new", "2: 40 items, 40 new",
                                            "test.npz"])
        more = read_npz(self.folder / "more.npz")
        self.assertEqual(more["x"][:2], ("|u1", (180, 8, 8)))
        self.assertEqual([more["y"][2].count(k) for k in range(3)], [60, 60, 60])
        seeds = more["seeds"][2]
        self.assertEqual([seed < 0 for seed in seeds], [True] * 75 + [False] * 105)
        self.assertEqual(len(set(seeds[75:])), 105)
        self.augment("bands", "-o", "ten.npz", "--balance", 10, "--rotate", "20")
        self.assertEqual([read_npz(self.folder / "ten.npz")["y"][2].count(k) for k in range(3)], [60, 10, 10])

    def test_an_image_depends_on_its_seed_alone(self):
        common = ("--only-new", "--rotate", "30", "--noise", ".1", "--flip", "--elastic", ".1")
        for name, more in (("one", ()), ("two", ("--count", 2)), ("other", ("--seed", 64))):
            self.augment("bands", "-o", f"{name}.npz", *common, *more)
        one, two, other = self.images("one.npz"), self.images("two.npz"), self.images("other.npz")
        self.assertEqual((len(one), len(two)), (75, 150))
        self.assertEqual(one[:60], two[:60])  # of the first class
        self.assertNotEqual(one, other)
        self.assertEqual(len(set(one)), 75)
        self.augment("bands", "-o", "again.npz", *common)
        self.assertEqual((self.folder / "one.npz").read_bytes(), (self.folder / "again.npz").read_bytes())

    def test_whole_turns_move_pixels_and_change_none(self):
        rows = [[(17 * y + 5 * x) % 256 for x in range(6)] for y in range(6)]
        (self.folder / "one").mkdir()
        write_png(self.folder / "one" / "a.png", rows)
        self.augment("one", "--rotate", "90-90")
        turned = [bytes(rows[x][5 - y] for x in range(6)) for y in range(6)]
        self.assertEqual(read_png(self.folder / "one-augmented" / "00000000-00000000.png")[2], turned)
        self.assertEqual(read_png(self.folder / "one-augmented" / "00000000.png")[2], [bytes(row) for row in rows])

    def test_opacity_moves_with_the_colours_and_is_none(self):
        rows = [[v for x in range(6) for v in (17 * y, 40 * x, 100, 255 if x < y else 60)] for y in range(6)]
        (self.folder / "one").mkdir()
        write_png(self.folder / "one" / "a.png", rows, channels=4)
        self.augment("one", "--rotate", "90-90", "--brightness", ".2-.2")
        made = read_png(self.folder / "one-augmented" / "00000000-00000000.png")[2]
        for y in range(6):
            for x in range(6):
                was, now = rows[x][(5 - y) * 4:(5 - y) * 4 + 4], made[y][x * 4:x * 4 + 4]
                self.assertEqual(now[3], was[3])
                for c in range(3):
                    self.assertLessEqual(abs(now[c] - min(255, was[c] + 51)), 1)
        self.assertEqual(read_png(self.folder / "one-augmented" / "00000000.png")[2], [bytes(row) for row in rows])

    def test_what_changes_nothing_or_less_than_asked_is_said(self):
        _, err = self.augment("bands", "-o", "a.npz", "--saturation", "0-2", "--flip")
        self.assertIn("bands: has no colours: saturation changes nothing", err)
        self.refused("augment", "bands", "-o", "b.npz", "--saturation", "0-2", code=1,
                     says="has no colours, which is all that saturation changes")
        save_npy(self.folder / "wide.npy", "<f8", "d", [i / 7 for i in range(72)], (2, 6, 6))
        for out, command in (("c.npz", ("augment", "wide.npy", "--flip")), ("d.npz", ("data", "wide.npy"))):
            _, err = self.ganymede(*command, "-o", out)
            self.assertIn("wide.npy: its values of 64 bits bec", err)

    def test_samples_come_into_the_range_of_floats(self):
        (self.folder / "told.yaml").write_text(CONDITIONAL.replace("[0, 1], batch", "[-1, 1], batch").replace("sigmoid", "tanh"))
        self.ganymede("train", "told.yaml", "--out", "told", "--quiet")
        images = (self.folder / "bands" / "train-images-idx3-ubyte").read_bytes()[16:]
        labels = (self.folder / "bands" / "train-labels-idx1-ubyte").read_bytes()[8:]
        made = {}
        for name, white in (("ones", 1), ("bytes", 255), ("odd", 1000)):
            save_npy(self.folder / f"{name}.npy", "<f4", "f", [v * white / 255 for v in images], (75, 8, 8))
            save_npy(self.folder / f"{name}_labels.npy", "<i4", "i", labels, (75,))
            arguments = (f"{name}.npy", "-o", f"{name}.npz", "--with", "told", "--only-new")
            if name == "odd":
                self.refused("augment", *arguments, code=1, says="nothing says what is black and white")
            else:
                self.augment(*arguments)
                made[name] = read_npz(self.folder / f"{name}.npz")["x"][2]
        self.ganymede("sample", "told", "--seeds", "0-59", "--class", 0, "-o", "same.npz")
        same = read_npz(self.folder / "same.npz")["samples"][2]
        for sample, one, byte in zip(same, made["ones"], made["bytes"]):
            self.assertAlmostEqual((sample + 1) / 2, one, places=5)
            self.assertAlmostEqual((sample + 1) / 2, byte / 255, places=5)

    def test_depth_and_channels_stay(self):
        deep = [(i * 977) % 65536 for i in range(3 * 36)]
        save_npy(self.folder / "deep.npy", "<u2", "H", deep, (3, 6, 6))
        self.augment("deep.npy", "-o", "deep.npz", "--rotate", "90-90")
        arrays = read_npz(self.folder / "deep.npz")
        self.assertEqual((arrays["x"][0], arrays["x"][1]), ("<u2", (6, 6, 6)))
        self.assertEqual(list(arrays["x"][2][:108]), deep)
        self.assertEqual(list(arrays["x"][2][108:144]), [deep[x * 6 + 5 - y] for y in range(6) for x in range(6)])
        floats = [(i % 53) * 2.5 - 7 for i in range(2 * 5 * 36)]
        save_npy(self.folder / "floats.npy", "<f4", "f", floats, (2, 5, 6, 6))
        self.augment("floats.npy", "-o", "floats.npz", "--rotate", "90-90", "--only-new")
        kind, shape, values = read_npz(self.folder / "floats.npz")["x"]
        self.assertEqual((kind, shape), ("<f4", (2, 5, 6, 6)))
        for c in range(10):
            for y in range(6):
                for x in range(6):
                    self.assertAlmostEqual(values[c * 36 + y * 6 + x], floats[c * 36 + x * 6 + 5 - y], places=3)
        self.augment("floats.npy", "-o", "floats", "--rotate", "90-90")
        self.augment("floats", "-o", "again.npz", "--flip", "--only-new")
        self.assertEqual(read_npz(self.folder / "again.npz")["x"][:2], ("<f4", (4, 5, 6, 6)))

    def test_a_folder_of_classes_is_a_data_set_again(self):
        self.augment("bands", "-o", "more.zip", "--balance", "--shift", ".2")
        out, _ = self.ganymede("data", "more.zip", "--json")
        report = json.loads(out)
        self.assertEqual([k["count"] for k in report["classes"]], [60, 60, 60])

    def test_a_classifier_refuses_what_it_does_not_take_for_the_class(self):
        self.train("judge", balance="resample", steps=60)
        out, _ = self.augment("bands", "-o", "kept.npz", "--rotate", "180", "--agree", "judge", "--at", ".6")
        self.assertIn("refused", out)
        kept = read_npz(self.folder / "kept.npz")
        self.assertEqual(kept["y"][2].count(0), 120)
        self.augment("bands", "-o", "all.npz", "--rotate", "180")
        self.assertNotEqual(kept["x"][2], read_npz(self.folder / "all.npz")["x"][2])
        _, err = self.augment("bands", "-o", "few.npz", "--brightness", "-1--1", "--agree", "judge", "--at", "1")
        self.assertIn("the classifier refused too many", err)

    def test_samples_of_a_conditional_generator_have_its_labels(self):
        (self.folder / "told.yaml").write_text(CONDITIONAL)
        self.ganymede("train", "told.yaml", "--out", "told", "--quiet")
        self.augment("bands", "-o", "made.npz", "--balance", "--with", "told", "--only-new", "--seed", 1000)
        made = read_npz(self.folder / "made.npz")
        self.assertEqual([made["y"][2].count(k) for k in range(3)], [0, 54, 51])
        self.assertEqual(made["seeds"][2][0], 1000)
        self.ganymede("sample", "told", "--seeds", "1000-1053", "--class", 1, "-o", "same.npz")
        same = read_npz(self.folder / "same.npz")
        for byte, value in zip(made["x"][2], same["samples"][2]):
            self.assertLessEqual(abs(byte - 255 * value), .501)
        self.ganymede("sample", "told", "--seeds", "0-5", "-o", "six.npy")
        out, _ = self.ganymede("data", "six.npy")
        self.assertIn("labels        of six_labels.npy, which lies beside it", out.splitlines())
        out, _ = self.ganymede("data", "six.npy", "--json")
        self.assertEqual([k["count"] for k in json.loads(out)["classes"]], [2, 2, 2])
        self.ganymede("sample", "told", "--seeds", "0-5", "-o", "flat", "--flat")
        self.assertEqual((self.folder / "flat" / "labels.csv").read_text().splitlines(),
                         ["file,label"] + [f'{seed:08d}.png,"{seed % 3}"' for seed in range(6)])
        out, _ = self.ganymede("data", "flat", "--json")
        self.assertEqual([k["count"] for k in json.loads(out)["classes"]], [2, 2, 2])
        self.refused("sample", "told", "-o", "x.png", "--flat", code=2, says="--flat is of a folder's files")
        self.ganymede("train", "tiny.yaml", "--out", "untold", "--quiet")
        self.refused("sample", "untold", "-o", "x", "--flat", code=1, says="is not told a class")
        self.refused("augment", "bands", "-o", "no.npz", "--with", "untold", code=1, says="is not told a class")

    def test_what_cannot_be_is_said(self):
        for arguments, code, says in (
                (("bands",), 2, "nothing to augment with"),
                (("bands", "--rotate", "200"), 2, "rotate must be"),
                (("bands", "--scale", "1.1-0.9"), 2, "scale must be"),
                (("bands", "--flip", "--count", 2, "--balance"), 2, "exclude each other"),
                (("bands", "--flip", "--at", ".5"), 2, "there is none"),
                (("bands", "--flip", "-o", "bands/in"), 1, "lies in it"),
                (("images", "--flip", "--balance"), 1, "images: has no labels"),
                (("ring8", "--flip"), 1, "only images can be augmented"),
                (("bands", "--flip", "--agree", "nowhere"), 1, "nowhere")):
            with self.subTest(arguments=arguments):
                self.refused("augment", *arguments, code=code, says=says)
        self.assertFalse((self.folder / "bands-augmented").exists())


class ChosenClasses(AugmentTest):
    """A conditional generator that was trained on some classes of the data is told these alone."""

    def setUp(self):
        super().setUp()
        text = CONDITIONAL.replace("data: {", "data: { classes: [2, 0],") + "monitor: { every: 30 }\n"
        (self.folder / "some.yaml").write_text(text)
        self.ganymede("train", "some.yaml", "--out", "some", "--quiet")

    def test_seeds_are_of_these_classes(self):
        self.ganymede("sample", "some", "--seeds", "0-5", "-o", "six.npz")
        self.assertEqual(read_npz(self.folder / "six.npz")["labels"][2], (0, 2, 0, 2, 0, 2))
        self.ganymede("sample", "some", "--seeds", "0-5", "-o", "six/")
        self.assertEqual(sorted(path.name for path in (self.folder / "six").iterdir() if path.is_dir()), ["0", "2"])
        found = {}
        for label in 0, 2:
            self.ganymede("sample", "some", "--seeds", "3", "--class", label, "-o", f"{label}.npz")
            found[label] = read_npz(self.folder / f"{label}.npz")["samples"][2]
        self.assertEqual(read_npz(self.folder / "six.npz")["samples"][2][3 * 64:4 * 64], found[2])
        self.ganymede("interpolate", "some", "--seeds", "3,4", "--frames", 2, "-o", "way.npz")
        self.assertEqual(read_npz(self.folder / "way.npz")["samples"][2][:64], found[2])

    def test_others_are_refused(self):
        self.refused("sample", "some", "--class", 1, "-o", "no.png", code=1,
                     says="none of those that this generator was trained on (data.classes): 2, 0")
        self.refused("interpolate", "some", "--seeds", "0,1", "--class", "0,1", "--frames", 4, "-o", "no.png", code=1,
                     says="data.classes")

    def test_figures_are_of_these_classes(self):
        out, _ = self.ganymede("evaluate", "some", "--count", 60, "--json")
        self.assertEqual(sorted(json.loads(out)["label_fidelity"]), ["0", "2"])
        out, _ = self.ganymede("measure", "bands", "some", "--samples", 60, "--features", "classifier", "--json")
        classes = json.loads(out)["classes"]
        self.assertEqual({k: figures["n"] for k, figures in classes.items()}, {"0": 30, "1": 0, "2": 30})
        for figures in classes.values():
            self.assertAlmostEqual(figures["chance"], .5)


class LabelFidelity(AugmentTest):
    def classes(self, fake):
        out, _ = self.ganymede("measure", "bands", fake, "--metrics", "frechet", "--features", "classifier", "--json")
        return json.loads(out)["classes"]

    def test_images_under_other_labels_are_told_from_those_under_their_own(self):
        write_labelled(self.folder / "bands", [60, 60, 60], [40, 40, 40])
        own, moved = self.folder / "own", self.folder / "moved"
        for folder, by in ((own, 0), (moved, 1)):
            folder.mkdir()
            name = "train-labels-idx1-ubyte"
            labels = (self.folder / "bands" / name).read_bytes()
            (folder / name).write_bytes(labels[:8] + bytes((label + by) % 3 for label in labels[8:]))
            images = "train-images-idx3-ubyte"
            (folder / images).write_bytes((self.folder / "bands" / images).read_bytes())
        for name, figures in self.classes("own").items():
            self.assertEqual(figures["fidelity"], figures["real"])
            self.assertAlmostEqual(figures["spread"], figures["real_spread"], places=5)
            self.assertGreater(figures["fidelity"], .8)
            self.assertAlmostEqual(figures["chance"], 1 / 3, places=6)
        for name, figures in self.classes("moved").items():
            self.assertLess(figures["fidelity"], .2)
            self.assertGreater(figures["real"], .8)

    def test_spread_of_one_image_again_and_again_is_none(self):
        rows = (self.folder / "bands" / "train-images-idx3-ubyte").read_bytes()
        labels = (self.folder / "bands" / "train-labels-idx1-ubyte").read_bytes()
        same = self.folder / "same"
        same.mkdir()
        first = {label: 16 + 64 * i for i, label in reversed(list(enumerate(labels[8:])))}
        (same / "train-images-idx3-ubyte").write_bytes(
            rows[:16] + b"".join(rows[first[label]:first[label] + 64] for label in labels[8:]))
        (same / "train-labels-idx1-ubyte").write_bytes(labels)
        for figures in self.classes("same").values():
            self.assertLess(figures["spread"], 1e-3 * figures["real_spread"])

    def test_classes_of_one_side_alone_are_left_out(self):
        def folder(name, classes):
            for k, count in classes.items():
                (self.folder / name / k).mkdir(parents=True)
                for i in range(count):
                    rows = [[(40 * i + 13 * x * y) % 60 + (180 if y // 3 == "abc".find(k) else 0) for x in range(9)]
                            for y in range(9)]
                    write_png(self.folder / name / k / f"{i}.png", rows)

        folder("real", {"a": 20, "b": 20, "c": 20})
        folder("partly", {"b": 12, "d": 8})
        folder("strange", {"d": 6, "e": 4})
        common = ("--metrics", "frechet", "--features", "classifier", "--json")
        out, err = self.ganymede("measure", "real", "partly", *common)
        classes = json.loads(out)["classes"]
        self.assertEqual({k: figures["n"] for k, figures in classes.items()}, {"a": 0, "b": 12, "c": 0})
        self.assertEqual(classes["b"]["fidelity"], 1)
        self.assertIn("partly: 8 of its 20 samples are of classes that real has not (d): figures by class", err)
        out, err = self.ganymede("measure", "real", "strange", *common)
        self.assertNotIn("classes", json.loads(out))
        self.assertIn("strange: 10 of its 10 samples are of classes that real has not (d, e)", err)

    def test_a_conditional_run_is_evaluated_by_class(self):
        (self.folder / "told.yaml").write_text(CONDITIONAL)
        self.ganymede("train", "told.yaml", "--out", "told", "--quiet")
        out, _ = self.ganymede("evaluate", "told", "--count", 90, "--json")
        found = json.loads(out)
        for key in ("label_fidelity", "real_fidelity", "spread", "real_spread"):
            self.assertEqual(sorted(found[key]), ["0", "1", "2"], key)
        self.assertEqual(found["count"], 90)
        out, _ = self.ganymede("measure", "bands", "told", "--samples", 90, "--metrics", "frechet", "--features",
                               "classifier", "--json")
        classes = json.loads(out)["classes"]
        self.assertEqual([classes[k]["n"] for k in "012"], [30, 30, 30])
        self.assertEqual({k: classes[k]["fidelity"] for k in "012"}, found["label_fidelity"])
        text, _ = self.ganymede("evaluate", "told", "--count", 90)
        self.assertIn("step 60, 90 samples; shares of each class", text)
        text, _ = self.ganymede("measure", "bands", "told", "--samples", 90, "--features", "classifier")
        self.assertIn("label fidelity", text)


if __name__ == "__main__":
    unittest.main()
