"""Bounds on the likelihood through the command: what it prints, what it repeats, what it refuses."""
import json
import struct
import unittest

from command import CommandTest, write_idx

VAE = """\
name: tiny-vae
data: { source: %(data)s, batch: 4 }
latent: { size: 3 }
encoder: [ flatten, { dense: 8 }, relu, { dense: 6 } ]
decoder: [ { dense: 8 }, relu, { dense: 64 }, { reshape: [1, 8, 8] } ]
autoencoder: { kind: vae, binarize: true }
seed: 5
steps: 20
log: { every: 5, samples: 10, checkpoint: 10 }
"""

CLASSIFIER = """\
name: tiny-classifier
data: { source: %(data)s, batch: 8 }
classifier: [ flatten, { dense: 16 }, relu, { dense: 3 } ]
optimizer: { classifier: { adam: { rate: 1e-2 } } }
steps: 60
log: { every: 20, samples: 0, checkpoint: 60 }
"""


def write_classes(folder, train, test):
    """Images of three classes, each bright in rows of its own, in an order that repeats."""
    folder.mkdir()
    for part, labels in (("train", [i % 3 for i in range(train)]), ("t10k", test)):
        pixels = b"".join(bytes(250 if y % 3 == k else (i * 7 + y) % 60 for y in range(8) for _ in range(8))
                          for i, k in enumerate(labels))
        (folder / f"{part}-images-idx3-ubyte").write_bytes(struct.pack(">IIII", 0x803, len(labels), 8, 8) + pixels)
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(struct.pack(">II", 0x801, len(labels)) + bytes(labels))


class Classifier(CommandTest):
    def setUp(self):
        super().setUp()
        write_classes(self.folder / "classes", 48, [2, 2, 0, 2, 1, 0, 2])
        (self.folder / "classifier.yaml").write_text(CLASSIFIER % {"data": self.folder / "classes"})
        self.ganymede("train", "classifier.yaml", "--out", "run", "--no-tune", "--quiet")

    def test_accuracy_recall_and_confusion(self):
        result = json.loads(self.ganymede("evaluate", "run", "--json")[0])
        self.assertEqual((result["step"], result["count"], result["classes"]), (60, 7, ["0", "1", "2"]))
        self.assertEqual(result["confusion"], [[2, 0, 0], [0, 1, 0], [0, 0, 4]])
        self.assertEqual((result["accuracy"], result["accuracy_error"]), (1, 0))
        self.assertEqual(result["recall"], {"0": 1, "1": 1, "2": 1})
        lines, _ = self.ganymede("evaluate", "run", "-o", "confusion.png")
        self.assertIn("     0     1     0  1\n", lines)
        self.assertTrue(lines.endswith("confusion.png\n"))
        self.assertEqual((self.folder / "confusion.png").read_bytes()[:8], b"\x89PNG\r\n\x1a\n")

    def test_class_without_items_has_no_recall(self):
        result = json.loads(self.ganymede("evaluate", "run", "--count", "2", "--json")[0])
        self.assertEqual(result["recall"], {"0": None, "1": None, "2": 1})
        lines, _ = self.ganymede("evaluate", "run", "--count", "2")
        self.assertIn("recall         -   0, of the items of this class\n", lines)
        self.assertNotIn("nan", lines)

    def test_wrong_answers_are_in_the_column_of_the_answer(self):
        images = self.folder / "classes" / "t10k-labels-idx1-ubyte"
        images.write_bytes(images.read_bytes()[:8] + bytes([2, 2, 0, 2, 0, 0, 2]))  # the fifth looks like a 1
        result = json.loads(self.ganymede("evaluate", "run", "--json")[0])
        self.assertEqual(result["confusion"], [[2, 1, 0], [0, 0, 0], [0, 0, 4]])
        self.assertAlmostEqual(result["accuracy"], 6 / 7)

    def test_a_classifier_makes_no_samples(self):
        self.refused("sample", "run", code=1, says="run: this run's model is a classifier, which makes no samples")
        self.refused("measure", "run", "classes", code=1, says="which makes no samples")
        self.refused("evaluate", "run", "--data", "images/train-images-idx3-ubyte", code=1, says="has no labels")


class Evaluate(CommandTest):
    def setUp(self):
        super().setUp()
        write_idx(self.folder / "images" / "t10k-images-idx3-ubyte", 12, factor=11)
        (self.folder / "vae.yaml").write_text(VAE % {"data": self.folder / "images"})

    def test_bounds_are_printed_and_repeat(self):
        out, _ = self.ganymede("train", "vae.yaml", "--out", "a", "--no-tune")
        self.assertIn("KL(q|p)", out)
        first, _ = self.ganymede("evaluate", "a", "--samples", "5", "--json")
        again, _ = self.ganymede("evaluate", "a", "--samples", "5", "--json")
        self.assertEqual(first, again)
        result = json.loads(first)
        self.assertEqual((result["step"], result["count"], result["samples"]), (20, 12, 5))
        self.assertAlmostEqual(result["elbo"], -result["reconstruction"] - result["divergence"], 6)
        self.assertGreater(result["iwae"], result["elbo"])
        self.assertGreater(result["divergence"], 0)
        self.assertLess(result["iwae"], 0)  # of zeros and ones: a log probability
        for key in ("elbo", "iwae", "reconstruction", "divergence"):
            self.assertGreater(result[key + "_error"], 0)
        lines, _ = self.ganymede("evaluate", "a", "--samples", "5", "--count", "7")
        self.assertIn("step 20, 7 items held out", lines)
        self.assertIn("IWAE-5 ", lines)
        other, _ = self.ganymede("evaluate", "a/checkpoints/00000010.safetensors", "--samples", "5", "--json")
        self.assertEqual(json.loads(other)["step"], 10)

    def test_data_that_were_trained_on_are_not_called_held_out(self):
        self.ganymede("train", "vae.yaml", "--out", "a", "--no-tune", "--quiet")
        alone = self.folder / "alone"
        alone.mkdir()
        (self.folder / "images" / "train-images-idx3-ubyte").rename(alone / "images.idx3-ubyte")
        source = "alone/images.idx3-ubyte"
        self.ganymede("train", "vae.yaml", "--data", source, "--out", "b", "--no-tune", "--quiet")
        self.refused("evaluate", "b", code=1, says=["images.idx3-ubyte: has no items held out of training", "--data"])
        lines, _ = self.ganymede("evaluate", "b", "--data", source, "--samples", "5")
        self.assertIn(f"step 20, 40 items of {source};", lines)

    def test_samples_come_from_the_decoder(self):
        self.ganymede("train", "vae.yaml", "--out", "a", "--no-tune", "--quiet")
        self.ganymede("sample", "a", "--seeds", "0-3", "-o", "grid.png")
        self.assertEqual((self.folder / "grid.png").read_bytes()[:8], b"\x89PNG\r\n\x1a\n")

    def test_a_gan_has_no_bound(self):
        self.ganymede("train", "tiny.yaml", "--out", "a", "--no-tune", "--quiet")
        self.refused("evaluate", "a", code=1, says="a: this run's model is a GAN (generator and discriminator), of which held-out data tell nothing")

    def test_data_that_do_not_fit_are_named(self):
        self.ganymede("train", "vae.yaml", "--out", "a", "--no-tune", "--quiet")
        (self.folder / "larger").mkdir()
        write_idx(self.folder / "larger" / "t10k-images-idx3-ubyte", 12, 9)
        self.refused("evaluate", "a", "--data", "larger", code=1, says="larger")
        self.refused("evaluate", "a", "--data", "ring8", code=1, says=["ring8", "bernoulli likelihood takes images"])


if __name__ == "__main__":
    unittest.main()
