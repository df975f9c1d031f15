"""Going on with runs: from an older checkpoint, past damage, but never past what merely could not be read; stopping by
signals; locks; and runs of the program as it was before."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import unittest

from command import CommandTest, checkpoints, read_log, read_safetensors

GOLDEN = pathlib.Path(__file__).resolve().parents[1] / "golden"


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


class ResumeTest(CommandTest):
    def train(self, name, steps, *more):
        self.ganymede("train", "points.yaml", "--out", name, "--quiet", "--steps", steps, *more)
        return self.folder / name

    def assert_same_run(self, run, straight, beside=()):
        left, right = contents(run), contents(straight)
        for files in (left, right):
            files["log.jsonl"] = re.sub(rb', "seconds": [^,}]*', b"", files["log.jsonl"])
        left = {name: content for name, content in left.items() if not name.startswith(tuple(beside))}
        self.assertEqual(sorted(left), sorted(right))
        for name in right:
            self.assertTrue(left[name] == right[name], f"{name} differs")


class Unreadable(ResumeTest):
    def test_checkpoint_that_cannot_be_read_is_never_passed_over(self):
        run = self.train("run", 30)
        for step in reversed(checkpoints(run)):
            name = f"{step:08d}.safetensors"
            before, env = contents(run), self.shim("run", SHIM_EIO=name)
            for command in (("train", "--resume", "run", "--quiet", "--steps", 40),
                            ("train", "--resume", "run", "--quiet", "--steps", 40, "--from", step),
                            ("sample", "run", "--npy", "a.npy"),
                            ("measure", "run", "ring8")):
                with self.subTest(step=step, command=command):
                    _, err = self.ganymede(*command, code=1, env=env)
                    self.assertIn(f"run/checkpoints/{name}: cannot be read: Input/output error", err)
                    self.assertEqual(contents(run), before)
            (run / "checkpoints" / name).write_bytes(b"damaged")  # so that the next is in question
        _, err = self.ganymede("train", "--resume", "run", "--quiet", code=1)
        self.assertIn("none of its 4 checkpoints is whole", err)

    def test_unreadable_checkpoint_can_be_left_behind_on_purpose(self):
        run, straight = self.train("run", 30), self.train("straight", 30)
        _, err = self.ganymede("train", "--resume", "run", "--quiet", "--from", 20,
                               env=self.shim("run", SHIM_EIO="00000030.safetensors"))
        self.assertIn("goes back to step 20: 1 checkpoints, 1 pictures and 2 log lines beyond it", err)
        self.assertEqual(checkpoints(run / "set-aside" / "1"), [30])
        self.assert_same_run(run, straight, beside=["set-aside/"])

    def test_damaged_checkpoint_is_kept_under_another_name(self):
        run, straight = self.train("run", 30), self.train("straight", 30)
        for expected in ("00000030.safetensors.damaged", "00000030.safetensors.damaged.2"):
            (run / "checkpoints" / "00000030.safetensors").write_bytes(b"damaged")
            _, err = self.ganymede("train", "--resume", "run", "--quiet")
            self.assertIn(f"is kept as run/checkpoints/{expected}", err)
            self.assertEqual((run / "checkpoints" / expected).read_bytes(), b"damaged")
        self.assert_same_run(run, straight, beside=["set-aside/", "checkpoints/00000030.safetensors.damaged"])


class GoingBack(ResumeTest):
    def test_run_goes_back_on_purpose_and_sets_aside_what_is_newer(self):
        run, straight = self.train("run", 30), self.train("straight", 30)
        before = contents(run)
        _, err = self.ganymede("train", "--resume", "run", "--quiet", "--from", 10)
        self.assertEqual(len(err.splitlines()), 1, err)
        self.assertIn("run: goes back to step 10: 2 checkpoints, 2 pictures and 4 log lines beyond it are set aside in "
                      "run/set-aside/1", err)
        self.assert_same_run(run, straight, beside=["set-aside/"])
        aside = contents(run / "set-aside" / "1")
        self.assertEqual(sorted(aside), ["checkpoints/00000020.safetensors", "checkpoints/00000030.safetensors",
                                         "log.jsonl", "recipe.yaml", "samples/00000020.png", "samples/00000030.png"])
        for name, content in aside.items():
            self.assertEqual(content, before[name], name)
        for name in ("run", "run/set-aside/1"):
            self.ganymede("sample", name, "--seeds", "0-8", "--npy", "a.npy")
            (self.folder / "a.npy").rename(self.folder / f"{pathlib.Path(name).name}.npy")
        self.assertEqual((self.folder / "run.npy").read_bytes(), (self.folder / "1.npy").read_bytes())

    def test_step_zero_is_a_step(self):
        run, straight = self.train("run", 20), self.train("straight", 20)
        self.ganymede("train", "--resume", "run", "--quiet", "--from", 0)
        self.assert_same_run(run, straight, beside=["set-aside/"])
        self.assertEqual(checkpoints(run / "set-aside" / "1"), [10, 20])

    def test_newest_checkpoint_leaves_nothing_to_set_aside(self):
        run = self.train("run", 12)
        before = contents(run)
        self.assertEqual(self.ganymede("train", "--resume", "run", "--quiet", "--from", 12), ("", ""))
        self.assertEqual(contents(run), before)

    def test_finished_run_goes_back_and_stays_there(self):
        run = self.train("run", 20)
        self.ganymede("train", "--resume", "run", "--quiet", "--from", 10, "--steps", 10)
        self.assertEqual(checkpoints(run), [0, 10])
        self.assertEqual([line["step"] for line in read_log(run)], [5, 10])

    def test_wrong_steps_say_which_there_are(self):
        run = self.train("run", 20)
        before = contents(run)
        self.refused("train", "--resume", "run", "--from", 15, code=1,
                     says="run: holds no checkpoint of step 15; there are those of 0, 10, 20")
        self.refused("train", "points.yaml", "--from", 10, code=2, says="--from needs --resume RUN")
        self.assertEqual(contents(run), before)


class Order(ResumeTest):
    def test_nothing_older_goes_before_what_is_newer_is_on_the_disk(self):
        self.ganymede("train", "points.yaml", "--out", "run", "--quiet", "--steps", 50, "--set", "log.keep=2",
                      env=self.shim("run/", SHIM_TRACE=self.folder / "trace"))
        # The log ahead of a checkpoint, and the checkpoints' names ahead of a removal.
        log_on_disk = names_on_disk = True
        removed = 0
        for line in (self.folder / "trace").read_text().splitlines():
            what, path = line.split(" ", 1)
            checkpoint = path.endswith(".safetensors")
            if path == "run/log.jsonl":
                log_on_disk = what == "sync" or what == "open"
            elif what == "rename" and checkpoint:
                self.assertTrue(log_on_disk, line)
                names_on_disk = False
            elif what == "sync" and path == "run/checkpoints":
                names_on_disk = True
            elif what == "unlink" and checkpoint:
                self.assertTrue(names_on_disk, line)
                removed += 1
        self.assertEqual(removed, 3)


class Locks(ResumeTest):
    def test_log_that_lost_lines_before_a_resumption_is_noticed(self):
        self.ganymede("train", "tiny.yaml", "--out", "run", "--no-tune", "--quiet")
        log = self.folder / "run" / "log.jsonl"
        whole = log.read_bytes()
        for left, says in (None, "ends at step 0"), (whole[:100], "ends at step"), (b"", "ends at step 0"):
            log.unlink()
            if left is not None:
                log.write_bytes(left)
            _, err = self.ganymede("train", "--resume", "run", "--steps", 30, "--no-tune", "--quiet")
            self.assertIn("run/log.jsonl: " + says, err)
            shutil.rmtree(self.folder / "run")
            self.ganymede("train", "tiny.yaml", "--out", "run", "--no-tune", "--quiet")
            self.assertEqual(re.sub(rb'"seconds": [^,}]*', b"", log.read_bytes()),
                             re.sub(rb'"seconds": [^,}]*', b"", whole))
        _, err = self.ganymede("train", "--resume", "run", "--steps", 30, "--no-tune", "--quiet")
        self.assertEqual(err, "")

    def test_log_that_is_no_file_or_too_large_is_refused(self):
        self.ganymede("train", "tiny.yaml", "--out", "run", "--no-tune", "--quiet")
        log = self.folder / "run" / "log.jsonl"
        log.unlink()
        for make in (lambda: log.symlink_to("/dev/zero")), (lambda: os.mkfifo(log)):
            make()
            self.refused("train", "--resume", "run", "--steps", 30, "--no-tune", code=1,
                         says="run/log.jsonl: is no file but a pipe or a device")
            log.unlink()
        log.write_bytes(b"")
        os.truncate(log, 8 << 30)
        self.refused("train", "--resume", "run", "--steps", 30, "--no-tune", code=1, says="run/log.jsonl: is too large")
        self.assertEqual(checkpoints(self.folder / "run"), [0, 10, 20])

    def test_closed_standard_streams_write_into_no_file(self):
        self.ganymede("train", "tiny.yaml", "--out", "run", "--no-tune", "--quiet")
        close = lambda: [os.close(stream) for stream in range(3)]
        process = self.start("train", "--resume", "run", "--steps", 40, "--no-tune", stdin=None, stdout=None, stderr=None,
                             preexec_fn=close)
        process.wait(timeout=300)
        for line in (self.folder / "run" / "log.jsonl").read_text().splitlines():
            self.assertIsInstance(json.loads(line), dict)

    def test_log_removed_under_a_running_trainer_comes_back_and_the_lock_stays(self):
        run = self.folder / "run"
        process = self.start("train", "points.yaml", "--out", "run", "--quiet", "--steps", "100000000")
        self.wait_for(lambda: (run / "checkpoints").exists() and checkpoints(run)[-1:] > [0], process)
        (run / "log.jsonl").unlink()
        self.refused("train", "--resume", "run", "--quiet", code=1,
                     says="run: another trainer is at work in this folder")
        self.wait_for(lambda: (run / "log.jsonl").exists(), process)
        code, _, err = self.stop(process, signal.SIGTERM)
        self.assertEqual(code, 130, err)
        self.assertIn("run/log.jsonl: was removed while training: it is there again, whole", err)
        steps = [line["step"] for line in read_log(run)]
        self.assertEqual(steps, list(range(5, checkpoints(run)[-1] + 1, 5)))


class Signals(ResumeTest):
    LONG = ("train", "points.yaml", "--out", "run", "--steps", "100000000")

    def begin(self, **more):
        def catch():  # whatever ran the tests (nohup, a script's `&`)
            for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
                signal.signal(number, signal.SIG_DFL)

        run = self.folder / "run"
        process = self.start(*self.LONG, **{"preexec_fn": catch, **more})
        self.wait_for(lambda: (run / "checkpoints").exists() and checkpoints(run)[-1:] > [0], process)
        return run, process

    def test_hangup_and_termination_write_a_checkpoint(self):
        for number in (signal.SIGHUP, signal.SIGTERM):
            run, process = self.begin()
            code, _, err = self.stop(process, number)
            self.assertEqual(code, 130, err)
            step = int(re.search(r"stopped at step (\d+)", err)[1])
            self.assertEqual(checkpoints(run)[-1], step)
            shutil.rmtree(run)

    def test_reader_that_goes_away_stops_with_a_checkpoint(self):
        run, process = self.begin(stderr=subprocess.DEVNULL)
        process.stdout.close()
        self.assertEqual(process.wait(300), 130)
        self.assertGreater(checkpoints(run)[-1], 0)

    def test_ignored_signals_stay_ignored(self):
        ignored = (signal.SIGINT, signal.SIGHUP)

        def ignore():
            for number in ignored:
                signal.signal(number, signal.SIG_IGN)

        run, process = self.begin(preexec_fn=ignore, stdout=subprocess.DEVNULL)
        for number in ignored:
            process.send_signal(number)
        step = checkpoints(run)[-1]
        self.wait_for(lambda: checkpoints(run)[-1] > step + 20, process)
        code, _, err = self.stop(process, signal.SIGTERM)
        self.assertEqual(code, 130, err)


class Before(ResumeTest):
    """Runs that the program of version 0.1 left, with POCL_EXTRA_BUILD_FLAGS=-cl-opt-disable and --no-tune. Other
    processors round otherwise."""
    DEVICE = ("pthread-skylake-avx512-Intel(R) Xeon(R) Processor", "3.1+debian")

    def same_device(self):
        out, _ = self.ganymede("devices", "--json")
        chosen = next(device for device in map(json.loads, out.splitlines()) if device["chosen"])
        return ((chosen["name"], chosen["driver"]) == self.DEVICE and
                os.environ.get("POCL_EXTRA_BUILD_FLAGS") == "-cl-opt-disable")

    def test_run_of_the_program_before_goes_on_bit_for_bit(self):
        exact = self.same_device()
        for name in ("old-run", "old-vae-run"):
            with self.subTest(run=name, exact=exact):
                run = self.folder / name
                shutil.copytree(GOLDEN / name, run)
                shutil.rmtree(run / "samples", ignore_errors=True)
                (run / "checkpoints" / "00000020.safetensors").unlink()
                self.assertEqual(self.ganymede("train", "--resume", name, "--quiet"), ("", ""))
                self.compare_logs(read_log(GOLDEN / name), read_log(run), exact)
                self.compare_tensors(*(read_safetensors(folder / "checkpoints" / "00000020.safetensors")[0]
                                       for folder in (GOLDEN / name, run)), exact)

    def compare_logs(self, expected, found, exact):
        self.assertEqual([list(line) for line in found], [list(line) for line in expected])
        for old, new in zip(expected, found):
            for key in old:
                if exact or key in ("step", "images"):
                    self.assertEqual(new[key], old[key], f"{key} of step {old['step']}")
                else:
                    self.assertAlmostEqual(new[key], old[key], delta=1e-4 * max(1, abs(old[key])))

    def compare_tensors(self, expected, found, exact):
        self.assertEqual(sorted(found), sorted(expected))
        for name, (dtype, shape, content) in expected.items():
            self.assertEqual(found[name][:2], (dtype, shape), name)
            if exact or dtype != "F32":
                self.assertEqual(found[name][2], content, name)
                continue
            old, new = (memoryview(data).cast("f").tolist() for data in (content, found[name][2]))
            scale = max([abs(value) for value in old] + [1e-3])
            for a, b in zip(old, new):
                self.assertAlmostEqual(b, a, delta=1e-4 * scale, msg=name)


if __name__ == "__main__":
    unittest.main()
