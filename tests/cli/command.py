"""What the tests of the command share: running it, tiny data, tiny recipes, reading what it wrote."""
import json
import math
import os
import pathlib
import random
import shutil
import signal
import struct
import subprocess
import tempfile
import time
import unittest
import wave
import zlib

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


def write_labelled(folder, train, test, size=8):
    """Files of MNIST's form, `train` and `test` lists of how many images of each class: those of class k are brightest in
    the k-th of as many bands. Returns the test images as bytes, and their labels."""
    folder.mkdir(exist_ok=True)
    rng = random.Random(20240611)
    for name, counts in ("train", train), ("t10k", test):
        labels = [k for k, count in enumerate(counts) for _ in range(count)]
        rng.shuffle(labels)
        images = [bytes(min(255, rng.randrange(200) + 90 * (y * len(counts) // size == label)) for y in range(size)
                        for _ in range(size)) for label in labels]
        (folder / f"{name}-images-idx3-ubyte").write_bytes(struct.pack(">IIII", 0x803, len(labels), size, size) +
                                                           b"".join(images))
        (folder / f"{name}-labels-idx1-ubyte").write_bytes(struct.pack(">II", 0x801, len(labels)) + bytes(labels))
    return images, labels


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


def write_png(path, rows, channels=1):
    """An image of 8 bits: grey, or the values of each pixel one behind the other."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", len(rows[0]) // channels, len(rows), 8,
                                                                      {1: 0, 3: 2, 4: 6}[channels], 0, 0, 0))
                     + chunk(b"IDAT", zlib.compress(b"".join(b"\0" + bytes(row) for row in rows))) + chunk(b"IEND", b""))


def write_wav(path, values, rate=8000):
    """A sound of 16 bits and one channel; values from -1 to 1."""
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes(b"".join(struct.pack("<h", round(32767 * value)) for value in values))


def read_wav(path):
    """Rate, and a list of values for each channel, of a sound of 16 bits."""
    with wave.open(str(path), "rb") as file:
        assert file.getsampwidth() == 2
        count, channels = file.getnframes(), file.getnchannels()
        values = struct.unpack(f"<{count * channels}h", file.readframes(count))
        return file.getframerate(), [[value / 32768 for value in values[c::channels]] for c in range(channels)]


def write_sounds(folder, words=10, each=4, rate=8000):
    """Folders of tones: word k is one of 300 + 100 k hertz, each a little longer than the last."""
    for word in range(words):
        (folder / f"w{word}").mkdir(parents=True)
        for i in range(each):
            write_wav(folder / f"w{word}" / f"{i}.wav",
                      [.5 * math.sin(2 * math.pi * (300 + 100 * word) * t / rate) for t in range(100 + 20 * i)], rate)


def read_png(path):
    """Width, height and rows of bytes of an 8-bit PNG as we write it, without interlacing."""
    content, at, parts = path.read_bytes(), 8, []
    while at < len(content):
        length, kind = struct.unpack(">I4s", content[at:at + 8])
        if kind == b"IHDR":
            width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", content[at + 8:at + 8 + length])
        if kind == b"IDAT":
            parts.append(content[at + 8:at + 8 + length])
        at += 12 + length
    assert depth == 8 and interlaced == 0
    pixel = {0: 1, 2: 3, 6: 4}[colour]
    data, rows, before = zlib.decompress(b"".join(parts)), [], bytes(width * pixel)
    for y in range(height):
        method, row = data[y * (width * pixel + 1)], bytearray(data[y * (width * pixel + 1) + 1:][:width * pixel])
        for x in range(len(row)):
            left, up = row[x - pixel] if x >= pixel else 0, before[x]
            corner = before[x - pixel] if x >= pixel else 0
            paeth = min((left, up, corner), key=lambda value: abs(left + up - corner - value))
            row[x] = (row[x] + (0, left, up, (left + up) // 2, paeth)[method]) % 256
        rows.append(bytes(row))
        before = row
    return width, height, rows


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

    def shim(self, folder, **more):
        """The environment in which file_shim.c meddles with the files in a folder of this name."""
        # Under AddressSanitizer, whose library wants to be the first.
        options = os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
        return {"LD_PRELOAD": os.environ["FILE_SHIM"], "SHIM_FOLDER": folder, "ASAN_OPTIONS": options, **more}

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
