"""Help, and what the command says to wrong usage: exit code 2 and one line that names what was expected."""
import json
import os
import subprocess
import unittest

from command import GANYMEDE, CommandTest

COMMANDS = ["devices", "data", "augment", "train", "sample", "interpolate", "project", "directions", "saliency", "complete",
            "translate", "measure", "evaluate", "bench", "privacy", "tune"]


class Usage(CommandTest):
    def test_help_lists_the_commands(self):
        for arguments in (["--help"], ["help"], ["-h"]):
            out, err = self.ganymede(*arguments)
            self.assertEqual(err, "")
            for name in COMMANDS:
                self.assertIn(f"  {name} ", out)

    def test_each_command_has_help_with_an_example(self):
        for name in COMMANDS:
            out, err = self.ganymede(name, "--help")
            self.assertEqual(err, "")
            self.assertIn(f"usage: ganymede {name}", out)
            self.assertIn("Example: ganymede", out)

    def test_version(self):
        out, _ = self.ganymede("--version")
        self.assertRegex(out, r"^ganymede \d+\.\d+\.\d+\n$")

    def test_privacy_prints_what_is_spent_and_which_noise_keeps_it(self):
        common = ["privacy", "--rate", "64/60000", "--steps", "20000", "--delta", "1e-5", "--json"]
        spent = json.loads(self.ganymede(*common, "--noise", "1.1")[0])
        self.assertEqual((spent["epsilon"], spent["order"]), (.78534, 15))
        self.assertEqual(spent["tight_epsilon"], .62449)
        noise = json.loads(self.ganymede(*common, "--epsilon", ".78534")[0])
        self.assertAlmostEqual(noise["noise"], 1.1, delta=2e-3)
        self.assertLess(noise["tight_noise"], noise["noise"])
        self.refused("privacy", "--noise", "0", "--rate", ".1", "--steps", "1", "--delta", "1e-5", code=1,
                     says="the noise must be")

    def test_nothing_prints_the_help_and_fails(self):
        out, err = self.ganymede(code=2)
        self.assertEqual(out, "")
        self.assertIn("usage: ganymede COMMAND", err)

    def test_wrong_usage_says_what_was_expected(self):
        for arguments, says in [
            (["trian"], ["'trian' is not a command", "train, sample, ", ", measure, evaluate, bench"]),
            (["train"], "expected RECIPE"),
            (["train", "a.yaml", "b.yaml"], "'b.yaml' is one argument too many"),
            (["train", "a.yaml", "--stesp", "3"], "unknown option '--stesp'"),
            (["train", "a.yaml", "--steps"], "--steps expects N"),
            (["train", "a.yaml", "--steps", "many"], "--steps expects a whole number, not 'many'"),
            (["train", "a.yaml", "--steps=-3"], "--steps expects a whole number, not '-3'"),
            (["train", "a.yaml", "--steps", "99999999999999999999"], "--steps expects a whole number"),
            (["train", "a.yaml", "--set", "rate"], "--set expects KEY=VALUE, not 'rate'"),
            (["train", "a.yaml", "--quiet=yes"], "--quiet takes no value"),
            (["train", "--resume", "a", "--out", "b"], "--out and --resume exclude each other"),
            (["sample"], "expected RUN"),
            (["sample", "r", "--seeds", "5-2"], "--seeds expects numbers and ranges such as 0-63"),
            (["sample", "r", "--seeds", "1,,2"], "--seeds expects"),
            (["sample", "r", "--seeds", "0-18446744073709551615"], "--seeds expects"),
            (["sample", "r", "--grid", "8"], "--grid expects COLUMNSxROWS"),
            (["sample", "r", "--grid", "0x4"], "--grid expects COLUMNSxROWS"),
            (["sample", "r", "--grid", "2x2", "--seeds", "0-63"], "--grid 2x2 has 4 cells for 64 samples"),
            (["sample", "r", "--codes", "1..2", "--grid", "4x2", "--seeds", "0-7"], "--grid 4x2 has 8 cells for 32 samples"),
            (["sample", "r", "--codes", "1,,2"], "--codes expects numbers, * and FIRST..LAST"),
            (["sample", "r", "--codes", "1..x"], "--codes expects"),
            (["sample", "r", "--codes", "nan"], "--codes expects"),
            (["sample", "r", "--truncation", "half"], "--truncation expects a number such as 0.7"),
            (["sample", "r", "--direction", "3"], "--direction expects K=FIRST..LAST"),
            (["sample", "r", "--direction", "3=1..x"], "--direction expects"),
            (["sample", "r", "--directions", "d.npy"], "--directions is for --direction"),
            (["sample", "r", "--latents", "z.npy", "--seeds", "1"], "--latents stands in place of --seeds"),
            (["sample", "r", "--nearest", "3", "--grid", "2x2"], "--nearest draws a picture of its own"),
            (["sample", "r", "--nearest=many"], "--nearest expects a whole number or nothing, not 'many'"),
            (["saliency", "r"], "expected RUN SRC..."),
            (["saliency", "r", "a.png", "--smooth", "1"], "--smooth expects 2 to"),
            (["interpolate", "r"], "expected either --seeds or --latents"),
            (["interpolate", "r", "--seeds", "1"], "--seeds expects two seeds or more"),
            (["interpolate", "r", "--seeds", "1-5", "--frames", "4"], "--frames expects 5 to"),
            (["project", "r"], "expected RUN FILE..."),
            (["project", "r", "a.png"], "-o DIR is wanted"),
            (["project", "r", "a.png", "-o", "d", "--feature-weight", "1"], "beside --features"),
            (["directions", "r", "--method", "sefa"], "--method expects closed or pca"),
            (["evaluate"], "expected RUN"),
            (["evaluate", "r", "--samples", "0"], "--samples expects 1 to"),
            (["evaluate", "r", "--count", "0"], "--count expects at least 1"),
            (["privacy", "--noise", "1"], "expected --rate, --steps and --delta"),
            (["privacy", "--rate", "1/", "--steps", "1"], "--rate expects a number, not '1/'"),
            (["privacy", "--rate", "1/0"], "--rate expects a number"),
            (["privacy", "--delta", "inf"], "--delta expects a number"),
            (["privacy", "--rate", ".1", "--steps", "9", "--delta", "1e-5"], "expected --noise, or --epsilon"),
            (["bench"], "expected one of step, gemm"),
            (["bench", "nothing"], "'nothing' cannot be measured; expected one of step, gemm"),
            (["bench", "gemm", "5"], "expected M N K"),
            (["bench", "gemm", "5", "6", "seven"], "seven"),
            (["bench", "gemm", "5", "6", "7", "--batch", "0"], "--batch expects 1 to 1048576"),
            (["bench", "layers", "dense: 5"], "expected LAYERS N SIZE..."),
            (["bench", "layers", "dense: 5", "4", "many"], "'many' is no size"),
            (["bench", "step"], "expected RECIPE"),
            (["bench", "step", "a.yaml", "--variant", "fast4", "--no-tune"], "give one of them"),
            (["bench", "step", "a.yaml", "--steps", "0"], "--steps expects 1 to"),
            (["devices", "all"], "'all' is one argument too many"),
        ]:
            with self.subTest(arguments=arguments):
                self.refused(*arguments, code=2, says=says)

    @unittest.skipUnless(os.path.exists("/dev/full"), "no /dev/full")
    def test_full_standard_output_is_an_error(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run([GANYMEDE, "--help"], stdout=full, stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("standard output cannot be written", done.stderr)


if __name__ == "__main__":
    unittest.main()
