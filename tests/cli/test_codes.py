"""GANs whose data go through networks that are not trained: an autoencoder's (latent_of), principal components."""
import math
import shutil
import struct
import unittest

from command import CommandTest, read_npy, read_safetensors, write_idx, write_labelled

AUTOENCODER = """\
name: source
data: { source: %s, range: [0, 1], batch: 16 }
latent: { size: 3 }
encoder: [ flatten, { dense: 8 }, { batch_norm: {} }, relu, { dense: 6 } ]
decoder: [ { dense: 8 }, relu, { dense: 64 }, { reshape: [1, 8, 8] } ]
average: { decay: 0.9 }
steps: 20
log: { every: 10, samples: 0, checkpoint: 0 }
"""
GAN = """\
name: codes
data: { source: %s, batch: 16 }
latent: { size: 2 }
%s
generator: [ { dense: 8 }, relu, { dense: 3 } ]
discriminator: [ { dense: 8 }, { leaky_relu: 0.2 }, { dense: 1 } ]
average: { decay: 0.5 }
steps: 10
log: { every: 5, samples: 5, checkpoint: 5 }
"""
PCA = "frozen: { encoder: [ pca: 3 ], decoder: [ pca_inverse: [1, 8, 8] ] }"


def floats(entry):
    return struct.unpack(f"<{len(entry[2]) // 4}f", entry[2])


class Codes(CommandTest):
    def setUp(self):
        super().setUp()
        write_labelled(self.folder / "data", [50, 50], [10, 10])
        self.write("source.yaml", AUTOENCODER % (self.folder / "data"))
        self.write("codes.yaml", GAN % (self.folder / "data", "latent_of: source"))
        self.write("pca.yaml", GAN % (self.folder / "data", PCA))

    def write(self, name, text):
        (self.folder / name).write_text(text)

    def tensors(self, run, step):
        return read_safetensors(self.folder / run / f"checkpoints/{step:08d}.safetensors")[0]

    def train_source(self):
        self.ganymede("train", "source.yaml", "--out", "source", "--quiet")

    def test_autoencoder_becomes_part_of_the_run_and_stays_as_it_was(self):
        self.train_source()
        self.ganymede("train", "codes.yaml", "--out", "a", "--quiet")
        source = self.tensors("source", 20)
        for step in (0, 10):
            there = self.tensors("a", step)
            for name in ("encoder.1.weight", "encoder.4.bias", "decoder.2.bias"):
                self.assertEqual(there[name][2], source[name.replace("coder.", "coder_average.", 1)][2], name)
        self.assertNotEqual(self.tensors("a", 0)["generator.0.weight"][2], there["generator.0.weight"][2])
        self.assertIn("range: [0, 1]", (self.folder / "a/recipe.yaml").read_text())
        self.ganymede("sample", "a", "--seeds", "0-3", "-o", "first.npy")
        self.ganymede("train", "codes.yaml", "--out", "b", "--quiet", "--steps", 5)
        shutil.rmtree(self.folder / "source")
        self.ganymede("sample", "a", "--seeds", "0-3", "-o", "second.npy")
        self.assertEqual((self.folder / "first.npy").read_bytes(), (self.folder / "second.npy").read_bytes())
        self.ganymede("train", "--resume", "b", "--steps", 10, "--quiet")
        last = "checkpoints/00000010.safetensors"
        self.assert_same_weights(self.folder / "a" / last, self.folder / "b" / last)
        shape, values = read_npy(self.folder / "first.npy")[:2]
        self.assertEqual(tuple(shape), (4, 1, 8, 8))

    def test_what_does_not_fit_is_refused(self):
        self.refused("train", "codes.yaml", "--out", "a", code=1, says="codes.yaml:4: latent_of: ")
        self.train_source()
        self.refused("train", "codes.yaml", "--out", "a", "--set", "data.range=[-1, 1]", code=1,
                     says="the autoencoder of latent_of has learnt [0, 1]")
        self.refused("train", "codes.yaml", "--out", "a", "--set", "data.size=16", code=1,
                     says="the decoder makes 1x8x8")
        self.refused("train", "codes.yaml", "--out", "a", "--set", "generator.2.dense=4", code=1,
                     says="the generator makes 4")
        self.refused("train", "codes.yaml", "--out", "a", "--set", "privacy={noise: 1, delta: 1e-3}", code=1,
                     says="latent_of is not for private training")
        self.ganymede("train", "pca.yaml", "--out", "gan", "--quiet")
        self.refused("train", "codes.yaml", "--out", "a", "--set", "latent_of=gan", code=1,
                     says="give the run of an autoencoder")
        self.refused("train", "pca.yaml", "--out", "a", "--set", "frozen.encoder=[flatten, dense: 3]", code=1,
                     says="name the autoencoder's run by latent_of")
        self.refused("train", "pca.yaml", "--out", "a", "--set", "frozen.decoder=[]", code=1, says="frozen needs both")
        self.refused("train", "pca.yaml", "--out", "a", "--set", "frozen.encoder=[flatten, pca: 3]", code=1,
                     says="put it first in a network that gets")
        self.refused("train", "pca.yaml", "--out", "a", "--set", "privacy={noise: 1, delta: 1e-3}", code=1,
                     says="frozen is not for private training")

    def test_components_are_those_of_the_data(self):
        """Images of two greys, each alike all over: one axis, along which they lie a deviation to each side."""
        bright = [[40] * 64, [200] * 64] * 20
        images = self.folder / "grey"
        images.mkdir()
        for part in ("train", "t10k"):
            (images / f"{part}-images-idx3-ubyte").write_bytes(struct.pack(">IIII", 0x803, 40, 8, 8) +
                                                               bytes(v for image in bright for v in image))
            (images / f"{part}-labels-idx1-ubyte").write_bytes(struct.pack(">II", 0x801, 40) + bytes([0, 1] * 20))
        self.ganymede("train", "pca.yaml", "--out", "a", "--quiet", "--data", images, "--set", "data.range=[0, 1]")
        for step in (0, 10):
            there = self.tensors("a", step)
            for value in floats(there["pca.mean"]):
                self.assertAlmostEqual(value, 120 / 255, places=5)
            variance = floats(there["pca.variance"])
            self.assertAlmostEqual(variance[0], 64 * (80 / 255) ** 2 * 40 / 39, places=3)
            self.assertEqual(variance[1:], (0, 0))
            for value in floats(there["pca.axes"])[:64]:
                self.assertAlmostEqual(value, 1 / 8, places=4)
        self.ganymede("sample", "a", "--seeds", "0-3", "-o", "a.npy")
        values = read_npy(self.folder / "a.npy")[-1]
        self.assertTrue(all(math.isfinite(v) for v in values))
        self.assertLess(max(values[:64]) - min(values[:64]), 1e-4)  # grey all over, as there is no other axis


if __name__ == "__main__":
    unittest.main()
