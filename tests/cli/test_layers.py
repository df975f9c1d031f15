"""Recipes of what is not in the samples: every layer trains ten steps, and a run that is cut in between goes on bit for
bit."""
import re
import unittest

from command import CommandTest, checkpoints, read_log

HEAD = """\
name: layers
data: { source: %(data)s, range: [-1, 1], batch: 4 }
latent: { size: 4, distribution: normal }
"""
TAIL = """\
loss: %(loss)s
optimizer: { generator: { adam: { rate: 1e-3 } }, discriminator: { adam: { rate: 1e-3 } } }
seed: 5
steps: 10
log: { every: 5, samples: 10, checkpoint: 5 }
"""

RECIPES = {
    "images": ("""\
generator:
  - maxout: { units: 8, pieces: 2 }
  - tap: style
  - dense: { units: 64, rate: 0.1 }
  - reshape: [16, 2, 2]
  - pixel_shuffle: 2
  - adain: style
  - pad: { size: 1, mode: reflect }
  - conv: { channels: 8, kernel: 3 }
  - softplus
  - attention: { heads: 2, key: 4, spectral_norm: true }
  - upsample: { mode: bilinear }
  - conv: { channels: 1, kernel: 3, same: true, padding_mode: replicate }
  - tanh
discriminator:
  - conv: { channels: 4, kernel: 3, same: true, dilation: 2, spectral_norm: true }
  - tap: wide
  - pixel_unshuffle: 2
  - conv: { channels: 8, kernel: 3, padding: 1, groups: 2 }
  - upsample: { factor: 2, mode: nearest }
  - concat: wide
  - layer_norm: { over: channels }
  - residual: [positions: sinusoidal, leaky_relu: 0.2, group_norm: 3]
  - average_pool: 2
  - minibatch_stddev: 2
  - flatten
  - dropout: 0.2
  - dense: 1
""", "non_saturating", ""),
    "sequences": ("""\
generator:
  - dense: 32
  - reshape: [4, 8]
  - positions: learned
  - lstm: { units: 4, bidirectional: true }
  - conv_transpose: { channels: 8, kernel: 5, stride: 2, same: true }
  - batch_norm
  - relu
  - gru: 8
  - average_pool: 2
  - conv: { channels: 8, kernel: 3, same: true }
  - tanh
  - reshape: [1, 8, 8]
discriminator:
  - reshape: [8, 8]
  - conv: { channels: 8, kernel: 4, stride: 2, same: true, dilation: 1 }
  - leaky_relu: 0.2
  - phase_shuffle: 1
  - attention: { causal: true, key: 4, bias: true }
  - upsample: 2
  - instance_norm: { affine: true }
  - gru: { units: 6, layers: 2, last: true, spectral_norm: true }
  - dense: 1
""", "hinge", ""),
    "symbols": ("""\
generator:
  - dense: 64
  - reshape: [8, 8]
  - conv: { channels: 8, kernel: 3, same: true }
  - residual: [softmax, log_softmax: 2]
  - gumbel_softmax: { temperature: 0.5, hard: true }
  - reshape: [1, 8, 8]
discriminator:
  - reshape: [8, 8]
  - conv: { channels: 8, kernel: 5, same: true }
  - leaky_relu: 0.2
  - flatten
  - dense: 1
""", "hinge", ""),
    "styles": ("""\
generator:
  - pixel_norm
  - dense: { units: 8, rate: 0.1 }
  - leaky_relu: 0.2
  - truncation
  - tap: w
  - constant: [8, 4, 4]
  - modulated_conv: { style: w, channels: 8 }
  - noise: { rate: 100 }
  - leaky_relu: 0.2
  - upsample: { mode: bilinear }
  - modulated_conv: { style: w, channels: 1, kernel: 1, demodulate: false }
  - tanh
discriminator:
  - conv: { channels: 8, kernel: 3, stride: 2, same: true }
  - leaky_relu: 0.2
  - flatten
  - dense: 1
""", "non_saturating", ""),
    "volumes": ("""\
generator:
  - dense: 32
  - reshape: [4, 2, 2, 2]
  - conv_transpose: { channels: 4, kernel: 4, stride: 2, padding: 1 }
  - instance_norm
  - relu
  - conv: { channels: 16, kernel: 3, same: true }
  - conv: { channels: 16, kernel: 3, same: true }
  - conv: { channels: 1, kernel: [1, 3, 3], padding: [0, 1, 1] }
  - tanh
  - reshape: [1, 8, 8]
discriminator:
  - reshape: [1, 4, 4, 4]
  - pad: { size: [1, 0, 0], mode: replicate }
  - conv: { channels: 4, kernel: [3, 2, 2], dilation: [2, 1, 1] }
  - leaky_relu: 0.2
  - upsample: { factor: [1, 2, 2], mode: bilinear }
  - max_pool: { kernel: 2, stride: [1, 2, 2] }
  - layer_norm
  - flatten
  - dense: 1
""", "wasserstein", "regularizers: [gradient_penalty: { weight: 10 }]\n"),
}
SAMPLE = 4 * 64  # bytes
UNTRIED = {"embed", "embedding", "feedback", "projection", "head", "sigmoid", "slice",  # in the samples' recipes, or of texts
           "pca", "pca_inverse"}  # in test_codes.py


class Layers(CommandTest):
    def write(self, name):
        networks, loss, more = RECIPES[name]
        text = (HEAD + networks + TAIL + more) % {"data": self.folder / "images", "loss": loss}
        (self.folder / f"{name}.yaml").write_text(text)

    def test_cut_runs_go_on_bit_for_bit(self):
        for name in RECIPES:
            with self.subTest(name):
                self.write(name)
                self.ganymede("train", f"{name}.yaml", "--out", f"{name}-straight", "--quiet")
                self.ganymede("train", f"{name}.yaml", "--out", f"{name}-cut", "--quiet", "--steps", 5)
                self.ganymede("train", "--resume", f"{name}-cut", "--quiet", "--steps", 10)
                straight, cut = self.folder / f"{name}-straight", self.folder / f"{name}-cut"
                self.assertEqual(checkpoints(cut)[-1], 10)
                self.assertEqual(read_log(cut), read_log(straight))
                last = "checkpoints/00000010.safetensors"
                self.assertEqual((cut / last).read_bytes(), (straight / last).read_bytes())
                first = (straight / "checkpoints/00000005.safetensors").read_bytes()
                self.assertNotEqual((straight / last).read_bytes(), first)

    def test_what_layers_draw_belongs_to_the_seeds(self):
        for name in ("symbols", "styles"):
            self.write(name)
            self.ganymede("train", f"{name}.yaml", "--out", name, "--quiet", "--steps", 2)

            self.ganymede("sample", name, "--seeds", "0-69", "-o", "all.npy")
            every = (self.folder / "all.npy").read_bytes()[-70 * SAMPLE:]
            images = [every[i * SAMPLE:(i + 1) * SAMPLE] for i in range(70)]
            self.assertGreater(len(set(images)), 60)
            for seed in (0, 3, 64, 69):  # at other places of a batch, and in another
                with self.subTest(name, seed=seed):
                    self.ganymede("sample", name, "--seeds", f"{seed}-{seed}", "-o", "one.npy")
                    self.assertEqual((self.folder / "one.npy").read_bytes()[-SAMPLE:], images[seed])

    def test_no_layer_is_left_out(self):
        keys, _ = self.ganymede("train", "--keys")
        _, refusal = self.ganymede("bench", "layers", "x", 1, 1, code=1)
        listed = re.search(r"unknown layer 'x'; allowed are (.*)", refusal).group(1).split(", ")
        used = set(re.findall(r"- (\w+)|\[(\w+)(?=[:,])|, (\w+):", "".join(text for text, _, _ in RECIPES.values())))
        used = {word for words in used for word in words}
        self.assertEqual(set(listed) - used, UNTRIED)
        for layer in listed:
            self.assertIn(layer, keys)


if __name__ == "__main__":
    unittest.main()
