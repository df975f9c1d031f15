"""Evaluating through the command, bounds on the likelihood and classifiers: what it prints, repeats and refuses."""
import json
import struct
import unittest

from command import CommandTest, read_log, read_png, read_safetensors, write_idx, write_labelled, write_png

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
        self.refused("evaluate", "b", code=1, says=["images.idx3-ubyte: has no test split", "--data"])
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


CLASSIFIER = """\
name: bands
data: { source: labelled, range: [0, 1], batch: 16 }
classifier: [ flatten, { dense: 3 } ]
optimizer: { classifier: { adam: { rate: 1e-3 } } }
seed: 5
steps: 20
log: { every: 5, checkpoint: 10 }
"""
COUNTS = [12, 20, 31]


class Classify(CommandTest):
    def setUp(self):
        super().setUp()
        self.images, self.labels = write_labelled(self.folder / "labelled", [60, 60, 60], COUNTS)
        (self.folder / "bands.yaml").write_text(CLASSIFIER)

    def train(self, out, *more):
        self.ganymede("train", "bands.yaml", "--out", out, "--no-tune", "--quiet", *more)

    def answers(self, checkpoint, network="classifier"):
        """What the linear classifier's weights say of the test images."""
        tensors = read_safetensors(self.folder / checkpoint)[0]
        (_, (D, K), weight), (_, _, bias) = tensors[f"{network}.1.weight"], tensors[f"{network}.1.bias"]
        self.assertEqual((D, K), (64, 3))
        weight, bias = struct.unpack(f"<{K * D}f", weight), struct.unpack(f"<{K}f", bias)
        logits = [[bias[k] + sum(w * x / 255 for w, x in zip(weight[k::K], image)) for k in range(K)]
                  for image in self.images]
        return [row.index(max(row)) for row in logits]

    def test_figures_are_those_of_the_weights(self):
        self.train("a")
        for source, steps in ("a", 20), ("a/checkpoints/00000010.safetensors", 10):
            out, err = self.ganymede("evaluate", source, "--json")
            self.assertEqual((err, len(out.splitlines())), ("", 1))
            found = json.loads(out)
            answers = self.answers(f"a/checkpoints/{steps:08d}.safetensors")
            confusion = [[sum(1 for pair in zip(self.labels, answers) if pair == (truth, answer))
                          for answer in range(3)] for truth in range(3)]
            self.assertTrue(any(confusion[i][j] for i in range(3) for j in range(3) if i != j), "not a perfect one")
            self.assertEqual(list(found), ["step", "count", "accuracy", "accuracy_error", "recall", "recall_error",
                                           "classes", "confusion", "other"])
            self.assertEqual(found["other"], [0, 0, 0])
            self.assertEqual((found["step"], found["count"]), (steps, sum(COUNTS)))
            self.assertEqual(found["confusion"], confusion)
            self.assertEqual([sum(row) for row in found["confusion"]], COUNTS)
            self.assertEqual(found["classes"], ["0", "1", "2"])
            accuracy = sum(confusion[k][k] for k in range(3)) / sum(COUNTS)
            self.assertAlmostEqual(found["accuracy"], accuracy, 6)
            self.assertAlmostEqual(found["accuracy_error"], (accuracy * (1 - accuracy) / sum(COUNTS)) ** .5, 6)
            for k, count in enumerate(COUNTS):
                recall = confusion[k][k] / count
                self.assertAlmostEqual(found["recall"][str(k)], recall, 6)
                self.assertAlmostEqual(found["recall_error"][str(k)], (recall * (1 - recall) / count) ** .5, 6)

    def test_averaged_weights_answer_where_there_are_some(self):
        self.train("a", "--set", "average={decay: 0.9, warmup: no}")
        last = "a/checkpoints/00000020.safetensors"
        answers = self.answers(last, "classifier_average")
        self.assertNotEqual(answers, self.answers(last))
        found = json.loads(self.ganymede("evaluate", "a", "--json")[0])
        self.assertEqual(found["confusion"], [[sum(1 for pair in zip(self.labels, answers) if pair == (truth, answer))
                                               for answer in range(3)] for truth in range(3)])

    def test_text_has_a_line_per_class_and_the_matrix(self):
        self.train("a")
        found = json.loads(self.ganymede("evaluate", "a", "--json")[0])
        out, _ = self.ganymede("evaluate", "a")
        lines = out.splitlines()
        self.assertEqual(lines[0], "step 20, 63 items held out of training; share of the items, +- one standard error")
        self.assertRegex(lines[1], rf"^  accuracy +{found['accuracy']:.4f} \+- {found['accuracy_error']:.4f}   items ")
        for k in range(3):
            self.assertRegex(lines[2 + k], rf"^  recall +{found['recall'][str(k)]:.4f} \+- .*   {k}, of the items ")
            self.assertEqual(lines[6 + k].split(), [*map(str, found["confusion"][k]), str(k)])
        self.assertEqual(len(lines), 9)

    def test_only_so_many_items_are_looked_at(self):
        self.train("a")
        first = next(i for i, label in enumerate(self.labels) if label != self.labels[0])  # before it: one class alone
        found = json.loads(self.ganymede("evaluate", "a", "--count", first, "--json")[0])
        self.assertEqual(found["count"], first)
        self.assertEqual([sum(row) for row in found["confusion"]],
                         [first if k == self.labels[0] else 0 for k in range(3)])
        self.assertEqual([k for k, recall in found["recall"].items() if recall is not None], [str(self.labels[0])])
        out, _ = self.ganymede("evaluate", "a", "--count", first)
        self.assertNotIn("-nan", out)

    def test_picture_of_a_good_classifier_is_dark_on_the_diagonal(self):
        self.train("a", "--steps", 300)
        out, _ = self.ganymede("evaluate", "a", "-o", "matrix.png")
        self.assertEqual(out.splitlines()[-1], "matrix.png")
        found = json.loads(self.ganymede("evaluate", "a", "--json", "-o", "again.png")[0])
        self.assertGreater(found["accuracy"], .9)
        self.assertEqual((self.folder / "matrix.png").read_bytes(), (self.folder / "again.png").read_bytes())
        width, height, rows = read_png(self.folder / "matrix.png")
        cell = (width - 1) // 3
        self.assertEqual((height, width % 3), (width, 1))
        for truth in range(3):
            for answer in range(3):
                shade = rows[truth * cell + cell // 2][answer * cell + cell // 2]
                self.assertEqual(shade, int(255 - 255 * found["confusion"][truth][answer] / COUNTS[truth]))
                self.assertTrue(shade < 64 if truth == answer else shade > 191, (truth, answer, shade))

    def test_picture_that_cannot_be_written_takes_no_figure_along(self):
        self.train("a")
        figures, _ = self.ganymede("evaluate", "a")
        out, err = self.ganymede("evaluate", "a", "-o", "no/where.png", code=1)
        self.assertEqual(out, figures)
        self.assertIn("no/where.png", err)

    def test_data_that_do_not_fit_are_named(self):
        self.train("a")
        write_labelled(self.folder / "more", [3] * 4, [3] * 4)
        write_labelled(self.folder / "wider", [3] * 3, [3] * 3, 9)
        (self.folder / "unlabelled").mkdir()
        write_idx(self.folder / "unlabelled" / "t10k-images-idx3-ubyte", 12)
        self.refused("evaluate", "a", "--data", "more", code=1, says="more: has 4 classes, but this run's classifier knows 3")
        self.refused("evaluate", "a", "--data", "unlabelled", code=1, says="unlabelled: has no labels")
        self.refused("evaluate", "a", "--data", "wider", code=1,
                     says="wider: its items are 1x9x9, which this run's classifier of labelled does not take")
        self.refused("evaluate", "a", "--data", "ring8", code=1, says="ring8")
        self.refused("evaluate", "a", "--data", "absent", code=1, says="absent")

    def test_fewer_classes_are_a_part_of_those_known(self):
        self.train("a")
        write_labelled(self.folder / "fewer", [3, 3], [9, 9])
        found = json.loads(self.ganymede("evaluate", "a", "--data", "fewer", "--json")[0])
        self.assertEqual(found["classes"], ["0", "1"])
        self.assertEqual([len(row) for row in found["confusion"]], [2, 2])
        self.assertEqual([sum(row) + other for row, other in zip(found["confusion"], found["other"])], [9, 9])
        self.assertGreater(sum(found["other"]), 0, "none was taken for the third: nothing is tested")
        lines = self.ganymede("evaluate", "a", "--data", "fewer")[0].splitlines()
        self.assertIn("last column", lines[-3])
        self.assertEqual([int(line.split()[2]) for line in lines[-2:]], found["other"])

    def test_classes_are_matched_by_their_names(self):
        for folder, names in ("trained", "abc"), ("other", "cab"), ("fewer", "cb"), ("foreign", "abd"):
            for name in names:
                (self.folder / folder / name).mkdir(parents=True)
                row = [255 * (column // 2 == "abcd".index(name)) for column in range(8)]
                for i in range(6):
                    write_png(self.folder / folder / name / f"{i}.png", [row] * 8)
        self.train("a", "--data", "trained", "--steps", 200)
        for folder, classes in ("trained", "abc"), ("fewer", "bc"):
            found = json.loads(self.ganymede("evaluate", "a", "--data", folder, "--json")[0])
            self.assertEqual(found["classes"], list(classes))
            self.assertEqual(found["confusion"], [[6 * (i == j) for j in range(len(classes))]
                                                  for i in range(len(classes))])
        self.refused("evaluate", "a", code=1, says=["trained: has no test pictures", "--data"])
        self.refused("evaluate", "a", "--data", "foreign", code=1,
                     says="foreign: has a class d, which is none of those trained on: a, b, c")
        (self.folder / "trained" / "b").rename(self.folder / "trained" / "z")  # now the last
        self.refused("train", "--resume", "a", "--steps", 210, code=1,
                     says=["has a class z, which is none of those trained on: a, b, c"])
        (self.folder / "trained" / "a").rename(self.folder / "trained" / "b")
        (self.folder / "trained" / "z").rename(self.folder / "trained" / "a")
        self.ganymede("train", "--resume", "a", "--steps", 210, "--quiet")

    def test_a_classifier_makes_no_samples(self):
        self.train("a")
        self.refused("sample", "a", code=1, says="a: this run's model is a classifier, which makes no samples")
        self.refused("measure", "a", "labelled", code=1, says="which makes no samples")
        self.refused("evaluate", "a", "--samples", "8", code=1, says="draws no importance samples")

    def test_data_without_classes_teach_no_classifier(self):
        self.refused("train", "bands.yaml", "--data", "images", code=1,
                     says="bands.yaml: a classifier learns labels of two classes or more, but images has none")
        self.refused("train", "bands.yaml", "--set", "classifier=[flatten, dense: 4]", code=1,
                     says=["--set classifier", "one logit per class", "3 classes", "`dense: 3`"])

    def test_classifier_has_no_samples(self):
        self.train("a")
        self.refused("sample", "a", code=1, says="a: this run's model is a classifier, which makes no samples")
        self.refused("measure", "labelled", "a", code=1, says="a: this run's model is a classifier, which makes no samples")
        self.assertEqual(sorted(p.name for p in (self.folder / "a" / "samples").iterdir()), ["real.png"])

    def test_resumed_run_continues_bit_for_bit(self):
        deep = ("--set", "classifier=[conv: {channels: 4, kernel: 3}, batch_norm, relu, flatten, dropout: 0.5, dense: 3]",
                "--set", "accumulate=2", "--set", "average.decay=0.9")
        self.train("a", *deep)
        self.train("b", *deep, "--steps", 7)
        self.ganymede("train", "--resume", "b", "--quiet", "--steps", 20)
        last = "checkpoints/00000020.safetensors"
        self.assert_same_weights(self.folder / "a" / last, self.folder / "b" / last)
        self.assertEqual(read_log(self.folder / "a"), read_log(self.folder / "b"))
        self.ganymede("train", "a/recipe.yaml", "--out", "c", "--no-tune", "--quiet")
        self.assert_same_weights(self.folder / "a" / last, self.folder / "c" / last)
        tensors = read_safetensors(self.folder / "a" / last)[0]
        self.assertNotEqual(tensors["classifier_average.0.weight"], tensors["classifier.0.weight"])
        self.assertEqual(struct.unpack("<2i", tensors["step"][2]), (20, 0))
        answers = [self.ganymede("evaluate", name, "--json")[0] for name in "abc"]
        self.assertEqual(answers[0], answers[1])
        self.assertEqual(answers[0], answers[2])


if __name__ == "__main__":
    unittest.main()
