"""Measuring through the command: every kind of side, every key beside its control, and what is refused."""
import array
import collections
import json
import math
import random
import struct
import tempfile
import unittest

from command import CommandTest, read_safetensors, write_labelled

SEED = 20240611
UNPAIRED = ["entropy_real", "entropy_fake", "joint_entropy", "mutual_information", "conditional_entropy", "jsd", "kl",
            "reverse_kl", "frechet", "kid", "precision", "recall", "density", "coverage"]
FIELDS = ["value", "control", "n", "duplicates", "features", "range", "flags"]
MODES = ("--metrics", "modes,mode_reverse_kl")
CONVOLUTIONS = """\
name: labelled
data: { source: %(data)s, size: 16, range: [-1, 1], batch: 8 }
latent: { size: 4 }
generator:
  - embed: { classes: 3, size: 4 }
  - dense: 256
  - tanh
  - reshape: [1, 16, 16]
discriminator:
  - flatten
  - dense: 8
  - leaky_relu: 0.2
  - projection: { classes: 3 }
loss: non_saturating
optimizer: { generator: { adam: { rate: 1e-3 } }, discriminator: { adam: { rate: 1e-3 } } }
steps: 2
log: { every: 2, samples: 0, checkpoint: 2 }
"""
MOVING = """\
name: moving
data: { source: moving-mnist, folder: %(folder)s, count: 300, range: [-1, 1], batch: 8 }
latent: { size: 4 }
generator: [{ dense: 8192 }, tanh, { reshape: [1, 8, 32, 32] }]
discriminator: [flatten, { dense: 1 }]
loss: non_saturating
optimizer: { generator: { adam: { rate: 1e-3 } }, discriminator: { adam: { rate: 1e-3 } } }
steps: 2
log: { every: 2, samples: 0, checkpoint: 2 }
"""
STACKED = """\
name: stacked
data: { source: %(source)s, folder: %(folder)s, range: [-1, 1], batch: 8 }
latent: { size: 4 }
generator: [ { dense: 300 }, tanh, { reshape: [3, 10, 10] } ]
discriminator: [ flatten, { dense: 1 } ]
loss: non_saturating
optimizer: { generator: { adam: { rate: 1e-3 } }, discriminator: { adam: { rate: 1e-3 } } }
steps: 2
log: { every: 2, samples: 0, checkpoint: 2 }
monitor: { metrics: [] }
"""


def write_npy(path, shape, values, kind="f"):
    descr = {"f": "<f4", "B": "|u1"}[kind]
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {tuple(shape)}, }}"
    header += " " * (63 - (len(header) + 10) % 64) + "\n"
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() +
                     array.array(kind, values).tobytes())


def gauss(rows, columns, seed, shift=0.):
    rng = random.Random(SEED + seed)
    return [[rng.gauss(shift, 1) for _ in range(columns)] for _ in range(rows)]


def flat(rows):
    return [value for row in rows for value in row]


def mode_reverse_kl(labels):
    counts = collections.Counter(labels).values()
    return sum(n / len(labels) * math.log(1000 * n / len(labels)) for n in counts)


def write_blocks(folder, size=10):
    """Files of MNIST's form in which images of class k are bright in the k-th of 5 x 2 blocks. Returns the test images
    of each class."""
    folder.mkdir(exist_ok=True)
    rng = random.Random(SEED)
    for name, number in ("train", 1200), ("t10k", 200):
        labels = bytes(i % 10 for i in range(number))
        images = [bytes(rng.randrange(60) + 180 * (y * 2 // size * 5 + x * 5 // size == label)
                        for y in range(size) for x in range(size)) for label in labels]
        (folder / f"{name}-images-idx3-ubyte").write_bytes(struct.pack(">IIII", 0x803, number, size, size) +
                                                           b"".join(images))
        (folder / f"{name}-labels-idx1-ubyte").write_bytes(struct.pack(">II", 0x801, number) + labels)
    return [images[label::10] for label in range(10)]


class MeasureTest(CommandTest):
    def npy(self, name, rows, kind="f", shape=None):
        write_npy(self.folder / name, shape or (len(rows), len(rows[0])), flat(rows), kind)
        return name

    def measure(self, *arguments, **more):
        out, err = self.ganymede("measure", *arguments, "--json", **more)
        self.assertEqual(err, "")
        self.assertEqual(len(out.splitlines()), 1)
        found = json.loads(out)
        for figures in found.pop("classes", {}).values():
            self.assertEqual(list(figures), ["n", "fidelity", "real", "chance", "spread", "real_spread"])
        self.clips = found.pop("clips", {})
        for key, figure in found.items():
            self.assertEqual(list(figure), FIELDS, key)
        return found


class Measure(MeasureTest):
    def labelled(self, count=240):
        """A folder of 16 x 16 images in 3 classes that differ in where they are bright; test images of the same kind.
        Sorted by class."""
        folder = self.folder / "labelled"
        folder.mkdir()
        rng = random.Random(SEED)
        for name, number in ("train", count), ("t10k", 60):
            labels = bytes(3 * i // number for i in range(number))
            pixels = bytes(min(255, rng.randrange(60) + 180 * (y // 6 == label)) for label in labels
                           for y in range(16) for _ in range(16))
            (folder / f"{name}-images-idx3-ubyte").write_bytes(struct.pack(">IIII", 0x803, number, 16, 16) + pixels)
            (folder / f"{name}-labels-idx1-ubyte").write_bytes(struct.pack(">II", 0x801, number) + labels)
        return folder

    def test_every_key_with_its_control_tells_same_from_shifted(self):
        real, same = self.npy("real.npy", gauss(600, 3, 1)), self.npy("same.npy", gauss(600, 3, 2))
        far = self.npy("far.npy", gauss(600, 3, 3, 2.))
        close, apart = self.measure(real, same), self.measure(real, far)
        self.assertEqual(list(close), UNPAIRED)
        for figure in close.values():
            self.assertEqual((figure["n"], figure["features"], figure["range"]), (600, "identity", None))
            self.assertIsNotNone(figure["control"])
        # Truth: 3 ln(2 pi e) / 2 = 4.257; KL = 6; Frechet = 12.
        self.assertAlmostEqual(close["entropy_real"]["value"], 4.257, delta=.3)
        self.assertAlmostEqual(close["joint_entropy"]["value"],
                               close["entropy_real"]["value"] + close["entropy_fake"]["value"], delta=1e-5)
        self.assertAlmostEqual(apart["frechet"]["value"], 12, delta=1.5)
        self.assertGreater(apart["kl"]["value"], 2)
        self.assertGreater(apart["jsd"]["value"], .4)
        self.assertAlmostEqual(apart["conditional_entropy"]["value"] + apart["jsd"]["value"], .6931, delta=1e-3)
        for key in ("kl", "jsd", "frechet", "kid"):
            self.assertLess(close[key]["value"], apart[key]["value"], key)
            self.assertEqual(close[key]["control"], apart[key]["control"], key)
            self.assertLess(apart[key]["control"], .3, key)
        self.assertGreater(close["frechet"]["control"], 1e-4)  # of two halves, not of one twice
        for key in ("precision", "recall", "coverage"):
            self.assertGreater(close[key]["value"], .8, key)
            self.assertLess(apart[key]["value"], .5, key)

    def test_direction_of_the_divergences(self):
        """Fakes on one of two clusters: what is missing shows in kl, recall and coverage, not the other way."""
        halves = [[x + (20 if i % 2 else 0), y] for i, (x, y) in enumerate(gauss(600, 2, 1))]
        found = self.measure(self.npy("two.npy", halves), self.npy("one.npy", gauss(600, 2, 2)),
                             "--metrics", "recall,kl,reverse_kl,precision")
        self.assertEqual(list(found), ["kl", "reverse_kl", "precision", "recall"])
        self.assertGreater(found["kl"]["value"], 2 * found["reverse_kl"]["value"])
        self.assertGreater(found["precision"]["value"], .9)
        self.assertLess(found["recall"]["value"], .6)

    def test_paired_rows_share_information_and_the_control_does_not(self):
        x, noise = gauss(500, 1, 1), gauss(500, 1, 2)
        y = [[.9 * a[0] + .19 ** .5 * b[0]] for a, b in zip(x, noise)]
        found = self.measure(self.npy("x.npy", x), self.npy("y.npy", y), "--paired", "--metrics",
                             "entropy_real,mutual_information,conditional_entropy")
        information = found["mutual_information"]["value"]
        self.assertAlmostEqual(information, .83, delta=.15)  # -ln(1 - .81) / 2
        self.assertLess(found["mutual_information"]["control"], .15)
        self.assertAlmostEqual(found["conditional_entropy"]["value"], found["entropy_real"]["value"] - information,
                               delta=1e-5)
        self.npy("short.npy", x[:400])
        self.refused("measure", "x.npy", "short.npy", "--paired", code=1,
                     says=["x.npy has 500 rows and short.npy 400", "pairs need equally many"])

    def test_tables_and_arrays_give_the_same_figures(self):
        rows = [[round(v, 3) for v in row] for row in gauss(200, 2, 1)]
        (self.folder / "rows.csv").write_text("a,b\n" + "".join(f"{a},{b}\n" for a, b in rows))
        self.npy("rows.npy", rows)
        self.npy("other.npy", gauss(200, 2, 2))
        metrics = ("--metrics", "frechet,kl")
        of_text = self.measure("rows.csv", "other.npy", *metrics)
        self.assertEqual(of_text, self.measure("rows.npy", "other.npy", *metrics))
        (self.folder / "bad.csv").write_text("1,2\n3,four\n")
        self.refused("measure", "other.npy", "bad.csv", code=1, says="bad.csv:2")

    def test_arrays_are_told_by_their_content(self):
        """An array is taken as it is, a data set is fitted to the run beside it."""
        self.ganymede("train", "tiny.yaml", "--out", "a", "--no-tune", "--quiet")
        write_npy(self.folder / "larger.npy", (20, 1, 10, 10), [i % 251 for i in range(2000)], "B")
        (self.folder / "larger").write_bytes((self.folder / "larger.npy").read_bytes())
        for name in "larger.npy", "larger":
            self.refused("measure", name, "a", "--metrics", "frechet", code=1, says="only equal shapes can be compared")

    def test_few_rows_are_flagged_and_missing_ones_null(self):
        found = self.measure(self.npy("a.npy", gauss(8, 2, 1)), self.npy("b.npy", gauss(8, 2, 2)), "--metrics",
                             "kl,entropy_fake,jsd")
        self.assertIn("few", found["kl"]["flags"])
        self.assertIsNone(found["kl"]["control"])  # 4 rows have no 5th neighbour
        found = self.measure("a.npy", "b.npy", "--metrics", "kl", "-k", "20")
        self.assertIsNone(found["kl"]["value"])
        self.assertIn("missing", found["kl"]["flags"])

    def test_collapsed_rows_are_counted(self):
        self.npy("a.npy", gauss(200, 2, 1))
        found = self.measure("a.npy", self.npy("b.npy", gauss(20, 2, 2) * 10), "--metrics", "entropy_fake")
        self.assertEqual(found["entropy_fake"]["duplicates"], 180)
        self.assertIn("duplicates", found["entropy_fake"]["flags"])

    def test_values_that_are_not_finite_are_flagged(self):
        rows = gauss(60, 40, 1)
        rows[3][2] = float("nan")
        self.npy("real.npy", gauss(60, 40, 2))
        found = self.measure("real.npy", self.npy("hole.npy", rows), "--metrics", "kl,frechet,coverage")
        for figure in found.values():
            self.assertEqual((figure["n"], figure["features"]), (59, "pca-16"))
            self.assertIn("not_finite", figure["flags"])

    def test_collapsed_fakes_of_many_columns_are_flagged(self):
        found = self.measure(self.npy("real.npy", gauss(60, 40, 2)), self.npy("still.npy", [[1.] * 40] * 60),
                             "--metrics", "kl,frechet,entropy_fake")
        self.assertIsNone(found["kl"]["value"])
        self.assertGreater(found["frechet"]["value"], 0)
        self.assertEqual(found["entropy_fake"]["duplicates"], 59)

    def test_real_sides_without_variation_are_measured_alike_narrow_and_wide(self):
        """One row and equal rows: flagged or missing figures of the same kind, whether the columns are looked at
        themselves or through components, which a real side without variation has none of."""
        keys = "entropy_real,entropy_fake,kl,reverse_kl,frechet,kid,precision,recall,density,coverage"
        for kind, count in ("still", 60), ("one", 1):
            for fake in "varied", kind:
                found = []
                for d in 3, 40:
                    self.npy(f"{kind}.npy", [[1.] * d] * count)
                    self.npy("varied.npy", gauss(60, d, 2))
                    found.append(self.measure(f"{kind}.npy", f"{fake}.npy", "--metrics", keys))
                for key, narrow in found[0].items():
                    with self.subTest(kind=kind, fake=fake, key=key):
                        wide = found[1][key]
                        for field in "n", "duplicates":
                            self.assertEqual(wide[field], narrow[field])
                        self.assertEqual(wide["value"] is None, narrow["value"] is None)
                        self.assertEqual(set(wide["flags"]) - {"biased", "few"},
                                         set(narrow["flags"]) - {"biased", "few"})
                if (kind, fake) == ("still", "varied"):
                    self.assertEqual(found[1]["coverage"]["value"], 0)
                    self.assertGreater(found[1]["frechet"]["value"], 10)
                    self.assertEqual(found[1]["kl"]["flags"], ["missing", "few", "duplicates", "constant", "biased"])

    def test_far_row_hides_no_difference(self):
        real, far = gauss(600, 3, 1), gauss(600, 3, 2, 8.)
        self.npy("real.npy", real)
        plain = self.measure("real.npy", self.npy("plain.npy", far), "--metrics", "kl,reverse_kl,kid")
        for distance in 1e6, 1e30:
            far[17] = [distance] * 3
            found = self.measure("real.npy", self.npy("far.npy", far))
            for key in "precision", "recall", "density", "coverage":
                self.assertEqual((found[key]["value"], found[key]["flags"]), (0, ["far"]), key)
            self.assertAlmostEqual(found["jsd"]["value"], .693, delta=.01)
            self.assertAlmostEqual(found["kl"]["value"], plain["kl"]["value"], delta=.1)
            self.assertAlmostEqual(found["reverse_kl"]["value"], plain["reverse_kl"]["value"], delta=.1)
            self.assertGreater(found["kid"]["value"], plain["kid"]["value"])
            self.assertNotIn("far", found["kl"]["flags"] + found["jsd"]["flags"])

    def test_components_of_few_rows_are_flagged(self):
        for count, flagged in (399, True), (400, False):
            found = self.measure(self.npy("a.npy", gauss(count, 40, 1)), self.npy("b.npy", gauss(count, 40, 2)),
                                 "--metrics", "recall,kid")
            for key in "recall", "kid":
                self.assertEqual((found[key]["features"], "biased" in found[key]["flags"]), ("pca-16", flagged), key)
        found = self.measure(self.npy("a.npy", gauss(100, 16, 1)), "a.npy", "--metrics", "recall")
        self.assertNotIn("biased", found["recall"]["flags"])

    def test_mixture_against_itself_has_all_its_modes(self):
        found = self.measure("ring8", "ring8", "--samples", "800", "--metrics", "modes,quality,mode_reverse_kl,frechet")
        self.assertEqual(found["modes"]["value"], 8)
        self.assertAlmostEqual(found["quality"]["value"], .989, delta=.02)
        self.assertLess(found["mode_reverse_kl"]["value"], .05)
        self.assertNotEqual(found["frechet"]["value"], 0)  # two draws, not one
        self.npy("dense.npy", [[1., 0.]] * 1200)
        found = self.measure("ring8", "dense.npy", "--samples", "1200", "--metrics", "modes,quality")
        self.assertEqual((found["modes"]["value"], found["quality"]["value"]), (1, 1))
        self.assertIn("under_dispersed", found["quality"]["flags"])
        self.npy("plane.npy", gauss(100, 2, 1))
        self.refused("measure", "plane.npy", "plane.npy", "--metrics", "modes", code=1,
                     says=["modes: known of points of ring8 and grid25 and of images of stacked-fashion and "
                           "stacked-mnist", "neither plane.npy nor plane.npy"])

    def test_runs_beside_their_data(self):
        """A run's samples are those of seeds 0, 1, 2, ..., in the recipe's range; data are fitted to its size."""
        data = self.labelled()
        (self.folder / "labelled.yaml").write_text(CONVOLUTIONS % {"data": data})
        self.ganymede("train", "labelled.yaml", "--out", "run", "--no-tune", "--quiet")
        self.ganymede("sample", "run", "--seeds", "0-199", "--npy", "drawn.npy")
        run = self.measure(data, "run", "--samples", "200", "--metrics", "frechet,entropy_fake")
        drawn = self.measure(data, "drawn.npy", "--samples", "200", "--metrics", "entropy_fake")
        self.assertEqual(run["frechet"]["range"], [-1, 1])
        self.assertEqual(run["frechet"]["features"], "pca-16")
        self.assertEqual(drawn["entropy_fake"]["range"], [0, 1])
        # Half the range: 16 ln 2 less.
        self.assertAlmostEqual(run["entropy_fake"]["value"] - drawn["entropy_fake"]["value"], 16 * .693147, delta=1e-2)
        self.assertAlmostEqual(self.measure("run", "drawn.npy", "--samples", "200", "--metrics",
                                            "frechet")["frechet"]["value"], 0, delta=1e-7)
        checkpoint = next((self.folder / "run" / "checkpoints").glob("*2.safetensors"))
        self.assertEqual(self.measure(data, checkpoint, "--samples", "200", "--metrics", "frechet,entropy_fake"), run)
        self.assertEqual(self.measure("run", "run", "--samples", "50", "--metrics", "frechet")["frechet"]["range"],
                         [-1, 1])
        self.ganymede("train", "points.yaml", "--out", "plane", "--no-tune", "--quiet")
        self.assertEqual(self.measure("plane", "ring8", "--samples", "100", "--metrics", "modes")["modes"]["value"], 8)

    def test_runs_of_some_classes_are_measured(self):
        data = self.labelled()
        (self.folder / "labelled.yaml").write_text(CONVOLUTIONS % {"data": data})
        self.ganymede("train", "labelled.yaml", "--out", "run", "--no-tune", "--quiet", "--set", "data.classes=[1, 0]")
        self.assertIn("frechet", self.measure(data, "run", "--samples", "20"))

    def test_copies_of_training_items_show_as_memorised(self):
        data = self.folder / "parts"
        images, _ = write_labelled(data, [80, 80], [60, 60])
        content = (data / "train-images-idx3-ubyte").read_bytes()[16:]
        trained = [list(content[i:i + 64]) for i in range(0, len(content), 64)]
        self.npy("copies.npy", trained, "B", (160, 1, 8, 8))
        self.npy("others.npy", [list(image) for image in images], "B", (120, 1, 8, 8))
        keys = ("--metrics", "memorisation,near_copies")
        copies, others = self.measure(data, "copies.npy", *keys), self.measure(data, "others.npy", *keys)
        self.assertEqual((copies["memorisation"]["value"], copies["near_copies"]["value"]), (1, 1))
        self.assertAlmostEqual(others["memorisation"]["value"], .5, delta=.06)
        self.assertLess(others["near_copies"]["value"], .06)
        for found in (copies, others):
            self.assertAlmostEqual(found["memorisation"]["control"], .5, delta=.1)
        self.refused("measure", "others.npy", "copies.npy", *keys, code=1,
                     says="memorisation: known of images with a test split, and of runs that learned from such, alone")

    def test_classifier_is_trained_once_kept_and_mended(self):
        data, cache = self.labelled(), self.folder / "caches/ganymede"
        (self.folder / "labelled.yaml").write_text(CONVOLUTIONS % {"data": data})
        self.ganymede("train", "labelled.yaml", "--out", "run", "--no-tune", "--quiet")
        env = {"XDG_CACHE_HOME": str(cache.parent), "GANYMEDE_CACHE": None, "POCL_EXTRA_BUILD_FLAGS": None}
        arguments = (data, "run", "--samples", "120", "--features", "classifier", "--metrics",
                     "frechet,entropy_real,class_entropy,class_score")
        first = self.measure(*arguments, env=env)
        self.assertEqual(first["frechet"]["features"], first["class_score"]["features"])
        self.assertRegex(first["frechet"]["features"], r"^classifier \(accuracy (1\.00|\.9\d)\)$")
        self.assertIn("pca-", first["entropy_real"]["features"])
        self.assertGreater(first["class_score"]["control"], 2.5)  # of 3 clear classes, equally often
        kept, = cache.glob("classifier-*.safetensors")
        tensors, metadata = read_safetensors(kept)
        self.assertIn("classifier.0.weight", tensors)
        self.assertGreater(float(metadata["note"].split()[0]), .9)
        whole = kept.read_bytes()
        kept.write_bytes(whole[:-4] + b"\0\0\0\1")
        self.assertEqual(self.measure(*arguments, env=env), first)
        self.assertEqual(kept.read_bytes(), whole, "a damaged entry is trained anew, to the same weights")
        # Unasked, too, as the run was told classes.
        time = kept.stat().st_mtime_ns
        default = self.measure(data, "run", "--samples", "120", env=env)
        self.assertEqual(list(default), UNPAIRED + ["memorisation", "near_copies", "class_entropy",
                                                    "class_conditional_entropy", "class_information", "class_score",
                                                    "class_confidence"])
        self.assertEqual(default["class_score"], first["class_score"])
        self.assertEqual(kept.stat().st_mtime_ns, time, "it was there already")
        self.refused("measure", self.folder / "images", self.folder / "images", "--features", "classifier", code=1,
                     says="labels")

    def test_images_of_any_range_are_compared_in_one(self):
        rng = random.Random(SEED)
        pixels = [[rng.randrange(256) for _ in range(25)] for _ in range(60)]
        shape = (60, 1, 5, 5)
        self.npy("bytes.npy", pixels, "B", shape)
        self.npy("unit.npy", [[p / 255 for p in row] for row in pixels], "f", shape)
        self.npy("sign.npy", [[p / 127.5 - 1 for p in row] for row in pixels], "f", shape)
        self.npy("wild.npy", [[p - 300 for p in row] for row in pixels], "f", shape)
        for other in ("unit.npy", "sign.npy"):
            found = self.measure("bytes.npy", other, "--metrics", "frechet")["frechet"]
            self.assertAlmostEqual(found["value"], 0, delta=1e-4)
            self.assertEqual(found["range"], [0, 1])
        self.refused("measure", "bytes.npy", "wild.npy", code=1, says=["wild.npy has values from -300", "[0, 1]"])
        self.assertIsNone(self.measure("wild.npy", "wild.npy", "--metrics", "frechet")["frechet"]["range"])

    def test_table_for_people_explains_each_figure(self):
        self.npy("a.npy", gauss(100, 2, 1))
        out, err = self.ganymede("measure", "a.npy", "ring8", "--metrics", "kl,coverage,modes")
        self.assertEqual(err, "")
        for part in ("metric", "value", "control", "features", "flags", "identity", "real||fake", "modes are missing"):
            self.assertIn(part, out)
        for line in out.splitlines():
            self.assertLessEqual(len(line), 160)

    def test_keys_are_listed(self):
        out, _ = self.ganymede("measure", "--keys")
        for key in UNPAIRED + ["modes", "quality", "mode_reverse_kl", "class_score"]:
            self.assertRegex(out, rf"(?m)^{key} ")
        self.assertRegex(out, r"(?m)^modes +points of a mixture: ")
        self.assertRegex(out, r"(?m)^modes +stacked images: ")

    def test_what_is_refused(self):
        self.npy("a.npy", gauss(20, 2, 1))
        self.npy("b.npy", gauss(20, 3, 1))
        (self.folder / "empty").mkdir()
        for arguments, code, says in [
            (["a.npy"], 2, "expected REAL FAKE"),
            (["a.npy", "a.npy", "--metrics", "fid"], 2, ["'fid' is no metric", "frechet, kid"]),
            (["a.npy", "a.npy", "--metrics", "kl,,kid"], 2, "'' is no metric"),
            (["a.npy", "a.npy", "--metrics", "k"], 2, "'k' is no metric"),
            (["a.npy", "a.npy", "-k", "0"], 2, "-k expects 1 to 1000"),
            (["a.npy", "a.npy", "--samples", "1"], 2, "--samples expects 2"),
            (["a.npy", "a.npy", "--features", "inception"], 2, "--features expects pca or classifier"),
            (["a.npy", "b.npy"], 1, ["a.npy are 2x1x1", "b.npy 3x1x1"]),
            (["a.npy", "nowhere"], 1, "nowhere"),
            (["a.npy", "nowhere.csv"], 1, "nowhere.csv"),
            (["a.npy", "empty"], 1, "empty"),
            (["a.npy", "a.npy", "--features", "classifier"], 1, "a classifier needs a data set of images with labels"),
            (["a.npy", "a.npy", "--metrics", "class_score"], 1, "a classifier needs a data set of images with labels"),
        ]:
            with self.subTest(arguments=arguments):
                self.refused("measure", *arguments, code=code, says=says)


class Clips(MeasureTest):
    COUNT, FRAMES, SIDE = 240, 5, 12
    KEYS = ["frechet_frames", "frechet_differences", "frechet_clips", "energy_variation"]

    def write_clips(self, name, make, seed=SEED):
        """Clips (N, T, 1, H, W) of a square of 3 x 3 whose corner in frame t is make(rng, start, step, t)."""
        rng, side = random.Random(seed), self.SIDE
        values = bytearray(self.COUNT * self.FRAMES * side * side)
        for i in range(self.COUNT):
            start, step = [rng.randrange(3, 6) for _ in "yx"], [rng.choice([-1, 0, 1]) for _ in "yx"]
            for t in range(self.FRAMES):
                top, left = make(rng, start, step, t)
                for y in range(top, top + 3):
                    at = ((i * self.FRAMES + t) * side + y) * side + left
                    values[at:at + 3] = bytes([255] * 3)
        write_npy(self.folder / name, (self.COUNT, self.FRAMES, 1, side, side), values, "B")

    def test_frames_and_differences_tell_motion_from_stillness(self):
        def moving(rng, start, step, t):
            return [max(0, s + d * (t - 2)) for s, d in zip(start, step)]

        self.write_clips("real.npy", moving)
        self.write_clips("like.npy", moving, SEED + 1)
        self.write_clips("still.npy", lambda rng, start, step, t: moving(rng, start, step, 0), SEED + 2)
        like = self.measure("real.npy", "like.npy")
        still = self.measure("real.npy", "still.npy", "--metrics", ",".join(self.KEYS))
        rows = self.clips
        self.assertEqual(list(like), UNPAIRED + self.KEYS)
        for key in self.KEYS[:3]:
            self.assertLess(like[key]["value"], 2 * like[key]["control"])
        self.assertLess(still["frechet_frames"]["value"], .3 * rows["mean clip"]["frechet_frames"])
        self.assertGreater(still["frechet_differences"]["value"], 30 * like["frechet_differences"]["control"])
        self.assertEqual(list(rows), ["samples", "control", "frozen first frame", "frames shuffled",
                                      "frames of different clips", "mean clip", "values scattered (noise)"])
        for name, row in rows.items():
            self.assertEqual(list(row), self.KEYS + ["straight_paths"])
            self.assertIsNone(row["straight_paths"])  # nobody said that these go straight
        for name in "samples", "control":
            for key in self.KEYS:
                self.assertEqual(rows[name][key], still[key]["value" if name == "samples" else "control"])
        # what stands still has no differences, whoever made it so
        self.assertAlmostEqual(rows["frozen first frame"]["frechet_differences"] / rows["samples"]["frechet_differences"],
                               1, delta=.3)
        for name in "frames shuffled", "frames of different clips":
            self.assertGreater(rows[name]["frechet_differences"], 5 * rows["control"]["frechet_differences"])
            self.assertLess(rows[name]["frechet_frames"], 5 * rows["control"]["frechet_frames"])
        for name in "control", "frozen first frame", "frames shuffled", "frames of different clips":
            self.assertAlmostEqual(rows[name]["energy_variation"], 0)  # all squares are as bright
        self.assertGreater(rows["values scattered (noise)"]["energy_variation"], .1)
        self.assertRegex(self.ganymede("measure", "real.npy", "still.npy", "--metrics", "energy_variation")[0],
                         r"samples of 1x5x12x12 [^$]*\nframes of different clips +[\d.]+ +[\d.]+ +[\d.]+ +0 +-\n")
        self.refused("measure", "real.npy", "like.npy", "--metrics", "straight_paths", code=1,
                     says=["straight_paths: known of clips of moving-fashion and moving-mnist alone, which neither "
                           "real.npy nor like.npy is"])
        self.refused("measure", "real.npy", self.npy("images.npy", [[0] * 144], shape=(1, 12, 12)), code=1,
                     says=["samples of real.npy are 1x5x12x12, those of images.npy 1x12x12"])

    def test_paths_are_looked_at_where_the_truth_is_known(self):
        write_blocks(self.folder / "mnist")
        (self.folder / "moving.yaml").write_text(MOVING % {"folder": self.folder / "mnist"})
        self.ganymede("train", "moving.yaml", "--out", "run", "--no-tune", "--quiet")
        found = self.measure("moving-mnist", "run", "--samples", "200")
        self.assertEqual(list(found), UNPAIRED + ["memorisation", "near_copies"] + self.KEYS + ["straight_paths"])
        paths = found["straight_paths"]
        self.assertEqual((paths["value"], paths["control"]), (0, 1))  # noise goes nowhere
        self.assertEqual(found["energy_variation"]["control"], 0)
        self.assertEqual(self.clips["frozen first frame"]["straight_paths"], 0)
        self.assertLess(self.clips["frames shuffled"]["straight_paths"], .05)


class Stacked(MeasureTest):
    """A run on stacks of the clear images of write_blocks, whose classes are told without a mistake."""

    @classmethod
    def setUpClass(cls):
        cls.cache = tempfile.TemporaryDirectory(prefix="ganymede-")
        cls.addClassCleanup(cls.cache.cleanup)

    def setUp(self):
        super().setUp()
        self.data = self.folder / "mnist"
        self.images = write_blocks(self.data)
        self.train_stacked("run", "stacked-mnist", self.data)

    def start(self, *arguments, env=None, **more):
        return super().start(*arguments, env={"XDG_CACHE_HOME": self.cache.name, "GANYMEDE_CACHE": None} | (env or {}),
                             **more)

    def train_stacked(self, out, source, folder="null"):
        (self.folder / "stacked.yaml").write_text(STACKED % {"source": source, "folder": folder})
        self.ganymede("train", "stacked.yaml", "--out", out, "--no-tune", "--quiet")

    def stack(self, name, labels, kind="B", value=lambda byte: byte):
        """An array of one stack of test images for each label, abc."""
        rng = random.Random(SEED)
        pixels = b"".join(rng.choice(self.images[label // place % 10]) for label in labels for place in (100, 10, 1))
        write_npy(self.folder / name, (len(labels), 3, 10, 10), [value(byte) for byte in pixels], kind)
        return name

    def test_modes_are_the_triples_that_there_are(self):
        rng = random.Random(SEED)
        labels = [rng.randrange(1000) for _ in range(2500)]
        found = self.measure("run", self.stack("all.npy", labels), *MODES)
        for figure in found.values():
            self.assertEqual((figure["n"], figure["features"]), (2500, "classifier of mnist (accuracy 1.00)"))
        self.assertEqual(found["modes"]["value"], len(set(labels)))
        self.assertAlmostEqual(found["mode_reverse_kl"]["value"], mode_reverse_kl(labels), delta=1e-6)
        self.assertEqual((found["modes"]["flags"], found["mode_reverse_kl"]["flags"]), ([], ["biased"]))

    def test_few_modes_are_counted_as_few(self):
        found = self.measure("run", self.stack("four.npy", [7, 70, 700, 777] * 50), *MODES)
        self.assertEqual((found["modes"]["value"], found["modes"]["flags"]), (4, ["few"]))
        self.assertAlmostEqual(found["mode_reverse_kl"]["value"], math.log(250), delta=1e-6)
        hole = self.folder / self.stack("hole.npy", [7, 70, 700, 777, 707], "f", lambda byte: byte / 127.5 - 1)
        hole.write_bytes(hole.read_bytes()[:-4] + struct.pack("<f", math.nan))  # in the last of them
        found = self.measure("run", hole, *MODES)["modes"]
        self.assertEqual((found["value"], found["n"], found["flags"]), (4, 4, ["few", "not_finite"]))

    def test_control_is_that_of_the_data_set(self):
        """The stacked data set has as many images as the grey one: 600 in half, of 1000 (1 - e^-.6) modes or 8 off."""
        found = self.measure("stacked-mnist", "run", *MODES)
        self.assertAlmostEqual(found["modes"]["control"], 451, delta=40)
        self.assertLess(found["mode_reverse_kl"]["control"], 1.2)

    def test_modes_are_counted_unasked(self):
        found = self.measure("stacked-mnist", "run", "--samples", "100")
        self.assertEqual(list(found), UNPAIRED + ["memorisation", "near_copies", "modes", "mode_reverse_kl"])

    def test_where_there_are_no_modes(self):
        some = self.stack("some.npy", range(100))
        self.train_stacked("other", some)
        self.stack("wild.npy", range(100), "f", lambda byte: 3. * byte - 300)
        for name, shape in ("grey.npy", (100, 1, 10, 10)), ("small.npy", (100, 3, 8, 8)):
            write_npy(self.folder / name, shape, bytes(math.prod(shape)), "B")
        for real, fake, metrics, says in [
            (some, some, "modes", ["modes: known of points of ring8 and grid25 and of images of stacked-fashion and "
                                   "stacked-mnist alone, which neither some.npy nor some.npy is"]),
            ("run", some, "quality", "quality: known of points of ring8 and grid25 alone, which neither run nor"),
            ("run", "grey.npy", "modes", ["run are 3x10x10", "grey.npy 1x10x10"]),
            ("small.npy", "run", "modes", ["small.npy are 3x8x8", "run 3x10x10"]),
            ("run", "other", "modes", ["other is of some.npy, but the modes are those of stacked-mnist", "--npy FILE"]),
            ("run", "wild.npy", "modes", ["run and wild.npy: modes are counted in images of one range", "[0, 255]"]),
        ]:
            with self.subTest(real=real, fake=fake, metrics=metrics):
                self.refused("measure", real, fake, "--metrics", metrics, code=1, says=says)

    def test_data_set_that_changed_since_the_run_is_refused(self):
        some = self.stack("some.npy", range(100))
        write_blocks(self.data, 12)
        self.refused("measure", "run", some, *MODES, code=1,
                     says=["stacked-mnist: a classifier of images of 1x12x12 cannot name", "changed"])
        (self.data / "train-labels-idx1-ubyte").unlink()
        self.refused("measure", "run", some, *MODES, code=1, says="learns from images with labels")


if __name__ == "__main__":
    unittest.main()
