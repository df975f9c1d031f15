"""What stands in samples/: the C programs run and do what the command does, the recipes can be planned."""
import math
import os
import pathlib
import re
import struct
import subprocess
import unittest

from command import CommandTest, checkpoints, read_npy, write_png, write_sounds

SAMPLES = pathlib.Path(__file__).resolve().parents[2] / "samples"
PNG = b"\x89PNG\r\n\x1a\n"


def write_floats(path, shape):
    """A float32 .npy file of zeros."""
    head = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head + bytes(4 * math.prod(shape)))


class Programs(CommandTest):
    def program(self, name, *arguments, code=0):
        """Runs samples/NAME.c, returns (standard output, standard error)."""
        done = subprocess.run([pathlib.Path(os.environ["SAMPLE_PROGRAMS"]) / name, *map(str, arguments)],
                              cwd=self.folder, capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, code, f"{name}\n{done.stdout}\n{done.stderr}")
        return done.stdout, done.stderr

    def test_mlp_gan_trains_and_draws(self):
        out, _ = self.program("mlp_gan", 3, "out.png", self.folder / "images")
        self.assertRegex(out, r"step 3  loss D \d+\.\d+  loss G \d+\.\d+\nout.png\n")
        self.assertEqual((self.folder / "out.png").read_bytes()[:8], PNG)

    def test_vae_trains_and_draws(self):
        out, _ = self.program("vae", 3, "out.png", self.folder / "images")
        self.assertRegex(out, r"step 3  -ELBO \d+\.\d+  KL \d+\.\d+\nout.png\n")
        self.assertEqual((self.folder / "out.png").read_bytes()[:8], PNG)

    def test_train_gives_the_run_of_the_command(self):
        out, err = self.program("train", "tiny.yaml", "a")
        self.assertEqual(err, "")
        self.assertEqual([line.split("  ")[0] for line in out.splitlines()],
                         [f"step {step} of 20" for step in (5, 10, 15, 20)])
        self.assertRegex(out.splitlines()[-1], r"  D -?\d+\.\d+  G -?\d+\.\d+")
        self.assertEqual(checkpoints(self.folder / "a"), [0, 10, 20])
        self.ganymede("train", "tiny.yaml", "--out", "b", "--quiet")
        self.assert_same_weights(self.folder / "a/checkpoints/00000020.safetensors",
                                 self.folder / "b/checkpoints/00000020.safetensors")

    def test_sample_draws_what_the_command_draws(self):
        self.ganymede("train", "tiny.yaml", "--out", "a", "--quiet")
        out, err = self.program("sample", "a", "ours.npy")
        self.assertEqual((out, err), ("ours.npy: 64 images of step 20\n", ""))
        self.assertEqual(read_npy(self.folder / "ours.npy")[0], (64, 1, 8, 8))
        self.ganymede("sample", "a", "-o", "theirs.npy")
        self.assertEqual((self.folder / "ours.npy").read_bytes(), (self.folder / "theirs.npy").read_bytes())
        self.program("sample", "a", "ours.png")
        self.assertEqual((self.folder / "ours.png").read_bytes()[:8], PNG)

    def test_measure_compares_a_run_with_its_data(self):
        self.ganymede("train", "points.yaml", "--out", "a", "--quiet")
        out, err = self.program("measure", "ring8", "a", "frechet,modes")
        self.assertEqual(err, "")
        keys = [line.split()[0] for line in out.splitlines()]
        self.assertEqual(sorted(keys), ["frechet", "modes"])
        for line in out.splitlines():
            self.assertRegex(line, r"^\w+ +-?\d+\.\d{4}  \(real against real: -?\d+\.\d{4}\)  \w")

    def test_failures_are_said_in_one_sentence(self):
        for name, *arguments in (("train", "none.yaml"), ("sample", "none"), ("measure", "none.npy", "ring8")):
            out, err = self.program(name, *arguments, code=1)
            self.assertEqual(out, "")
            self.assertRegex(err, rf"^{name}: .*none.*\n$")


class Recipes(CommandTest):
    def test_every_recipe_of_the_samples_is_planned(self):
        recipes = sorted(SAMPLES.glob("*.yaml"))
        self.assertGreaterEqual(len(recipes), 5)
        labels = bytes(i % 10 for i in range(40))
        (self.folder / "images" / "train-labels-idx1-ubyte").write_bytes(struct.pack(">II", 0x801, 40) + labels)
        verse = "".join(chr(ord("a") + i) for i in range(26)) + " .,;:?!()'-"
        write_sounds(self.folder / "digits")
        (self.folder / "bible.txt").write_text(f"{verse} {verse} {verse}\n" * 40)
        for book in ("genesis", "exodus"):
            (self.folder / "books" / book).mkdir(parents=True)
            (self.folder / "books" / book / "1.txt").write_text(f"{verse} {verse}\n" * 40)
        self.ganymede("train", SAMPLES / "vae-fashion.yaml", "--data", self.folder / "images", "--out", "runs/vae",
                      "--quiet", "--set", "data.size=28", "--set", "data.batch=8", "--set", "steps=1")
        (self.folder / "letter.csv").write_text("".join(",".join(str(i * k % 37) for k in range(1, 17)) + "\n"
                                                        for i in range(40)))
        for recipe in recipes:
            with self.subTest(recipe=recipe.name):
                text = recipe.read_text()
                data = ["--data", self.folder / "images"] if "fashion" in text else []
                size = ["--set", "data.size=28"] if not re.search("^data:.* size: ", text, re.M) and data else []
                channels = ["--set", "data.channels=3"] if "source: stacked" in text else []
                if recipe.stem == "cells":
                    write_floats(self.folder / "cells.npy", (4, 5, 48, 64))
                    data = ["--data", "cells.npy"]
                if "source: moving" in text:
                    write_floats(self.folder / "clips.npy", (4, 8, 1, 32, 32))
                    data, size = ["--data", "clips.npy"], []
                fitted = []
                if "source: diamonds.csv" in text:  # whose codes are as many as its columns make
                    (self.folder / "words.csv").write_text("c,d\n" + "".join(f"{i % 2}a,{i % 3}b\n" for i in range(40)))
                    last = "decoder.4" if "decoder:" in text else "generator.6"
                    data, fitted = ["--data", "words.csv"], ["--set", f"{last}.dense=5"]
                if "source: photos" in text:
                    write_png(self.folder / "photo.png", [bytes(range(16))] * 16)
                    (self.folder / "photos.txt").write_text("photo.png\n")
                    data = ["--data", "photos.txt"]
                classes = []
                if "classes: [" in text:  # which these images know by their numbers alone
                    classes = ["--set", "data.classes=[1]", "--set", "data.second={classes: [3]}"]
                few = 20 if "\nmoments:" in text else 8  # of each class two, which are drawn of 40 items
                batch = ["--set", f"data.batch={few}"] if "\nprivacy:" in text else []
                out, _ = self.ganymede("train", recipe, "--dry-run", *data, *size, *channels, *classes, *batch,
                                       *fitted)
                self.assertIn(f"name: {recipe.stem}", out)


if __name__ == "__main__":
    unittest.main()
