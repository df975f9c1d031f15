"""GPUs that are not here: what `bench programs` writes for them, and that nothing runs on them."""
import json
import math
import pathlib
import re
import shutil
import subprocess
import unittest

from command import CommandTest, write_idx

IMAGES = """\
name: images
data: { source: %(data)s, range: [-1, 1], batch: 8 }
latent: { size: 8 }
generator:
  - dense: 512
  - reshape: [32, 4, 4]
  - batch_norm
  - leaky_relu: 0.2
  - conv_transpose: { channels: 1, kernel: 4, stride: 2, padding: 1 }
  - tanh
discriminator:
  - conv: { channels: 32, kernel: 4, stride: 2, padding: 1 }
  - leaky_relu: 0.2
  - flatten
  - dense: 1
loss: hinge
optimizer: { generator: { adam: { rate: 1e-3 } }, discriminator: { adam: { rate: 1e-3 } } }
discriminator_steps: 2
steps: 4
"""
# Their matrix instructions for bf16, by the macro that matrix.cl knows; None: they have none.
MATRIX = {"nvidia-sm_80": "MMA", "nvidia-sm_86": "MMA", "nvidia-sm_89": "MMA", "nvidia-sm_90": "MMA",
          "amd-gfx906": None, "amd-gfx90a": "MFMA", "amd-gfx1030": None, "amd-gfx1100": "WMMA", "intel-tgllp": None,
          "intel-dg2": "DPAS8", "intel-pvc": "DPAS16"}


class Described(CommandTest):
    def setUp(self):
        super().setUp()
        (self.folder / "data").mkdir()
        write_idx(self.folder / "data" / "train-images-idx3-ubyte", 20)
        self.write("images", "")

    def write(self, name, more):
        (self.folder / f"{name}.yaml").write_text(IMAGES % {"data": self.folder / "data"} + more)

    def programs(self, name, device, *options, **more):
        """The programs' texts, the first one's options, and the launches."""
        out, err = self.ganymede("bench", "programs", f"{name}.yaml", "--device", device, "-o", device, *options, **more)
        self.assertIn(f"{device}: the step of images on ", out)
        folder = self.folder / device
        texts = [path.read_text() for path in sorted(folder.glob("program*.cl"))]
        head, mark, built = texts[0].splitlines()[0].partition("// options: ")
        self.assertEqual((head, mark), ("", "// options: "))
        return texts, built, json.loads((folder / "launches.json").read_text())

    def test_every_description_gets_programs_with_what_it_launches(self):
        out, _ = self.ganymede("devices", "--described", "--json")
        devices = {device["selector"]: device for device in map(json.loads, out.splitlines())}
        self.assertEqual(set(devices), set(MATRIX))
        for name, device in devices.items():
            with self.subTest(device=name):
                texts, options, step = self.programs("images", name, env={"OCL_ICD_VENDORS": str(self.folder / "data")})
                self.assertEqual("GM_SUBGROUPS" in options, not name.startswith("nvidia"))
                named = set(re.findall(r"(?:void|#define GM_NAME) (\w+)\b", "".join(texts)))  # by templates, too
                self.assertEqual([action["phase"] for action in step["actions"]].count("discriminator"), 2)
                for launch in (launch for action in step["actions"] for launch in action["launches"]):
                    self.assertIn(launch["kernel"], named)
                    self.assertLessEqual(math.prod(launch["local"]), device["max_work_group_size"])
                    for whole, part in zip(launch["global"], launch["local"], strict=True):
                        self.assertEqual(whole % part, 0)
                    self.assertGreater(launch["bytes"] + launch["flop"], 0)
                labels = [launch["label"] for action in step["actions"] for launch in action["launches"]]
                self.assertTrue({"conv", "conv_input", "conv_weight"} <= set(labels))

    def test_a_variant_is_everywhere_where_it_can_be(self):
        (self.folder / "images.yaml").write_text((self.folder / "images.yaml").read_text().replace(
            "  - flatten\n", "  - conv: { channels: 64, kernel: 4, stride: 2, padding: 1 }\n  - flatten\n"))

        def operations(*options):
            launches = [launch for action in self.programs("images", "nvidia-sm_80", *options)[2]["actions"]
                        for launch in action["launches"]]
            fast = [launch["label"] for launch in launches if "fast_" in launch["label"]]
            return sum(launch["flop"] for launch in launches if launch["label"].startswith("conv")), fast

        direct, none = operations("--variant", "direct")
        multiplied, fast = operations("--variant", "fast2")  # what runs, not what the direct algorithm would
        self.assertFalse(none)
        self.assertTrue(fast)
        self.assertLess(multiplied, direct)
        for command in ("programs", "--device", "nvidia-sm_80"), ("step",):
            self.refused("bench", command[0], "images.yaml", *command[1:], "--variant", "fast9", code=1,
                         says="no operation of this step has a kernel variant 'fast9' on ")

    @unittest.skipUnless(shutil.which("clang"), "needs clang")
    def test_a_compiler_takes_what_is_written(self):
        texts, options, _ = self.programs("images", "nvidia-sm_80")
        for i in range(len(texts)):
            run = subprocess.run(["clang", "-x", "cl", *options.split(), "-Xclang", "-finclude-default-header",
                                  "-fsyntax-only", self.folder / "nvidia-sm_80" / f"program{i}.cl"],
                                 capture_output=True, text=True)
            self.assertEqual(run.returncode, 0, run.stderr)

    def test_matrix_units_are_those_that_the_device_has(self):
        self.write("bf16", "precision: bf16\n")
        for device, instruction in MATRIX.items():
            out, err = self.ganymede("bench", "programs", "bf16.yaml", "--device", device, "-o", device)
            options = (self.folder / device / "program0.cl").read_text().splitlines()[0]
            self.assertEqual(re.findall(r"-DGM_MATRIX_(?!BF16)(\w+)", options), [instruction] if instruction else [])
            self.assertEqual("precision bf16 is not used" in err, instruction is None)

    def test_a_plan_can_be_looked_at(self):
        out, _ = self.ganymede("train", "images.yaml", "--device", "amd-gfx1030", "--dry-run")
        self.assertRegex(out, r"plan: \d+ launches")

    def test_steps_take_few_launches(self):
        """A launch takes microseconds there, as long as many kernels do."""
        samples = pathlib.Path(__file__).resolve().parents[2] / "samples"
        for name, most in (("dcgan-fashion", 85), ("mlp-fashion", 28), ("r3gan-fashion", 180)):
            out, _ = self.ganymede("bench", "programs", samples / f"{name}.yaml", "--device", "nvidia-sm_80", "-o", name)
            self.assertLessEqual(int(re.search(r"(\d+) launches", out).group(1)), most, name)

    def test_nothing_runs_on_them(self):
        for words in (("train", "images.yaml", "--out", "run"), ("bench", "step", "images.yaml"), ("bench", "peak"),
                      ("tune", "images.yaml")):
            self.refused(*words, "--device", "intel-dg2", code=1, says="intel-dg2 is only a description of a device")
        self.assertFalse((self.folder / "run").exists())

    def test_a_device_that_is_here_has_no_programs_to_write(self):
        self.refused("bench", "programs", "images.yaml", "--device", "cpu", code=1, says="are written for descriptions")
        self.assertFalse((self.folder / "programs-cpu").exists())
        self.refused("bench", "programs", "images.yaml", code=2, says="give --device")
        self.ganymede("bench", "programs", "images.yaml", "--device", "nvidia-sm_99", code=1)


if __name__ == "__main__":
    unittest.main()
