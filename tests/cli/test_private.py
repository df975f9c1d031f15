"""Private training through the command: what a run says that it has spent, what ends it, and that no way of going on
starts its budget anew."""
import json
import re
import signal
import subprocess
import time
import unittest

from command import GANYMEDE, CommandTest, checkpoints, read_log, read_safetensors, write_labelled

RECIPE = """\
name: private
data: { source: %s, range: [0, 1], batch: 8 }
privacy: { noise: 2, delta: 1e-3, clip: 0.5 }
latent: { size: 3 }
generator: [ { embed: { classes: 2, size: 2 } }, { dense: 8 }, batch_norm, relu, { dense: 64 }, sigmoid, { reshape: [1, 8, 8] } ]
discriminator: [ flatten, { dense: 8 }, { leaky_relu: 0.2 }, { projection: { classes: 2 } } ]
loss: non_saturating
discriminator_steps: 2
seed: 5
steps: 20
log: { every: 5, samples: 10, checkpoint: 10 }
"""

# Of this kind all is told before the first step.
MOMENTS = """\
name: moments
data: { source: %s, range: [0, 1], batch: 8 }
privacy: { epsilon: 2, delta: 1e-3 }
latent: { size: 3 }
generator: [ { embed: { classes: 2, size: 2 } }, { dense: 8 }, relu, { dense: 64 }, sigmoid, { reshape: [1, 8, 8] } ]
moments: { products: 5 }
seed: 5
steps: 10
log: { every: 5, samples: 10, checkpoint: 5 }
"""


class Private(CommandTest):
    def setUp(self):
        super().setUp()
        write_labelled(self.folder / "data", [200, 200], [20, 20])
        (self.folder / "private.yaml").write_text(RECIPE % (self.folder / "data"))

    def train(self, name, *more, **how):
        return self.ganymede("train", "private.yaml", "--out", name, *more, **how)

    def ledger(self, name):
        return json.loads((self.folder / name / "privacy.json").read_text())

    def note(self, name, step):
        return read_safetensors(self.folder / name / "checkpoints" / f"{step:08d}.safetensors")[1]["note"]

    def spent(self, updates):
        """What the accountant says, within the thousandth of delta that batches too large for their room take."""
        out, _ = self.ganymede("privacy", "--noise", 2, "--rate", "8/400", "--steps", updates, "--delta", 1e-3 * (1 - 1 / 1024),
                               "--json")
        return json.loads(out)["tight_epsilon"]

    def test_run_says_what_it_has_spent_and_nothing_of_the_items(self):
        out, err = self.train("a")
        self.assertEqual(err, "")
        self.assertIn("privacy: at its end epsilon ", out)
        self.assertIn("(40 updates, each of 8 of 400 items on average, clipped to 0.5, noise 2 times that", out)
        lines = read_log(self.folder / "a")
        self.assertEqual([line["step"] for line in lines], [5, 10, 15, 20])
        for line in lines:
            self.assertNotIn("real_score", line)
            self.assertNotIn("discriminator_loss", line)
            self.assertFalse([key for key in line if key.startswith("monitor")])
        epsilons = [line["epsilon"] for line in lines]
        self.assertEqual(epsilons, sorted(epsilons))
        self.assertGreaterEqual(epsilons[-1], self.spent(40))
        self.assertLess(epsilons[-1], 1.02 * self.spent(40))
        self.assertFalse((self.folder / "a/samples/real.png").exists())
        self.assertEqual(self.ledger("a")["updates"], 40)
        self.assertTrue(self.note("a", 20).startswith(f"epsilon {epsilons[-1]:.3g} at delta 0.001 (40 updates"))
        out, _ = self.ganymede("sample", "a", "--seeds", "0-3", "-o", "a.png")
        self.assertIn(f"privacy: {self.note('a', 20)}", out)
        self.assertIn(self.note("a", 20).encode(), (self.folder / "a.png").read_bytes())

    def test_moments_are_released_once(self):
        (self.folder / "private.yaml").write_text(MOMENTS % (self.folder / "data"))
        out, _ = self.train("a", "--steps", 5)
        self.assertRegex(out, r"privacy: at its end epsilon 2 at delta 0.001 \(1 release of sums over all 400 items, clipped "
                              r"to 1, noise \S+ times that")
        before = read_safetensors(self.folder / "a/checkpoints/00000000.safetensors")[0]
        self.assertTrue(any(before["moments.sums"][2]))
        self.assertEqual(self.ledger("a")["updates"], 1)
        self.ganymede("train", "--resume", "a", "--steps", 10, "--quiet")
        after = read_safetensors(self.folder / "a/checkpoints/00000010.safetensors")[0]
        self.assertEqual(before["moments.sums"], after["moments.sums"])
        self.assertEqual(self.ledger("a")["updates"], 1)
        self.assertEqual([line["epsilon"] for line in read_log(self.folder / "a")], [2, 2])
        out, _ = self.ganymede("sample", "a", "--seeds", "0-3", "-o", "a.png")
        self.assertIn("privacy: epsilon 2 at delta 0.001 (1 release", out)
        self.assertFalse((self.folder / "a/samples/real.png").exists())
        self.train("b", "--quiet")
        other = read_safetensors(self.folder / "b/checkpoints/00000000.safetensors")[0]
        self.assertNotEqual(before["moments.sums"], other["moments.sums"])

    def test_a_second_release_is_paid_for(self):
        """A run that was killed before its first checkpoint had released already."""
        (self.folder / "private.yaml").write_text(MOMENTS % (self.folder / "data"))
        self.train("a", "--quiet")
        for path in (self.folder / "a/checkpoints").iterdir():
            path.unlink()
        self.refused("train", "--resume", "a", code=1, says="does not reach for another")
        (self.folder / "private.yaml").write_text((MOMENTS % (self.folder / "data")).replace("epsilon: 2", "noise: 2"))
        self.train("b", "--quiet")
        for path in (self.folder / "b/checkpoints").iterdir():
            path.unlink()
        self.ganymede("train", "--resume", "b", "--quiet")
        self.assertEqual(self.ledger("b")["updates"], 2)

    def test_dry_run_says_what_will_be_spent(self):
        out, _ = self.ganymede("train", "private.yaml", "--dry-run", "--set", "privacy={epsilon: 3, delta: 1e-3}")
        spent = float(re.search(r"privacy: at its end epsilon (\S+) at delta 0.001 \(40 updates", out)[1])
        self.assertLessEqual(spent, 3)
        self.assertGreater(spent, 2.9)
        out, _ = self.ganymede("train", "private.yaml", "--dry-run", "--json")
        self.assertIn("at its end epsilon", json.loads(out)["privacy"])

    def test_noise_and_batches_are_secret(self):
        for name in "ab":
            self.train(name, "--quiet")
        a, b = (read_safetensors(self.folder / name / "checkpoints/00000020.safetensors")[0] for name in "ab")
        self.assertNotEqual(a["discriminator.1.weight"], b["discriminator.1.weight"])

    def test_training_ends_where_the_budget_is_spent(self):
        limit = self.spent(24) * 1.001  # of 40
        out, _ = self.train("a", "--set", f"privacy.epsilon={limit}", "--set", "log.every=1")
        self.assertIn("the privacy budget, epsilon", out)
        self.assertEqual(read_log(self.folder / "a")[-1]["step"], 12)
        self.assertEqual(self.ledger("a")["updates"], 24)
        self.assertEqual(checkpoints(self.folder / "a")[-1], 12)
        for more in ((), ("--steps", 100)):
            out, _ = self.ganymede("train", "--resume", "a", *more)
            self.assertIn("is spent", out)
            self.assertEqual(self.ledger("a")["updates"], 24)

    def test_going_back_pays_twice(self):
        self.train("a", "--quiet")
        self.ganymede("train", "--resume", "a", "--from", 10, "--quiet")
        self.assertEqual(self.ledger("a")["updates"], 60)
        last = read_log(self.folder / "a")[-1]
        self.assertEqual(last["step"], 20)
        self.assertGreaterEqual(last["epsilon"], self.spent(60))

    def test_killed_run_has_paid_for_what_it_did(self):
        process = subprocess.Popen([GANYMEDE, "train", "private.yaml", "--out", "a", "--steps", "1000000", "--set",
                                    "log.checkpoint=0", "--quiet"], cwd=self.folder)
        log, end = self.folder / "a/log.jsonl", time.monotonic() + 120
        while time.monotonic() < end and (not log.exists() or log.read_text().count("\n") < 3):
            time.sleep(.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
        done = read_log(self.folder / "a")[-1]["step"]
        paid = self.ledger("a")["updates"]
        self.assertGreaterEqual(paid, 2 * done)
        self.assertLessEqual(paid, 2 * (done + 10))
        self.ganymede("train", "--resume", "a", "--steps", 20, "--quiet")  # from its only checkpoint, 0
        self.assertEqual(self.ledger("a")["updates"], paid + 40)

    def test_terms_cannot_change(self):
        self.train("a", "--quiet", "--steps", 10)
        before = self.ledger("a")
        for setting, words in (("privacy.noise=4", "privacy.noise was 2 and cannot become 4"),
                               ("privacy.clip=0.1", "privacy.clip was 0.5 and cannot become 0.1"),
                               ("privacy.delta=1e-4", "privacy.delta was 0.001 and cannot become 0.0001"),
                               ("data.batch=4", "data.batch was 8 and cannot become 4"),
                               ("data.count=300", "the number of items was 400 and cannot become 300"),
                               ("privacy.reproducible=true", "privacy.reproducible was 0 and cannot become 1"),
                               ("privacy.noise=0", "its training is private and cannot go on without")):
            _, err = self.ganymede("train", "--resume", "a", "--steps", 20, "--set", setting, code=1)
            self.assertIn(words, err)
            self.assertEqual(self.ledger("a"), before)
        (self.folder / "a/privacy.json").write_text('{"updates": 20}')
        _, err = self.ganymede("train", "--resume", "a", "--steps", 20, code=1)
        self.assertIn("privacy.json: has no items, so that what the run has spent is not known", err)
        (self.folder / "a/privacy.json").unlink()
        _, err = self.ganymede("train", "--resume", "a", "--steps", 20, code=1)
        self.assertIn("has no privacy.json", err)

    def test_reproducible_noise_repeats_and_is_said_to_protect_nobody(self):
        void = ("--set", "privacy.reproducible=true")
        out, _ = self.train("a", *void)
        self.assertIn("privacy: NOT PRIVATE, since privacy.reproducible lets anybody compute the noise; else", out)
        self.assertIn("void_epsilon", out)
        self.train("b", "--quiet", *void, "--steps", 10)
        self.ganymede("train", "--resume", "b", "--steps", 20, "--quiet")
        self.assert_same_weights(self.folder / "a/checkpoints/00000020.safetensors",
                                 self.folder / "b/checkpoints/00000020.safetensors")
        for line in read_log(self.folder / "a"):
            self.assertIn("void_epsilon", line)
            self.assertNotIn("epsilon", line)
        self.assertTrue(self.note("a", 20).startswith("NOT PRIVATE"))
        self.assertTrue(self.ledger("a")["claim"].startswith("NOT PRIVATE"))
        out, _ = self.ganymede("sample", "a", "--seeds", "0-3", "-o", "a.png")
        self.assertIn("privacy: NOT PRIVATE", out)

    def test_data_that_are_read_in_pieces_train_the_same(self):
        void = ("--set", "privacy.reproducible=true", "--quiet")
        self.train("a", *void, "--set", "data.resident=yes")
        self.train("b", *void, "--set", "data.resident=no")
        self.assert_same_weights(self.folder / "a/checkpoints/00000020.safetensors",
                                 self.folder / "b/checkpoints/00000020.safetensors")

    def test_table_of_several_types_is_refused(self):
        (self.folder / "t.csv").write_text("a,b\n" + "".join(f"{i},{'xy'[i % 2]}\n" for i in range(400)))
        (self.folder / "t.yaml").write_text(
            "data: { source: t.csv, batch: 8 }\nprivacy: { noise: 2, delta: 1e-3 }\nlatent: { size: 2 }\n"
            "generator: [ { dense: 3 } ]\ndiscriminator: [ { dense: 1 } ]\n")
        _, err = self.ganymede("train", "t.yaml", "--out", "a", code=1)
        self.assertIn("t.yaml:2: t.csv is a table of several types", err)
        self.assertFalse((self.folder / "a").exists())


if __name__ == "__main__":
    unittest.main()
