"""What the tests of the command share: running it, tiny data, tiny recipes, reading what it wrote."""
import json
import os
import pathlib
import shutil
import signal
import struct
import subprocess
import tempfile
import time
import unittest

GANYMEDE = os.environ.get("GANYMEDE", "ganymede")

MLP = """\
name: tiny
data: { source: %(data)s, range: [0, 1], batch: 4 }
latent: { size: 3, distribution: uniform }
generator:
  - dense: 8
  - batch_norm
  - leaky_relu: 0.2
  - dense: 64
  - sigmoid
  - reshape: [1, 8, 8]
discriminator:
  - flatten
  - dense: 8
  - leaky_relu: 0.2
  - dense: 1
loss: non_saturating
optimizer: { generator: { adam: { rate: 1e-3 } }, discriminator: { adam: { rate: 1e-3 } } }
seed: 5
steps: 20
log: { every: 5, samples: 10, checkpoint: 10 }
"""

POINTS = """\
name: points
data: { source: ring8, batch: 8 }
latent: { size: 2, distribution: normal }
generator: [ { dense: 8 }, relu, { dense: 2 } ]
discriminator: [ { dense: 8 }, { leaky_relu: 0.2 }, { dense: 1 } ]
loss: non_saturating
optimizer: { generator: { adam: { rate: 1e-3 } }, discriminator: { adam: { rate: 1e-3 } } }
steps: 10
log: { every: 5, samples: 10, checkpoint: 10 }
"""


def write_idx(path, count, size=8, factor=7):
    """A deterministic IDX file of `count` grey images; another factor makes other ones."""
    pixels = bytes((factor * i * i + 31 * i) % 256 for i in range(count * size * size))
    path.write_bytes(struct.pack(">IIII", 0x803, count, size, size) + pixels)


def read_safetensors(path):
    """The tensors of a file as {name: (dtype, shape, bytes)}, and its metadata."""
    content = path.read_bytes()
    length = struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8:8 + length])
    metadata = header.pop("__metadata__", {})
    data = content[8 + length:]
    return {name: (entry["dtype"], entry["shape"], data[slice(*entry["data_offsets"])])
            for name, entry in header.items()}, metadata


def read_npy(path):
    """The shape and the floats of a float32 .npy file."""
    content = path.read_bytes()
    length = struct.unpack("<H", content[8:10])[0]
    header = eval(content[10:10 + length], {})  # a literal that we wrote
    assert header["descr"] == "<f4" and not header["fortran_order"]
    data = content[10 + length:]
    return header["shape"], struct.unpack(f"<{len(data) // 4}f", data)


def read_log(run, without=("seconds",)):
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    return [{k: v for k, v in line.items() if k not in without} for line in lines]


def checkpoints(run):
    return sorted(int(p.stem) for p in (run / "checkpoints").glob("*.safetensors"))


class CommandTest(unittest.TestCase):
    """Each test in a folder of its own, with tiny.yaml (images) and points.yaml (vectors) in it."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ganymede-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        (self.folder / "images").mkdir()
        write_idx(self.folder / "images" / "train-images-idx3-ubyte", 40)
        self.recipe = self.folder / "tiny.yaml"
        self.recipe.write_text(MLP % {"data": self.folder / "images"})
        (self.folder / "points.yaml").write_text(POINTS)

    def start(self, *arguments, env=None, **more):
        # None takes a variable away.
        environment = {name: value for name, value in {**os.environ, **(env or {})}.items() if value is not None}
        # Leaks are looked for in the in-process tests: LeakSanitizer now and then crashes on a driver's ending threads.
        environment["ASAN_OPTIONS"] = environment.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more}
        return subprocess.Popen([GANYMEDE, *map(str, arguments)], cwd=self.folder, env=environment, text=True,
                                **streams)

    def ganymede(self, *arguments, code=0, env=None, **more):
        """Runs to the end, checks the exit code, returns (standard output, standard error)."""
        process = self.start(*arguments, env=env, **more)
        try:
            out, err = process.communicate(timeout=300)
        finally:
            process.kill()
        self.assertEqual(process.returncode, code, f"ganymede {' '.join(map(str, arguments))}\n{out}\n{err}")
        return out, err

    def refused(self, *arguments, code, says, env=None, **more):
        """Fails with the code and one sentence that contains every string of `says`."""
        _, err = self.ganymede(*arguments, code=code, env=env, **more)
        self.assertEqual(len(err.strip().splitlines()), 1, err)
        for part in [says] if isinstance(says, str) else says:
            self.assertIn(part, err)
        return err

    def wait_for(self, happened, process, seconds=120):
        deadline = time.monotonic() + seconds
        while not happened():
            self.assertIsNone(process.poll(), "ended early")
            self.assertLess(time.monotonic(), deadline, "nothing happened")
            time.sleep(.01)

    def stop(self, process, number=signal.SIGKILL):
        process.send_signal(number)
        out, err = process.communicate(timeout=120)
        return process.returncode, out, err

    def assert_same_weights(self, a, b):
        left, right = read_safetensors(a)[0], read_safetensors(b)[0]
        self.assertEqual(sorted(left), sorted(right))
        for name in left:
            self.assertEqual(left[name], right[name], f"{name} differs")
