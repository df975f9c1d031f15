"""The script of samples/imbalance: its data, its table, and that it goes on where it was stopped."""
import importlib.util
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "samples" / "imbalance" / "study.py"
spec = importlib.util.spec_from_file_location("study", SCRIPT)
study = importlib.util.module_from_spec(spec)
spec.loader.exec_module(study)


class Study(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="ganymede-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def run_script(self, *words):
        return subprocess.run([sys.executable, SCRIPT, "--out", self.folder, *words], capture_output=True, text=True)

    @unittest.skipUnless(pathlib.Path("/usr/share/datasets/fashion-mnist").exists(), "needs dataset-fashion-mnist")
    def test_a_row_is_filled_once(self):
        done = self.run_script("--quick", "--rows", "resample")
        self.assertEqual(done.returncode, 0, done.stderr)
        images, labels = study.read_npy(self.folder / "quick" / "imbalanced.npy")
        self.assertEqual([labels.count(k) for k in range(10)], [60 if k in study.RARE else 6000 for k in range(10)])
        self.assertEqual(len(images), 784 * len(labels))
        found = json.loads((self.folder / "quick" / "results.json").read_text())
        self.assertGreater(found["resample/0"]["rare"], .5)
        before = (self.folder / "quick" / "results.json").stat().st_mtime_ns
        again = self.run_script("--quick", "--rows", "resample")
        self.assertEqual((self.folder / "quick" / "results.json").stat().st_mtime_ns, before)
        self.assertTrue(done.stdout.endswith(again.stdout), again.stdout)

    def test_images_between_others_lie_between_them(self):
        one = study.Study(self.folder, 0, True)
        images = bytes([10] * 784) + bytes([20] * 784) + bytes(range(200)) * 400
        labels = [1] * 2 + [0] * ((len(images) // 784) - 2)
        study.write_npy(self.folder / "imbalanced.npy", images[:784 * len(labels)], labels)
        study.RARE, kept = (1,), study.RARE
        self.addCleanup(setattr, study, "RARE", kept)
        content, found = study.read_npy(one.data("smote"))
        self.assertEqual(found.count(1), found.count(0))
        for i in range(len(labels), len(found)):
            self.assertEqual(found[i], 1)
            self.assertEqual(len(set(content[784 * i:784 * (i + 1)])), 1)
            self.assertTrue(10 <= content[784 * i] <= 20)

    def test_means_and_spreads_are_those_of_the_seeds(self):
        results = {f"none/{seed}": {"accuracy": a, "rare": .5} for seed, a in enumerate((.7, .8, .9))}
        self.assertIn("| nothing | 0.800 ± 0.100 | 0.500 ± 0.000 |", study.table(results, range(3)))

    def test_an_unknown_row_is_named(self):
        done = self.run_script("--rows", "nothing")
        self.assertEqual(done.returncode, 2)
        self.assertIn("there is no row nothing", done.stderr)


if __name__ == "__main__":
    unittest.main()
