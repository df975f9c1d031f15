"""Kernels compiled ahead by other processes: a first start has them do it, whatever becomes of them.

They serve drivers that compile a kernel at its first launch and keep it on disk, which pocl does.
"""
import os
import pathlib
import signal
import time
import unittest

from command import MLP, CommandTest, write_idx

AHEAD = "kernels are compiled ahead"


class Compilers(CommandTest):
    def setUp(self):
        super().setUp()
        (self.folder / "digits").mkdir()
        write_idx(self.folder / "digits" / "train-images-idx3-ubyte", 40, 8)
        (self.folder / "small.yaml").write_text(MLP % {"data": self.folder / "digits"})
        out, _ = self.ganymede("devices")
        if "Portable Computing Language" not in out or os.cpu_count() < 2:
            self.skipTest("wants pocl with two units")

    def caches(self, name):
        return self.folder / name / "ganymede", self.folder / name / "pocl"

    def environment(self, name, **more):
        own, driver = self.caches(name)
        driver.mkdir(parents=True, exist_ok=True)
        return {"XDG_CACHE_HOME": str(own.parent), "POCL_CACHE_DIR": str(driver), "GANYMEDE_CACHE": None,
                "GANYMEDE_KERNELS": "cpu", "GANYMEDE_DEVICE": "pthread", "GANYMEDE_LOG": "debug",
                "POCL_MAX_PTHREAD_COUNT": "2", **more}

    def train(self, name, **more):
        _, err = self.ganymede("train", "small.yaml", "--quiet", "--no-tune", "--out", f"run-{name}",
                               env=self.environment(name, **more))
        return err

    def compiled(self, name):
        """What pocl keeps: kernels, each with the size of group that it was compiled for."""
        return sorted(str(path.relative_to(path.parents[2])) for path in self.caches(name)[1].rglob("*.so"))

    def test_same_kernels_and_same_results(self):
        self.assertIn(AHEAD, self.train("with"))
        alone = self.train("without", GANYMEDE_COMPILERS="0")
        self.assertNotIn(AHEAD, alone)
        self.assertGreater(len(self.compiled("with")), 5)
        self.assertEqual(self.compiled("with"), self.compiled("without"))
        self.assertEqual(*((self.folder / f"run-{name}" / "checkpoints" / "00000020.safetensors").read_bytes()
                           for name in ("with", "without")))

    def test_a_later_start_needs_none(self):
        self.assertIn(AHEAD, self.train("caches"))
        self.assertTrue(list(self.caches("caches")[0].glob("*.program")), "nothing says that all is compiled")
        (self.folder / "run-caches").rename(self.folder / "first")
        self.assertNotIn(AHEAD, self.train("caches"))

    def test_nobody_waits_for_what_is_not_run(self):
        self.ganymede("train", "small.yaml", "--dry-run", "--no-tune", env=self.environment("dry"))
        self.assertFalse(list(self.caches("dry")[0].glob("*.program")), "the command has waited for the workers")

    def test_they_end_with_the_process(self):
        process = self.start("train", "small.yaml", "--quiet", "--no-tune", "--out", "killed",
                             env=self.environment("killed", GANYMEDE_TEST_MARK=str(self.folder)))
        own, _ = self.caches("killed")
        for _ in range(600):
            if own.exists() or process.poll() is not None:
                break
            time.sleep(0.05)
        self.assertGreater(len(self.alive()), 1, "no process beside the command's")
        process.send_signal(signal.SIGKILL)
        process.communicate()
        for _ in range(200):
            if not self.alive():
                break
            time.sleep(0.05)
        self.assertEqual(self.alive(), [])

    def alive(self):
        """Processes of this test's command."""
        mark, found = f"GANYMEDE_TEST_MARK={self.folder}".encode(), []
        for path in pathlib.Path("/proc").glob("[0-9]*/environ"):
            try:
                if mark in path.read_bytes():
                    found.append(path.parent.name)
            except OSError:
                pass
        return found

    def test_an_unknown_setting_is_refused(self):
        self.refused("devices", env={"GANYMEDE_COMPILERS": "many"}, code=1, says="GANYMEDE_COMPILERS=many is unknown")


if __name__ == "__main__":
    unittest.main()
