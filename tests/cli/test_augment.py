"""Augmented and balanced data: what training makes of them, and that a resumed run goes on with the same."""
import json
import pathlib
import re
import unittest

from command import CommandTest, read_log, write_labelled

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


if __name__ == "__main__":
    unittest.main()
