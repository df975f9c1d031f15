"""Translation through the command: pairs from folders and halves, sizes, names, both directions, resumed runs."""
import json
import statistics
import unittest

from command import CommandTest, read_png, read_safetensors, write_png

PAIRED = """\
name: tiny-pairs
data: { source: %(data)s, batch: 3, channels: 1%(more)s, second: { %(second)s } }
translation: { l1: 100 }
generator:
  - conv: { channels: 4, kernel: 4, stride: 2, padding: 1 }
  - tap: half
  - conv: { channels: 4, kernel: 4, stride: 2, padding: 1 }
  - dropout: 0.5
  - conv_transpose: { channels: 4, kernel: 4, stride: 2, padding: 1 }
  - concat: half
  - conv_transpose: { channels: 1, kernel: 4, stride: 2, padding: 1 }
  - tanh
discriminator: [ conv: { channels: 4, kernel: 4, stride: 2, padding: 1 }, leaky_relu, conv: { channels: 1, kernel: 3, padding: 1 } ]
seed: 5
steps: 12
log: { every: 4, samples: 12, checkpoint: 6 }
"""

CYCLE = """\
name: tiny-cycle
data: { source: a, batch: 2, second: { source: b } }
cycle: { pool: 3 }
generator: [ conv: { channels: 4, kernel: 3, padding: 1, padding_mode: reflect }, instance_norm, relu, conv: { channels: 1, kernel: 3, padding: 1 }, tanh ]
discriminator: [ conv: { channels: 4, kernel: 4, stride: 2, padding: 1 }, leaky_relu, conv: { channels: 1, kernel: 3, padding: 1 } ]
seed: 5
steps: 12
log: { every: 4, samples: 12, checkpoint: 6 }
"""


def grey(seed, width, height):
    """The rows of a picture."""
    return [bytes((seed * 37 + 11 * x * x + 5 * y) % 256 for x in range(width)) for y in range(height)]


class Translate(CommandTest):
    def setUp(self):
        super().setUp()
        for split in "train", "test":
            for side in "ab":
                (self.folder / side / split).mkdir(parents=True)
                for i in range(5):
                    write_png(self.folder / side / split / f"{i}.png", grey(i + 9 * (side == "b") + 20 * (split == "test"), 8, 8))
            (self.folder / "pairs" / split).mkdir(parents=True)
            for i in range(5):
                write_png(self.folder / "pairs" / split / f"{i}.png", grey(i + 20 * (split == "test"), 16, 8))

    def write_recipe(self, name, data, second, more=""):
        (self.folder / name).write_text(PAIRED % {"data": data, "second": second, "more": more})

    def test_images_keep_names_and_sizes(self):
        self.write_recipe("p.yaml", "a", "source: b")
        self.ganymede("train", "p.yaml", "--out", "run", "--no-tune", "--quiet")
        odd = self.folder / "odd"
        (odd / "deep").mkdir(parents=True)
        for name, width, height in ("deep/x.png", 8, 8), ("deep/y.png", 13, 7), ("deep/z.png", 1, 30):
            write_png(odd / name, grey(3, width, height))
        out, _ = self.ganymede("translate", "run", "odd", "-o", "made")
        self.assertIn("from a to b, step 12", out)
        self.assertEqual(sorted(str(p.relative_to(self.folder / "made")) for p in (self.folder / "made").rglob("*.png")),
                         ["deep/x.png", "deep/y.png", "deep/z.png"])
        for name, size in ("x", (8, 8)), ("y", (13, 7)), ("z", (1, 30)):
            self.assertEqual(read_png(self.folder / "made/deep" / f"{name}.png")[:2], size)
        (odd / "deep/y.png").unlink()  # what stands beside an image makes no difference
        (odd / "deep/z.png").unlink()
        self.ganymede("translate", "run", "odd", "-o", "again")
        self.assertEqual((self.folder / "made/deep/x.png").read_bytes(), (self.folder / "again/deep/x.png").read_bytes())
        result = json.loads(self.ganymede("translate", "run", "a", "-o", "own", "--json", "--count", "3")[0])
        self.assertEqual((result["count"], result["from"], result["to"]), (3, "a", "b"))
        self.refused("translate", "run", "a", "--reverse", "-o", "x", code=1, says=["one way alone, from a to b"])
        self.refused("translate", "run", "a", code=2, says=["-o DIR is missing"])
        self.refused("translate", "run", "a", "--view", "sepia", "-o", "x", code=2, says="--view expects plain, negative or edges, not 'sepia'")
        figures = json.loads(self.ganymede("evaluate", "run", "--json")[0])
        self.assertEqual(set(figures["l1"]), {"this run", "mean", "ridge", "nearest", "10 nearest", "unchanged"})
        self.assertEqual(figures["count"], 5)

    def test_halves_of_one_file_are_the_pairs_of_two(self):
        for name in "train", "test":
            for i in range(5):
                rows = grey(i, 16, 8)
                write_png(self.folder / "a" / name / f"{i}.png", [r[:8] for r in rows])
                write_png(self.folder / "b" / name / f"{i}.png", [r[8:] for r in rows])
        self.write_recipe("two.yaml", "a", "source: b")
        self.write_recipe("one.yaml", "pairs", "part: right", ", part: left")
        tensors = []
        for name in "two", "one":
            self.ganymede("train", f"{name}.yaml", "--out", name, "--no-tune", "--quiet")
            tensors.append(read_safetensors(self.folder / name / "checkpoints/00000012.safetensors")[0])
        self.assertEqual(*tensors)

    def test_pairs_that_do_not_match_are_named(self):
        (self.folder / "b/train/3.png").unlink()
        self.write_recipe("p.yaml", "a", "source: b")
        self.refused("train", "p.yaml", code=1, says=["b: has no counterpart of 3 in a"])
        self.write_recipe("p.yaml", "a", "source: b", ", pairs: order")
        self.refused("train", "p.yaml", code=1, says=["a has 5 items and b has 4"])
        write_png(self.folder / "pairs/train/2.png", grey(2, 15, 8))
        self.write_recipe("p.yaml", "pairs", "part: right", ", part: left")
        self.refused("train", "p.yaml", code=1, says=["2.png: is 15 x 8 pixels", "even width"])

    def test_both_sides_of_pairs_differ(self):
        self.write_recipe("same.yaml", "pairs", "part: left", ", part: left")
        self.refused("train", "same.yaml", "--out", "run", code=1, says="both sides of the pairs are the same images")
        self.write_recipe("classes.yaml", "a", "view: edges, classes: [one]")
        self.refused("train", "classes.yaml", "--out", "run", code=1, says="classes")

    def test_sources_and_folders_that_are_there_stay(self):
        self.write_recipe("p.yaml", "a", "source: b")
        self.ganymede("train", "p.yaml", "--out", "run", "--no-tune", "--quiet")
        kept = {path: path.read_bytes() for path in (self.folder / "a").rglob("*.png")}
        for source, to in ("a/test", "a/test"), ("a/test", "b/test"):
            self.refused("translate", "run", source, "-o", to, code=1, says=f"{to}: is not empty")
        self.assertEqual(kept, {path: path.read_bytes() for path in (self.folder / "a").rglob("*.png")})

    def test_cycles_lead_both_ways_and_resume_bit_for_bit(self):
        (self.folder / "b/train/4.png").unlink()  # no pairs: the sources may differ
        (self.folder / "c.yaml").write_text(CYCLE)
        self.ganymede("train", "c.yaml", "--out", "whole", "--no-tune", "--quiet")
        self.ganymede("train", "c.yaml", "--out", "part", "--no-tune", "--quiet", "--steps", "7")
        self.ganymede("train", "--resume", "part", "--set", "steps=12", "--no-tune", "--quiet")
        names = [read_safetensors(self.folder / run / "checkpoints/00000012.safetensors")[0] for run in ("whole", "part")]
        self.assertEqual(*names)
        self.assertEqual(names[0]["pool"][1], [3, 1, 8, 8])
        self.assertNotEqual(names[0]["pool"][2], names[0]["reverse_pool"][2])
        for direction, said in ([], "from a to b"), (["--reverse"], "from b to a"):
            out, _ = self.ganymede("translate", "whole", "a", *direction, "-o", "made" + "".join(direction))
            self.assertIn(said, out)
        self.assertNotEqual((self.folder / "made/0.png").read_bytes(), (self.folder / "made--reverse/0.png").read_bytes())
        figures = json.loads(self.ganymede("evaluate", "whole", "--json")[0])
        self.assertEqual(list(figures["brightness"]), ["this run", "unchanged", "shifted", "nearest", "another"])
        mean = lambda rows: sum(map(sum, rows))
        away = lambda a, b: sum((p - q) ** 2 for r, s in zip(a, b) for p, q in zip(r, s))
        asked = [grey(i + 20, 8, 8) for i in range(5)]
        trained = [grey(i + 9, 8, 8) for i in range(4)]
        nearest = [min(trained, key=lambda image: away(image, a)) for a in asked]
        for way, images in ("nearest", nearest), ("another", [trained[i % 4] for i in range(5)]):
            wanted = statistics.correlation([mean(a) for a in asked], [mean(b) for b in images])
            self.assertAlmostEqual(figures["brightness"][way], wanted, places=4)
        self.assertEqual(list(figures["cycle"]), ["this run"])

    def test_the_log_says_how_far_both_ways_lead(self):
        for side in "ab":
            (self.folder / side / "train/4.png").unlink()  # so that a batch is all
        still = "optimizer: { generator: { sgd: 0 }, discriminator: { sgd: 0 } }\n"
        recipe = CYCLE.replace("batch: 2", "batch: 4").replace("pool: 3", "pool: 4").replace("every: 4", "every: 1")
        (self.folder / "c.yaml").write_text(recipe + still)
        self.ganymede("train", "c.yaml", "--out", "run", "--no-tune", "--quiet", "--steps", "1")
        logged = json.loads((self.folder / "run/log.jsonl").read_text().splitlines()[-1])
        away = {"identity_l1": [], "cycle_l1": []}
        for side, there, back in ("a", [], ["--reverse"]), ("b", ["--reverse"], []):
            for source, way, to in (f"{side}/train", back, "same"), (f"{side}/train", there, "there"), (f"there{side}", back, "again"):
                self.ganymede("translate", "run", source, *way, "-o", to + side)
            for key, folder in ("identity_l1", "same"), ("cycle_l1", "again"):
                for image in (self.folder / side / "train").iterdir():
                    rows = zip(read_png(image)[2], read_png(self.folder / (folder + side) / image.name)[2])
                    away[key] += [abs(p - q) / 255 for before, after in rows for p, q in zip(before, after)]
        for key, values in away.items():
            self.assertEqual(len(values), 8 * 64)
            self.assertAlmostEqual(logged[key], statistics.mean(values), delta=.004, msg=key)

    def test_pools_smaller_than_a_batch_are_refused(self):
        (self.folder / "c.yaml").write_text(CYCLE.replace("pool: 3", "pool: 1"))
        self.refused("train", "c.yaml", code=1, says=["c.yaml:3: cycle.pool is 1, but a batch has 2 images"])


if __name__ == "__main__":
    unittest.main()
