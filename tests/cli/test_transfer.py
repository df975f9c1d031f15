"""Training that begins with another run's weights: train --from RUN."""
import json
import shutil
import unittest

from command import CommandTest, read_log, read_safetensors

FIRST = "checkpoints/00000000.safetensors"


class Transfer(CommandTest):
    def setUp(self):
        super().setUp()
        self.ganymede("train", "tiny.yaml", "--out", "source", "--quiet")

    def tensors(self, path):
        return read_safetensors(self.folder / path)[0]

    def test_weights_and_statistics_are_taken_and_moments_are_not(self):
        out, _ = self.ganymede("train", "tiny.yaml", "--from", "source", "--out", "new", "--steps", 5)
        self.assertRegex(out, r"from source, step 20: took \d+ variables: generator\.0\.weight, ")
        self.assertNotIn("not taken", out)
        source, new = self.tensors("source/checkpoints/00000020.safetensors"), self.tensors(f"new/{FIRST}")
        for name, value in new.items():
            if name.startswith(("generator.", "discriminator.")):
                self.assertEqual(value, source[name], name)
            else:
                self.assertFalse(any(value[2]), f"{name} is not where a run begins")
        line = read_log(self.folder / "new")[0]
        self.assertEqual((line["step"], line["from"], line["from_step"], line["not_taken"]), (0, "source", 20, ""))
        self.assertIn("discriminator.3.bias", line["taken"].split(", "))
        self.assertIn("from: source\n", (self.folder / "new/recipe.yaml").read_text())

    def test_what_does_not_fit_is_listed_with_the_reason(self):
        text = self.recipe.read_text().replace("  - dense: 8\n  - leaky_relu: 0.2\n  - dense: 1\n", """\
  - dense: 9
  - leaky_relu: 0.2
  - dense: 1
  - dense: 1
""")
        self.assertNotEqual(text, self.recipe.read_text())
        (self.folder / "other.yaml").write_text(text)
        out, _ = self.ganymede("train", "other.yaml", "--from", "source", "--out", "new", "--steps", 5)
        for line in ("discriminator.1.weight: 64x8 there, 64x9 here", "discriminator.4.weight: is not there"):
            self.assertIn(f"\n{line}\n", out)
        source, new = self.tensors("source/checkpoints/00000020.safetensors"), self.tensors(f"new/{FIRST}")
        self.assertEqual(new["generator.3.weight"], source["generator.3.weight"])
        self.assertEqual(new["discriminator.3.bias"], source["discriminator.3.bias"])
        untouched = self.ganymede("train", "other.yaml", "--out", "plain", "--quiet", "--steps", 5) and \
            self.tensors(f"plain/{FIRST}")
        self.assertEqual(new["discriminator.1.weight"], untouched["discriminator.1.weight"])
        out, _ = self.ganymede("train", "tiny.yaml", "--from", "new", "--out", "back", "--steps", 5, "--json")
        self.assertIn("discriminator.4.weight: is not wanted here", json.loads(out.splitlines()[0])["not_taken"])

    def test_averages_come_along_and_begin_as_the_weights_where_there_were_none(self):
        settings = ["--set", "average.decay=0.9", "--steps", 10, "--quiet"]
        self.ganymede("train", "tiny.yaml", "--from", "source", "--out", "new", *settings)
        source, new = self.tensors("source/checkpoints/00000020.safetensors"), self.tensors(f"new/{FIRST}")
        self.assertEqual(new["generator_average.3.weight"], source["generator.3.weight"])
        self.ganymede("train", "tiny.yaml", "--from", "new", "--out", "newer", *settings)
        last, newer = self.tensors("new/checkpoints/00000010.safetensors"), self.tensors(f"newer/{FIRST}")
        self.assertNotEqual(last["generator_average.3.weight"], last["generator.3.weight"])
        for name in ("generator_average.3.weight", "generator.3.weight", "generator_average.1.running_mean"):
            self.assertEqual(newer[name], last[name], name)

    def test_run_killed_before_its_first_checkpoint_begins_the_same(self):
        self.ganymede("train", "tiny.yaml", "--from", "source", "--out", "whole", "--quiet")
        (self.folder / "killed/checkpoints").mkdir(parents=True)
        (self.folder / "killed/samples").mkdir()
        shutil.copy(self.folder / "whole/recipe.yaml", self.folder / "killed/recipe.yaml")
        self.ganymede("train", "--resume", "killed", "--quiet")
        last = "checkpoints/00000020.safetensors"
        self.assert_same_weights(self.folder / "whole" / last, self.folder / "killed" / last)
        self.assertEqual(read_log(self.folder / "whole"), read_log(self.folder / "killed"))
        self.ganymede("train", "--resume", "killed", "--from", "10", "--quiet")  # a step still
        self.assert_same_weights(self.folder / "whole" / last, self.folder / "killed" / last)
        self.assertEqual(read_log(self.folder / "whole"), read_log(self.folder / "killed"))

    def test_wrong_sources_are_refused(self):
        self.refused("train", "tiny.yaml", "--from", "nowhere", code=1, says="nowhere")
        points = self.folder / "points.yaml"
        points.write_text(points.read_text().replace("dense: 8", "dense: 7"))
        self.ganymede("train", "points.yaml", "--out", "points", "--quiet")
        self.refused("train", "tiny.yaml", "--from", "points", "--out", "new", code=1,
                     says=["points: has no weight of the name and shape of any here",
                           "(generator.0.weight: 2x7 there, 3x8 here)"])
        self.assertFalse((self.folder / "new").exists())
        self.refused("train", "tiny.yaml", "--resume", "source", "--from", "points", code=2,
                     says="--from expects a step beside --resume")


if __name__ == "__main__":
    unittest.main()
