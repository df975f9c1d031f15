#!/usr/bin/env python3
"""samples/results.py: what it measures, what it trains again, and the table; a script stands in for the command."""
import contextlib
import io
import json
import pathlib
import random
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "samples"))
import results

# Notes what it was asked for; its samples are the ring's first two means, its measures 1, 2, ... in the order asked.
COMMAND = """\
#!/usr/bin/env python3
import json, pathlib, struct, sys
pathlib.Path(%r).open("a").write(" ".join(sys.argv[1:3]) + "\\n")
if sys.argv[1] == "train":
    print('{"event": "start"}\\n{"event": "step", "step": 1, "alarm": "entropy"}')
    print('{"event": "step", "step": 2, "alarm": "entropy"}\\n{"event": "end", "monitor_share": 0.034}')
if sys.argv[1] == "sample":
    count = int(sys.argv[sys.argv.index("--seeds") + 1].split("-")[1]) + 1
    root = .5 ** .5
    header = ("{'descr': '<f4', 'fortran_order': False, 'shape': (%%d, 2), }" %% count).ljust(117) + "\\n"
    values = [1., 0., root, root] * (count // 2)
    file = pathlib.Path(sys.argv[sys.argv.index("--npy") + 1])
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"\\x93NUMPY\\x01\\x00v\\x00" + header.encode() + struct.pack("<%%df" %% len(values), *values))
if sys.argv[1] == "measure":
    keys = sys.argv[sys.argv.index("--metrics") + 1].split(",")
    count = sys.argv[sys.argv.index("--samples") + 1] if "--samples" in sys.argv else "0"
    print(json.dumps({key: {"value": i + 1 + int(count), "control": -i, "n": 7} for i, key in enumerate(keys)}))
"""


class Measures(unittest.TestCase):
    def test_the_truth_scores_as_the_truth(self):
        seed = random.randrange(1 << 30)
        draw = random.Random(seed)
        for name, (centres, sigma) in results.MIXTURES.items():
            points = [(draw.gauss(x, sigma), draw.gauss(y, sigma)) for x, y in draw.choices(centres, k=2500)]
            figures = results.measure_mixture(points, (centres, sigma))
            self.assertEqual(figures["modes"], len(centres), f"{name}, seed {seed}")
            self.assertAlmostEqual(figures["quality"], results.TRUE_QUALITY, delta=.012, msg=f"{name}, seed {seed}")
            self.assertLess(figures["reverse_kl"], .02, f"{name}, seed {seed}")
            self.assertAlmostEqual(figures["width"], 1, delta=.05, msg=f"{name}, seed {seed}")
            narrow = [(cx + .4 * (x - cx), cy + .4 * (y - cy)) for x, y in points
                      for cx, cy in [min(centres, key=lambda c: (x - c[0]) ** 2 + (y - c[1]) ** 2)]]
            self.assertAlmostEqual(results.measure_mixture(narrow, (centres, sigma))["width"], .4, delta=.03)

    def test_lost_modes_and_stray_points_show(self):
        centres, sigma = results.GRID
        inside, outside = (2.99 * sigma, 0), (3.01 * sigma, 0)
        points = [(x + dx, y + dy) for x, y in centres[:5] for dx, dy in [inside, inside, outside, outside]]
        figures = results.measure_mixture(points, results.GRID)
        self.assertEqual(figures["modes"], 5)
        self.assertEqual(figures["quality"], .5)
        self.assertAlmostEqual(figures["reverse_kl"], 1.6094379124341003)  # ln 5

    def test_a_mode_with_poor_samples_alone_is_not_captured(self):
        figures = results.measure_mixture([(1, 0), (0, 1.1)], results.RING)
        self.assertEqual(figures["modes"], 1)
        self.assertAlmostEqual(figures["reverse_kl"], 1.3862943611198906)  # both hold a share: ln 4

    def test_values_that_are_no_numbers_are_no_samples_of_quality(self):
        figures = results.measure_mixture([(1, 0), (float("nan"), 0)], results.RING)
        self.assertEqual((figures["modes"], figures["quality"]), (1, .5))


class Runs(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.here = pathlib.Path(self.folder.name)
        self.command = self.here / "ganymede"
        self.command.write_text(COMMAND % str(self.here / "calls"))
        self.command.chmod(0o755)
        results.HERE, self.samples = self.here, results.HERE
        self.addCleanup(setattr, results, "HERE", self.samples)
        for name in {variant.recipe for variant in results.VARIANTS}:
            (self.here / name).write_text((self.samples / name).read_text())

    def run_script(self, *words):
        sys.argv = ["results.py", "--ganymede", str(self.command), "--only", "relativistic", "--records",
                    str(self.here / "results.jsonl"), "-o", str(self.here / "RESULTS.md"), *words]
        with contextlib.redirect_stdout(io.StringIO()):
            results.main()
        calls = self.here / "calls"
        made = calls.read_text().split("\n") if calls.exists() else []
        return len([call for call in made if call.startswith("train ")])

    def test_runs_are_kept_and_made_once_until_the_recipe_changes(self):
        self.assertEqual(self.run_script("--seeds", "2"), 4)  # on the ring and on the grid
        self.assertEqual(self.run_script("--seeds", "2"), 4)
        self.assertEqual(self.run_script("--seeds", "3"), 6)
        recipe = self.here / "ring-r1r2.yaml"
        recipe.write_text("# a comment\n" + recipe.read_text())
        self.assertEqual(self.run_script("--seeds", "3"), 6)
        recipe.write_text(recipe.read_text().replace("batch: 100", "batch: 50"))
        self.assertEqual(self.run_script("--seeds", "1"), 7)
        records = [json.loads(line) for line in (self.here / "results.jsonl").read_text().splitlines()]
        self.assertEqual([record["seed"] for record in records], [0, 0, 1, 1, 2, 2, 0])

    def test_the_table_says_what_was_measured_and_what_is_missing(self):
        self.run_script("--seeds", "2")
        table = (self.here / "RESULTS.md").read_text()
        self.assertIn("| 2.0 ± 0.0 | 100.0 ± 0.0 | 1.386 ± 0.000 | 0.00 ± 0.00 | relativistic with R1 and R2, small: "
                      "`train samples/ring-r1r2.yaml`", table)
        self.assertIn("| 3.4 %, entropy in 2 of 2 | 0, 1 |", table)
        self.assertIn("* grid, GAN: 0 of 2 seeds", table)
        self.assertNotIn("* grid, relativistic", table)
        (self.here / "RESULTS.md").unlink()
        self.assertEqual(self.run_script("--seeds", "2", "--table"), 4)
        self.assertEqual((self.here / "RESULTS.md").read_text(), table)

    def test_modes_of_stacked_images_stand_beside_the_published(self):
        words = ("--only", "stacked", "--seeds", "1")
        self.assertEqual(self.run_script(*words), 1)
        record = json.loads((self.here / "results.jsonl").read_text())
        self.assertEqual([record[key] for key in ("frechet", "coverage", "modes", "mode_reverse_kl")],
                         [1, 4, 26001, 26002])
        table = (self.here / "RESULTS.md").read_text()
        self.assertIn("| 26001.0 | 26002.000 | `train samples/stacked-fashion.yaml` | 6000 |", table)
        self.assertIn("| 1000.0 | 0.06 | PacDCGAN2, as published |", table)
        self.assertNotIn("control:", table)  # of the grey images alone
        del record["modes"], record["mode_reverse_kl"]  # as made before modes were counted
        (self.here / "results.jsonl").write_text(json.dumps(record) + "\n")
        self.assertEqual(self.run_script(*words), 1)
        self.assertIn("| 1.0 | 2.00 | 3.00 | 4.00 |", (self.here / "RESULTS.md").read_text())
        self.run_script("--only", "hinge", "--seeds", "1")
        self.assertIn("| control: two halves of 7 real images | – | – | – | – | 0.0 | -1.00 | -2.00 | -3.00 |",
                      (self.here / "RESULTS.md").read_text())

    def test_runs_with_earlier_kernels_stand_beside_the_present_ones(self):
        words = ("--only", "hinge", "--seeds", "1")
        self.assertEqual(self.run_script(*words), 1)
        record = json.loads((self.here / "results.jsonl").read_text())
        (self.here / "results.jsonl").write_text(json.dumps(dict(record, kernels="direct", frechet=5)) + "\n")
        self.assertEqual(self.run_script(*words), 2)  # it counts for none of today's
        table = (self.here / "RESULTS.md").read_text()
        self.assertRegex(table, r"`train samples/hinge-sn-fashion.yaml` [^\n]* 1.0 \| 2.00 \|[^\n]*\n"
                         r"\| the same, before fast convolutions [^\n]* 5.0 \| 2.00 \|")

    def test_a_failed_run_leaves_no_record(self):
        self.command.write_text("#!/bin/sh\nexit 1\n")
        with contextlib.redirect_stderr(io.StringIO()):
            self.run_script("--seeds", "1")
        self.assertFalse((self.here / "results.jsonl").exists())


if __name__ == "__main__":
    unittest.main()
