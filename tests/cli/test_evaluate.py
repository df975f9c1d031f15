"""Bounds on the likelihood through the command: what it prints, what it repeats, what it refuses."""
import json
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
