"""tools/gpu_check.sh: its report has every section; what fails, crashes or hangs is named there, and costs its section alone.

Once with the real programs, as if this device were a GPU; then with programs that stand in for them, and misbehave.
"""
import os
import pathlib
import subprocess
import unittest

from command import GANYMEDE, CommandTest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "tools" / "gpu_check.sh"
QUICK = ["Build", "Device", "Kernels beside the reference, small shapes", "The device's ceilings", "Tuning",
         "Training steps", "Where the time of a step goes", "Repeated training"]

CHECKKERNELS = """#!/bin/sh
case "$*" in
*--list*) echo 'move: pad 2x2' ;;
*'--op sum') %(sum)s ;;
*) echo 'Card, Platform, driver 1; seed 1'; echo '1 passed, 0 failed, 0 skipped' ;;
esac
"""
COMMAND = """#!/bin/sh
case "$*" in
'bench peak'*) %(peak)s ;;
'bench step'*--profile*) mkdir -p "$9"; printf 'kernel a b c d e f\\nrows + sum 2 1.5 75.0%%%% 50 3 0.5\\n' >"$9/kernels.txt" ;;
'bench step'*) echo '{"batch": 4, "median_ms": 2.0, "gflop_per_step": 1.0, "launches": 3}' ;;
train*) while [ "$1" != --out ]; do shift; done; mkdir -p "$2/checkpoints"; echo %(weights)s >"$2/checkpoints/00000002.safetensors" ;;
--version) echo ganymede 1 ;;
esac
"""
PEAK = """echo '{"fma_gflops": 100.0, "gemm_gflops": 90.0, "triad_gbps": 10.0}'"""


class GpuCheck(CommandTest):
    def check(self, *options, build, code):
        """Runs the script on the tiny recipe and returns its report."""
        out = self.folder / "report"
        done = subprocess.run([SCRIPT, "--quick", "--device", os.environ.get("GANYMEDE_DEVICE") or "cpu", "-o", out,
                               "--build", build, "--recipes", self.recipe, *options], capture_output=True, text=True)
        report = (out / "report.md").read_text()
        self.assertEqual(done.returncode, code, done.stdout + done.stderr + report)
        return report

    def stand_in(self, sum="exit 0", peak=PEAK, weights="same"):
        """A build folder of programs that do next to nothing, by the shell's commands that are given."""
        build = self.folder / "build"
        for path, text in ("tools/ganymede", COMMAND), ("tests/kernels/checkkernels", CHECKKERNELS):
            (build / path).parent.mkdir(parents=True, exist_ok=True)
            (build / path).write_text(text % {"sum": sum, "peak": peak, "weights": weights})
            (build / path).chmod(0o755)
        return build

    def sections(self, report):
        return [line[3:] for line in report.splitlines() if line.startswith("## ")]

    def test_report_has_every_section_on_a_real_device(self):
        report = self.check(build=pathlib.Path(GANYMEDE).parents[1], code=0)
        self.assertEqual(self.sections(report), QUICK)
        self.assertIn("All sections passed", report)
        self.assertRegex(report, r"\| pad \| [1-9]\d* \| 0 \| 0 \|")
        self.assertRegex(report, r"\| tiny \| float32 \| 4 \| [\d.]+ \| \d+ \| \d+ \|")
        self.assertRegex(report, r"end in the same bits")

    def test_profile_keeps_names_with_blanks_and_gives_shares_of_the_peak(self):
        report = self.check(build=self.stand_in(sum="echo '9 passed, 0 failed, 0 skipped'"), code=0)
        self.assertIn("| rows + sum | 1.5 | 75.0% | 50 | 50 % | 3 |", report)

    def test_kernel_that_crashes_is_named(self):
        report = self.check(build=self.stand_in(sum="kill -SEGV $$"), code=1)
        self.assertEqual(self.sections(report), QUICK)
        self.assertIn("**Failed: kernels**", report)
        self.assertIn("| sum | ended with 139", report)
        self.assertIn("| pad | 1 | 0 | 0 |", report)

    def test_kernel_that_fails_is_named_with_its_case(self):
        failing = "echo 'FAIL  gpu  sum 3x5: wrong'; echo '8 passed, 1 failed, 0 skipped'; exit 1"
        report = self.check(build=self.stand_in(sum=failing), code=1)
        self.assertIn("**Failed: kernels**", report)
        self.assertIn("FAIL  gpu  sum 3x5: wrong", report)

    def test_hang_costs_its_section_alone(self):
        build = self.stand_in(sum="echo '9 passed, 0 failed, 0 skipped'", peak="exec sleep 600")
        report = self.check("--seconds", "24", build=build, code=1)
        self.assertEqual(self.sections(report), QUICK)
        self.assertIn("**Failed: peak**", report)
        self.assertIn("| tiny | float32 | 4 | 2.0 | 500 | 3 |", report)

    def test_training_that_does_not_repeat_is_named(self):
        report = self.check(build=self.stand_in(sum="echo '9 passed, 0 failed, 0 skipped'", weights="$$"), code=1)
        self.assertIn("**Failed: repeat**", report)

    def test_peers_times_stand_beside_ours(self):
        self.recipe = self.recipe.rename(self.folder / "mlp-fashion.yaml")
        peer = self.folder / "peer.sh"
        peer.write_text('[ "$5" = eager ] && echo "{\\"mode\\": \\"$5\\", \\"median_ms\\": 5.0}"\n')
        report = self.check("--peer", peer, "--python", "sh", code=1,  # it has not all modes
                            build=self.stand_in(sum="echo '9 passed, 0 failed, 0 skipped'"))
        self.assertEqual(self.sections(report), [*QUICK, "PyTorch"])
        self.assertIn("**Failed: peer**", report)
        self.assertIn("| mlp-fashion | float32 | 4 | 2.0 | 500 | 3 | 5.0 | eager | 2.50 |", report)

    def test_data_are_put_into_recipes_that_name_the_data_set(self):
        text = self.recipe.read_text()
        for source, there in ("fashion-mnist", True), ("stacked-fashion", True), ("ring8", False):
            self.recipe.write_text(text.replace(str(self.folder / "images"), source))
            self.check("--data", self.folder / "images", code=0,
                       build=self.stand_in(sum="echo '9 passed, 0 failed, 0 skipped'"))
            copy = (self.folder / "report" / "raw" / "recipes" / "tiny-float32.yaml").read_text()
            self.assertEqual(f"data: {{ folder: '{self.folder}/images', source: {source}," in copy, there, copy)
            self.assertIn("precision: float32", copy)

    def test_unknown_option_is_refused(self):
        done = subprocess.run([SCRIPT, "--nonsense"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 2)
        self.assertIn("--nonsense is unknown", done.stderr)


if __name__ == "__main__":
    unittest.main()
