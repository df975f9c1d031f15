"""Runs that are killed at any moment, several times, and resumed: every file is that of a run that never was.

The moments are changes of the run's files, counted by file_shim.c; in the long run, of more than 8 kills, points in time,
too. GANYMEDE_KILLS says how many (8), GANYMEDE_SEED which.
"""
import os
import random
import re
import shutil
import signal
import subprocess
import time
import unittest

from command import CommandTest

# Pictures and checkpoints at the same steps and at different ones, ticks between them, checkpoints that are pruned.
RECIPE = """\
name: killed
data: { source: ring8, batch: 8 }
latent: { size: 2 }
generator: [ { dense: 8 }, batch_norm, relu, { dense: 2 } ]
discriminator: [ { dense: 8 }, { leaky_relu: 0.2 }, { dense: 1 } ]
loss: non_saturating
optimizer: { generator: { adam: { rate: 1e-2 } }, discriminator: { adam: { rate: 1e-2 } } }
average: { decay: 0.9 }
steps: 46
log: { every: 4, samples: 6, checkpoint: 3, keep: 2 }
monitor: { every: 8, samples: 64, warmup: 0, alarm: off }
"""
KILLS = int(os.environ.get("GANYMEDE_KILLS", "8"))
SEED = int(os.environ.get("GANYMEDE_SEED", "1"))
LONG = KILLS > 8
KILLS_PER_RUN = 4


def contents(run):
    """Every file of a run by its name, without what the log says of time."""
    files = {str(path.relative_to(run)): path.read_bytes() for path in run.rglob("*") if path.is_file()}
    files["log.jsonl"] = re.sub(rb', "seconds": [^,}]*', b"", files["log.jsonl"])
    return files


class Killed(CommandTest):
    def setUp(self):
        super().setUp()
        (self.folder / "killed.yaml").write_text(RECIPE)

    def command(self, run):
        """Goes on with the run, however little of it there is."""
        begun = (self.folder / run / "checkpoints").exists()
        return ("train", "killed.yaml", "--quiet", "--resume" if begun else "--out", run)

    def die(self, run, change):
        """Goes on with a run until its end or that change of a file, whichever comes first; True: it was killed."""
        process = self.start(*self.command(run), env=self.shim(run, SHIM_KILL=str(change)))
        out, err = process.communicate(timeout=300)
        self.assertIn(process.returncode, (0, -signal.SIGKILL), out + err)
        return process.returncode != 0

    def die_after(self, run, seconds):
        process = self.start(*self.command(run))
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
        process.communicate(timeout=300)
        return process.returncode != 0

    def train_straight(self):
        """What the files are, every change of one, and how long it took."""
        began = time.monotonic()
        self.ganymede(*self.command("straight"), env=self.shim("straight", SHIM_TRACE=self.folder / "trace"))
        duration = time.monotonic() - began
        return contents(self.folder / "straight"), (self.folder / "trace").read_text().splitlines(), duration

    def compare(self, run, straight):
        left = contents(self.folder / run)
        self.assertEqual(sorted(left), sorted(straight))
        for name, content in straight.items():
            self.assertTrue(left[name] == content, f"{name} differs")

    def test_killed_runs_end_with_the_files_of_one_that_never_was(self):
        straight, changes, duration = self.train_straight()
        draw, killed, number = random.Random(SEED), 0, 0
        while killed < KILLS:
            run, moments, timed = f"run{number}", [], number % 2 == 1 and LONG
            number += 1
            for _ in range(min(KILLS_PER_RUN, KILLS - killed)):
                # A run that goes on has less to do: most moments lie in its first half.
                moment = draw.uniform(0, duration) if timed else draw.randint(1, len(changes) // 2)
                died = self.die_after(run, moment) if timed else self.die(run, moment)
                moments.append(f"{moment:.4g}" + ("" if died else " (ended)"))
                killed += died
            self.ganymede(*self.command(run))
            with self.subTest(run=run, moments=moments, seed=SEED):
                self.compare(run, straight)
        print(f"{killed} kills in {number} runs")

    def test_no_change_of_the_last_steps_leaves_a_trace_of_its_death(self):
        straight, changes, _ = self.train_straight()
        late = [i for i, change in enumerate(changes) if change == "rename straight/checkpoints/00000045.safetensors"]
        self.assertTrue(self.die("straight2", late[0] + 1))
        died, change = True, 0
        while died:
            change += 1 if LONG else 3
            run = f"last{change}"
            shutil.copytree(self.folder / "straight2", self.folder / run)
            died = self.die(run, change)
            if died:
                self.ganymede(*self.command(run))
            with self.subTest(change=change):
                self.compare(run, straight)
            shutil.rmtree(self.folder / run)
        self.assertGreater(change, 30)


if __name__ == "__main__":
    unittest.main()
