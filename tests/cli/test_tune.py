"""Tuning through the command: what is timed, kept beside the device and in the run, and what a damaged store may cost.

The recipe is made so that its dense layers are large enough to be timed. Kernels are the CPU's: the tests name some.
"""
import json
import unittest

from command import CommandTest, checkpoints, read_safetensors, write_idx

DENSE = """\
name: dense
data: { source: %(data)s, range: [0, 1], batch: 512 }
latent: { size: 16, distribution: uniform }
generator: [ { dense: 32 }, relu, { dense: 784 }, sigmoid, { reshape: [1, 28, 28] } ]
discriminator: [ flatten, { dense: 32 }, { leaky_relu: 0.2 }, { dense: 1 } ]
loss: non_saturating
optimizer: { generator: { adam: { rate: 1e-3 } }, discriminator: { adam: { rate: 1e-3 } } }
seed: 5
steps: 4
log: { every: 2, samples: 100, checkpoint: 2 }
"""

GPU = {"GANYMEDE_KERNELS": "gpu"}  # whose variants a first start times


def read_choices(text):
    """{operation: (variant, nanoseconds)} of the text of a store or a checkpoint, behind its two heads."""
    lines = [line.split("\t") for line in text.splitlines()[2:]]
    return {operation: (variant, int(time)) for operation, variant, time in lines}


def is_outer(operation):
    """Weight gradients, whose variants are not those of the other products."""
    return operation.endswith(" tn")


def edited(text):
    """The store with other variants than the default; times stay."""
    head, lines = text.splitlines()[:2], []
    for operation, (_, time) in read_choices(text).items():
        lines.append(f"{operation}\t{'parts1/2' if is_outer(operation) else 'tile6'}\t{time}")
    return "\n".join(head + lines) + "\n"


class Tune(CommandTest):
    def setUp(self):
        super().setUp()
        (self.folder / "large").mkdir()
        write_idx(self.folder / "large" / "train-images-idx3-ubyte", 40, 28)
        (self.folder / "dense.yaml").write_text(DENSE % {"data": self.folder / "large"})
        self.cache = self.folder / "cache" / "ganymede"

    def start(self, *arguments, env=None, **more):
        # Stores of its own; compiled kernels where pocl has those of all tests.
        own = {"XDG_CACHE_HOME": str(self.cache.parent), "GANYMEDE_CACHE": None, "GANYMEDE_KERNELS": "cpu",
               "GANYMEDE_LOG": ""}
        return super().start(*arguments, env={**own, **(env or {})}, **more)

    def train(self, *arguments, **more):
        out, err = self.ganymede("train", *arguments, "--quiet", **more)
        self.assertEqual(out, "")
        return err

    def stores(self):
        return list(self.cache.glob("tuning5-*.txt"))

    def store(self):
        self.assertEqual(len(self.stores()), 1)
        return self.stores()[0]

    def variants(self, run, step):
        return read_safetensors(self.checkpoint(run, step))[1]["variants"]

    def checkpoint(self, run, step):
        return self.folder / run / "checkpoints" / f"{step:08d}.safetensors"

    def put_defaults(self):
        """A store in which every operation of the recipe has its default, whatever is fastest here."""
        self.ganymede("tune", "dense.yaml")
        text = self.store().read_text()
        lines = [f"{operation}\tdirect\t{time}" for operation, (_, time) in read_choices(text).items()]
        self.store().write_text("\n".join(text.splitlines()[:2] + lines) + "\n")

    def test_tune_prints_a_line_per_operation_and_keeps_them(self):
        out, err = self.ganymede("tune", "dense.yaml")
        self.assertEqual(err, "")
        stored = read_choices(self.store().read_text())
        self.assertGreaterEqual(len(stored), 4)
        self.assertTrue(any(map(is_outer, stored)))
        self.assertEqual(len(out.splitlines()), len(stored))
        for line, (operation, (variant, time)) in zip(out.splitlines(), stored.items()):
            self.assertRegex(line, r"^cpu gemm \d+x\d+ \d+x\d+ -> \d+x\d+ [nt][nt] +\S+ +\d+\.\d{4} ms$")
            self.assertTrue(line.startswith(operation + " "), line)
            self.assertEqual(line[len(operation):].split()[0], variant)
            self.assertAlmostEqual(float(line.split()[-2]), 1e-6 * time, delta=1e-4)
            self.assertGreater(time, 0)
        self.assertFalse((self.folder / "runs").exists())
        self.assertEqual(self.ganymede("tune")[0], out)
        listed, _ = self.ganymede("tune", "--json")
        objects = [json.loads(line) for line in listed.splitlines()]
        self.assertEqual([o["operation"] for o in objects], list(stored))
        for o in objects:
            self.assertEqual(set(o), {"operation", "variant", "ms"})
            self.assertEqual(o["variant"], stored[o["operation"]][0])
            self.assertAlmostEqual(o["ms"], 1e-6 * stored[o["operation"]][1], delta=2e-6)

    def test_tune_of_a_recipe_as_json_times_everything_anew(self):
        self.ganymede("tune", "dense.yaml")
        day = 86_400_000_000_000  # nanoseconds
        text = self.store().read_text()
        before = read_choices(text)
        lines = [f"{operation}\ttile6\t{day}" for operation in before]
        self.store().write_text("\n".join(text.splitlines()[:2] + lines) + "\n")
        out, _ = self.ganymede("tune", "dense.yaml", "--json")
        objects = [json.loads(line) for line in out.splitlines()]
        self.assertEqual({o["operation"] for o in objects}, set(before))
        for o in objects:
            self.assertTrue(0 < o["ms"] < 1e4, o)
        for operation, (_, time) in read_choices(self.store().read_text()).items():
            self.assertLess(time, day, operation)

    def test_tune_with_another_batch_adds_operations(self):
        self.ganymede("tune", "dense.yaml")
        first = self.store().read_text()
        out, _ = self.ganymede("tune", "dense.yaml", "--batch", "448")
        self.assertIn(" 448x", out)
        self.assertNotIn(" 512x", out)
        both = read_choices(self.store().read_text())
        self.assertLess(set(read_choices(first)), set(both))
        for line in out.splitlines():
            self.assertTrue(any(line.startswith(operation + " ") for operation in both), line)

    def test_tune_without_a_store_lists_nothing(self):
        self.assertEqual(self.ganymede("tune"), ("", ""))
        self.assertEqual(self.ganymede("tune", "--json"), ("", ""))
        self.assertEqual(self.stores(), [])

    def test_wrong_usage(self):
        self.refused("tune", "--batch", "8", code=2, says=["need a RECIPE"])
        self.refused("tune", "no-such.yaml", code=1, says="no-such.yaml")
        self.refused("tune", "--bogus", code=2, says="unknown option '--bogus'")
        self.refused("tune", "dense.yaml", "tiny.yaml", code=2, says="'tiny.yaml' is one argument too many")
        self.refused("tune", "dense.yaml", "--batch", "many", code=2, says="--batch expects a whole number")
        self.refused("tune", "dense.yaml", "--data", "nowhere", code=1, says="nowhere")
        self.assertEqual(self.stores(), [])

    def test_help_has_an_example(self):
        out, err = self.ganymede("tune", "--help")
        self.assertEqual(err, "")
        self.assertIn("usage: ganymede tune", out)
        self.assertIn("Example: ganymede tune ", out)
        self.assertIn("  tune ", self.ganymede("--help")[0])

    def test_run_writes_its_choices_into_its_checkpoints(self):
        self.ganymede("tune", "dense.yaml")
        self.assertEqual(self.train("dense.yaml", "--out", "a"), "")
        stored = self.store().read_text()
        self.assertEqual(self.variants("a", 0), stored)
        self.assertEqual(self.variants("a", 4), stored)
        self.assertGreaterEqual(len(read_choices(stored)), 4)
        # Only what the run needs, and nothing is timed again.
        self.store().write_text(stored + "cpu gemm 1x1 1x1 -> 1x1 nn\tdirect\t5\n")
        self.train("dense.yaml", "--out", "b", "--steps", "1")
        self.assertEqual(self.variants("b", 1), stored)
        self.assertEqual(self.store().read_text(), stored + "cpu gemm 1x1 1x1 -> 1x1 nn\tdirect\t5\n")

    def test_run_without_a_store_keeps_to_the_rule(self):
        """Nothing is timed for the CPU's kernels; the run writes down what it took."""
        self.train("dense.yaml", "--out", "a", "--steps", "2")
        self.assertEqual(self.stores(), [])
        rule = read_choices(self.variants("a", 2))
        self.assertGreaterEqual(len(rule), 4)
        self.assertEqual({time for _, time in rule.values()}, {0})
        self.ganymede("tune", "dense.yaml")
        self.assertEqual(set(read_choices(self.store().read_text())), set(rule))
        self.store().write_text(edited(self.store().read_text()))
        self.train("--resume", "a", "--steps", "4")
        self.assertEqual(read_choices(self.variants("a", 4)), rule)

    def test_first_start_times_where_the_rule_is_an_estimate(self):
        self.train("dense.yaml", "--out", "a", "--steps", "1", env=GPU)
        stored = self.store().read_text()
        self.assertGreaterEqual(len(read_choices(stored)), 4)
        self.assertTrue(any(time > 0 for _, time in read_choices(stored).values()), stored)
        self.assertEqual(self.variants("a", 1), stored)

    def test_no_tune_leaves_no_store_and_stays_so_when_resumed(self):
        self.train("dense.yaml", "--out", "a", "--steps", "2", "--no-tune")
        self.assertEqual(self.variants("a", 2), "")
        self.assertEqual(self.stores(), [])
        self.train("--resume", "a", "--steps", "4")
        self.assertEqual(self.variants("a", 4), "")
        self.assertEqual(self.stores(), [])

    def test_resumed_run_keeps_its_choices(self):
        self.put_defaults()
        self.train("dense.yaml", "--out", "straight")
        self.train("dense.yaml", "--out", "cut", "--steps", "2")
        first = self.variants("cut", 2)
        self.store().write_text(edited(self.store().read_text()))
        changed = self.store().read_text()
        self.assertNotEqual(changed, first)
        self.train("--resume", "cut", "--steps", "4")
        self.assertEqual(checkpoints(self.folder / "cut")[-1], 4)
        self.assertEqual(self.variants("cut", 4), first)
        self.assertEqual(self.store().read_text(), changed)
        self.assert_same_weights(self.checkpoint("straight", 4), self.checkpoint("cut", 4))

    def test_new_run_takes_the_choices_of_the_store(self):
        self.put_defaults()
        self.train("dense.yaml", "--out", "a")
        self.store().write_text(edited(self.store().read_text()))
        self.train("dense.yaml", "--out", "b")
        choices = read_choices(self.variants("b", 4))
        self.assertGreaterEqual(len(choices), 4)
        self.assertEqual(set(choices), set(read_choices(self.variants("a", 4))))
        for operation, (variant, _) in choices.items():
            self.assertEqual(variant, "parts1/2" if is_outer(operation) else "tile6", operation)
        # They compute the same but for rounding: the losses of four steps agree.
        for a, b in zip(*(self.losses(run) for run in ("a", "b"))):
            self.assertAlmostEqual(a, b, delta=1e-3)

    def losses(self, run):
        lines = [json.loads(line) for line in (self.folder / run / "log.jsonl").read_text().splitlines()]
        self.assertEqual([line["step"] for line in lines], [2, 4])
        return [line[key] for line in lines for key in ("discriminator_loss", "generator_loss")]

    def test_same_choices_repeat_bit_for_bit(self):
        self.put_defaults()
        self.store().write_text(edited(self.store().read_text()))
        self.train("dense.yaml", "--out", "b")
        self.train("dense.yaml", "--out", "c")
        self.assertEqual(self.checkpoint("b", 4).read_bytes(), self.checkpoint("c", 4).read_bytes())

    def test_damaged_store_is_no_error(self):
        self.ganymede("tune", "dense.yaml")
        whole = self.store().read_bytes()
        noise = bytes((i * i * 151 + 7 * i) % 256 for i in range(3000))
        for name, content in (("noise", noise), ("empty", b""), ("cut", whole[:-3]), ("mixed", whole[:-20] + noise)):
            with self.subTest(name):
                self.store().write_bytes(content)
                self.assertEqual(self.train("dense.yaml", "--out", name), "")
                self.assertEqual(checkpoints(self.folder / name)[-1], 4)
                operations = set(read_choices(whole.decode()))
                self.assertEqual(set(read_choices(self.variants(name, 4))), operations)
                self.assertEqual(self.store().read_bytes(), content)
                self.ganymede("tune", "dense.yaml")
                self.assertEqual(set(read_choices(self.store().read_text())), operations)

    def test_tuning_that_fails_is_a_warning(self):
        """A program with many variants may be more than a driver builds; the recipe's own still is."""
        err = self.train("dense.yaml", "--steps", "1", "--out", "run", env={**GPU, "GANYMEDE_FAULT": "build:2"})
        self.assertIn("default variants, timing others failed: building", err)
        self.assertEqual(checkpoints(self.folder / "run"), [0, 1])
        self.assertEqual(self.stores(), [])

    def test_cache_folder_that_cannot_be_made_is_a_warning(self):
        (self.folder / "file").write_text("")
        below = self.folder / "file" / "cache"
        err = self.train("dense.yaml", "--out", "a", env={**GPU, "GANYMEDE_CACHE": str(below)})
        self.assertEqual(len(err.splitlines()), 1, err)
        self.assertIn("warning", err)
        self.assertIn(str(self.folder / "file"), err)
        self.assertEqual(checkpoints(self.folder / "a")[-1], 4)
        # Without any cache folder there is nothing to warn of; both trained alike.
        self.assertEqual(self.train("dense.yaml", "--out", "b", env={**GPU, "GANYMEDE_CACHE": ""}), "")
        for run in ("a", "b"):
            self.assertEqual({time for _, time in read_choices(self.variants(run, 4)).values()}, {0})
        self.assert_same_weights(self.checkpoint("a", 4), self.checkpoint("b", 4))


if __name__ == "__main__":
    unittest.main()
