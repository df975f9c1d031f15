"""Bad recipes, data, devices and folders: exit code 1, one clear sentence, nothing already saved is lost."""
import resource
import signal
import unittest

from command import CommandTest, checkpoints


class BadInput(CommandTest):
    def change(self, old, new):
        text = self.recipe.read_text()
        self.assertIn(old, text)
        self.recipe.write_text(text.replace(old, new, 1))

    def test_too_many_seeds_for_the_memory(self):
        def limit():
            resource.setrlimit(resource.RLIMIT_DATA, (50 << 20, 50 << 20))
        if self.start("--version", preexec_fn=limit).wait() != 0:
            self.skipTest("a sanitized program does not start with so little memory")
        for codes in [], ["--codes", "-1..1"]:
            self.refused("sample", "run", "--seeds", "0-999999" if codes else "0-9999999", *codes, preexec_fn=limit,
                         code=1, says="out of memory for 10000000 seeds; ask for fewer --seeds")

    def test_missing_recipe(self):
        self.refused("train", "nowhere.yaml", code=1, says="nowhere.yaml")

    def test_recipe_with_a_typo_names_file_and_line(self):
        self.change("batch: 4", "bacth: 4")
        self.refused("train", "tiny.yaml", code=1, says=["tiny.yaml:2:", "bacth"])

    def test_recipe_with_an_unknown_layer(self):
        self.change("- sigmoid", "- sigmund")
        self.refused("train", "tiny.yaml", code=1, says=["tiny.yaml:9:", "sigmund"])

    def test_recipe_that_is_not_yaml(self):
        self.recipe.write_text("name: [unclosed\n")
        self.refused("train", "tiny.yaml", code=1, says="tiny.yaml:")

    def test_wrong_setting(self):
        self.refused("train", "tiny.yaml", "--set", "no.such.key=1", code=1, says="no.such.key")
        self.refused("train", "tiny.yaml", "--set", "steps=many", code=1, says="many")
        self.refused("train", "tiny.yaml", "--batch", "0", code=1, says="batch")

    def test_generator_of_another_shape_than_the_data(self):
        self.change("[1, 8, 8]", "[1, 4, 16]")
        self.refused("train", "tiny.yaml", "--out", "run", code=1, says=["1x4x16", "1x8x8"])
        self.assertFalse((self.folder / "run").exists())

    def test_layer_that_does_not_fit(self):
        self.change("[1, 8, 8]", "[1, 8, 9]")
        self.refused("train", "tiny.yaml", code=1, says=["64", "8, 9"])

    def test_discriminator_without_a_single_logit(self):
        self.change("- dense: 1\n", "- dense: 2\n")
        self.refused("train", "tiny.yaml", code=1, says="one logit")

    def test_missing_data(self):
        self.refused("train", "tiny.yaml", "--data", "nowhere", code=1, says="nowhere")

    def test_truncated_data(self):
        file = self.folder / "images" / "train-images-idx3-ubyte"
        file.write_bytes(file.read_bytes()[:100])
        self.refused("train", "tiny.yaml", code=1, says="train-images-idx3-ubyte")

    def test_picture_that_cannot_be_read_is_not_passed_over(self):
        for file in "a/one", "b/two.png":
            (self.folder / "pictures" / file).parent.mkdir(parents=True)
            (self.folder / "pictures" / file).write_bytes(b"some bytes")
            self.refused("train", "tiny.yaml", "--data", "pictures", env=self.shim("pictures", SHIM_EIO="one"), code=1,
                         says="pictures/a/one: cannot be read: Input/output error")

    def test_unknown_device_lists_what_there_is(self):
        _, err = self.ganymede("train", "tiny.yaml", "--device", "no such device", code=1)
        self.assertIn("no such device", err)
        self.assertIn("0:0", err)

    def test_unknown_device_of_the_environment(self):
        _, err = self.ganymede("train", "tiny.yaml", env={"GANYMEDE_DEVICE": "no such device"}, code=1)
        self.assertIn("no such device", err)

    def test_no_platform_says_how_to_install_one(self):
        env = {"OCL_ICD_VENDORS": "/dev/null/absent", "OPENCL_VENDOR_PATH": "/dev/null/absent"}
        for arguments in (["devices"], ["train", "tiny.yaml"], ["bench", "step", "tiny.yaml"]):
            _, err = self.ganymede(*arguments, code=1, env=env)
            self.assertIn("pocl", err)

    def test_run_folder_that_cannot_be_made(self):
        (self.folder / "file").write_text("")
        self.refused("train", "tiny.yaml", "--out", "file/run", code=1, says="file")

    def test_run_folder_that_is_in_use_for_something_else(self):
        (self.folder / "mine").mkdir()
        (self.folder / "mine" / "thesis.tex").write_text("years of work")
        self.refused("train", "tiny.yaml", "--out", "mine", code=1, says="mine")
        self.assertEqual((self.folder / "mine" / "thesis.tex").read_text(), "years of work")

    def test_resume_of_what_is_no_run(self):
        self.refused("train", "--resume", "images", code=1, says="images")
        self.refused("train", "--resume", "nowhere", code=1, says="nowhere")

    def test_resume_with_another_seed(self):
        self.ganymede("train", "tiny.yaml", "--out", "run", "--quiet", "--steps", "5")
        self.refused("train", "--resume", "run", "--seed", "6", code=1, says="seed")

    def test_resume_with_another_network(self):
        self.ganymede("train", "tiny.yaml", "--out", "run", "--quiet", "--steps", "5")
        recipe = self.folder / "run" / "recipe.yaml"
        text = recipe.read_text()
        recipe.write_text(text.replace("units: 8", "units: 9"))
        self.assertNotEqual(recipe.read_text(), text)
        self.refused("train", "--resume", "run", "--steps", "9", code=1, says="weight")
        self.assertEqual(checkpoints(self.folder / "run")[-1], 5)

    def test_truncated_checkpoint_falls_back_to_the_one_before(self):
        self.ganymede("train", "tiny.yaml", "--out", "run", "--quiet")
        folder = self.folder / "run" / "checkpoints"
        last = folder / "00000020.safetensors"
        whole = last.read_bytes()
        last.write_bytes(whole[:len(whole) // 2])
        _, err = self.ganymede("train", "--resume", "run", "--quiet")
        self.assertIn("00000020.safetensors", err)
        self.assertEqual(last.read_bytes(), whole)

    def test_sample_of_a_damaged_file(self):
        (self.folder / "bad.safetensors").write_bytes(b"\xff" * 100)
        self.refused("sample", "bad.safetensors", code=1, says="bad.safetensors")

    def test_sample_into_a_folder_that_is_not_there(self):
        self.ganymede("train", "tiny.yaml", "--out", "run", "--quiet", "--steps", "2")
        self.refused("sample", "run", "-o", "no/where.png", code=1, says="no/where.png")
        self.refused("sample", "run", "--npy", "no/where.npy", code=1, says="no/where.npy")

    def test_full_disk_stops_and_keeps_what_was_saved(self):
        # Checkpoints large enough that the limit below stops them and not the driver's compiler.
        self.recipe.write_text(self.recipe.read_text().replace("- dense: 8", "- dense: 4000"))
        self.ganymede("train", "tiny.yaml", "--out", "run", "--quiet")
        before = {p: p.read_bytes() for p in (self.folder / "run" / "checkpoints").iterdir()}
        size = min(map(len, before.values()))

        def limit():
            # Files may not grow beyond half a checkpoint: writes fail as on a full disk (EFBIG for ENOSPC).
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (size // 2, size // 2))

        self.refused("train", "--resume", "run", "--quiet", "--steps", "30", code=1, says="cannot be written",
                     preexec_fn=limit)
        self.assertEqual({p: p.read_bytes() for p in (self.folder / "run" / "checkpoints").iterdir()}, before)
        self.ganymede("train", "--resume", "run", "--quiet", "--steps", "30")
        self.assertEqual(checkpoints(self.folder / "run")[-1], 30)

    def test_diverging_training_stops_and_names_the_last_good_checkpoint(self):
        self.change("generator: { adam: { rate: 1e-3 } }", "generator: { sgd: { rate: 1000 } }")
        self.change("discriminator: { adam: { rate: 1e-3 } }", "discriminator: { sgd: { rate: 1000 } }")
        self.change("non_saturating", "least_squares")
        _, err = self.ganymede("train", "tiny.yaml", "--out", "run", "--quiet", code=1)
        self.assertIn("not finite", err)
        self.assertIn("00000000.safetensors", err)
        self.assertEqual(checkpoints(self.folder / "run"), [0])

    def test_failing_driver_calls_are_clean_errors(self):
        self.ganymede("train", "tiny.yaml", "--out", "warm", "--quiet", "--steps", "2")
        for fault in ("device:1", "alloc:1", "alloc:3", "kernel:2", "launch:1", "launch:17", "read:1", "write:1"):
            with self.subTest(fault=fault):
                _, err = self.ganymede("train", "tiny.yaml", "--out", fault.replace(":", "-"), "--quiet", code=1,
                                       env={"GANYMEDE_FAULT": fault})
                self.assertTrue(err.startswith("ganymede: "), err)
        _, err = self.ganymede("train", "tiny.yaml", "--out", "build", "--quiet", code=1,
                               env={"GANYMEDE_FAULT": "build:1", "GANYMEDE_CACHE": ""})
        self.assertTrue(err.startswith("ganymede: "), err)


if __name__ == "__main__":
    unittest.main()
