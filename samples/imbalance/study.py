#!/usr/bin/env python3
"""What helps a classifier whose classes are of very unlike size: the study of samples/imbalance/README.md.

    samples/imbalance/study.py                       # three seeds, into ./imbalance-study; goes on where it was stopped
    samples/imbalance/study.py --quick               # one seed, a twentieth of the steps: whether all of it works
    samples/imbalance/study.py --seeds 1 --rows none,resample

Fashion-MNIST's training split with classes 1, 3, 5, 7, 9 cut to their first 60 images, the others whole; a small
classifier (classifier.yaml) learns from it in each row's way and is held against the whole test split. Calls `ganymede`
alone (or what GANYMEDE names) and needs no packages. Results stand in results.json, the table in table.md.
"""
import argparse
import array
import json
import math
import os
import pathlib
import random
import shutil
import struct
import subprocess
import sys
import time
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
RARE, KEPT, SIDE = (1, 3, 5, 7, 9), 60, 28
CHANGES = "{translation: 0.0714, flip: true}"  # moves of up to 2 pixels of 28
MORE_CHANGES = "{translation: 0.0714, flip: true, rotate: 8, scale: 0.1, elastic: 0.02}"
# No flips: seen both ways round half of the time each, D could not tell G's mirrored shoes from real ones.
GAN_CHANGES = ("regularizers=[augment: {brightness: 0, saturation: 0, contrast: 0, cutout: 0, translation: 0.1, rotate: 8, "
               "scale: 0.1}]")
RESAMPLED = ["--set", "data.balance=resample"]

# Name, what it is, the data it learns from, settings of the training.
ROWS = [
    ("none", "nothing", "imbalanced", []),
    ("weights", "class weights", "imbalanced", ["--set", "data.balance=weights"]),
    ("resample", "oversampling", "imbalanced", RESAMPLED),
    ("augment", "oversampling, moves of 2 and flips", "imbalanced", RESAMPLED + ["--set", f"data.augment={CHANGES}"]),
    ("augment-more", "the same, turns, sizes and bending", "imbalanced",
     RESAMPLED + ["--set", f"data.augment={MORE_CHANGES}"]),
    ("smote", "SMOTE in pixels (5 neighbours)", "smote", []),
    ("gan", "samples of the GAN, trained on the data as they are", "gan-filled", []),
    ("gan-balanced", "the same, its batches balanced, augmented", "gan-balanced-filled", []),
    ("quarter", "oversampling with a quarter from that GAN", "quarter", RESAMPLED),
    ("agreed", "the same, what the oversampled classifier agrees with", "agreed", RESAMPLED),
    ("agreed-augment", "the same, moves of 2 and flips", "agreed", RESAMPLED + ["--set", f"data.augment={CHANGES}"]),
    ("all", "all 60,000 real images", "train", []),
]


class Study:
    def __init__(self, folder, seed, quick):
        self.root, self.seed, self.quick = folder, seed, quick
        self.folder = folder / f"seed-{seed}"
        self.folder.mkdir(parents=True, exist_ok=True)

    def ganymede(self, *words):
        done = subprocess.run([os.environ.get("GANYMEDE", "ganymede"), *map(str, words)], stdout=subprocess.PIPE,
                              text=True)
        if done.returncode:
            sys.exit(f"ganymede {' '.join(map(str, words))} failed")
        return done.stdout

    def train(self, recipe, name, data, settings=()):
        """A run in seed-N/NAME; a started one goes on."""
        run = self.folder / name
        if (run / "recipe.yaml").exists():
            self.ganymede("train", "--resume", run, "--quiet")
            return run
        shutil.rmtree(run, ignore_errors=True)
        steps = ["--steps", {"classifier.yaml": 60, "gan.yaml": 150}[recipe]] if self.quick else []
        self.ganymede("train", HERE / recipe, "--data", data, "--seed", self.seed, "--out", run, "--quiet", *steps,
                      *settings)
        return run

    # ---- Data ----

    def data(self, name):
        """The data set of that name, made when it is first wanted."""
        shared = {"train": "npz", "test": "npz", "imbalanced": "npy"}
        path = self.root / f"{name}.{shared[name]}" if name in shared else self.folder / f"{name}.npz"
        if name == "smote":
            path = self.folder / "smote.npy"
        if not path.exists():
            getattr(self, "make_" + name.replace("-", "_"))(path)
        return path

    def make_train(self, path):
        self.ganymede("data", "fashion-mnist", "-o", path)

    def make_test(self, path):
        self.ganymede("data", "fashion-mnist", "--split", "test", "-o", path)

    def make_imbalanced(self, path):
        images, labels = read_npz(self.data("train"))
        left, kept = {k: KEPT for k in RARE}, []
        for i, label in enumerate(labels):
            left[label] = left.get(label, len(labels)) - 1
            if left[label] >= 0:
                kept.append(i)
        size = SIDE * SIDE
        write_npy(path, b"".join(images[i * size:(i + 1) * size] for i in kept), [labels[i] for i in kept])

    def make_smote(self, path):
        """New images of a rare class lie on the way from one of its images to one of its five nearest (Chawla 2002)."""
        rng, size = random.Random(self.seed), SIDE * SIDE
        content, labels = read_npy(self.data("imbalanced"))
        images, largest = [content], max(labels.count(k) for k in set(labels))
        whole = list(labels)
        for k in RARE:
            own = [array.array("B", content[i * size:(i + 1) * size]) for i, label in enumerate(labels) if label == k]
            near = []
            for one in own:
                far = [sum((a - b) * (a - b) for a, b in zip(one, other)) for other in own]
                near.append(sorted(range(len(own)), key=far.__getitem__)[1:6])
            for _ in range(largest - len(own)):
                i = rng.randrange(len(own))
                other, t = own[rng.choice(near[i])], rng.random()
                images.append(bytes(int(a + t * (b - a) + .5) for a, b in zip(own[i], other)))
                whole.append(k)
        write_npy(path, b"".join(images), whole)

    def gan(self, balanced):
        settings = RESAMPLED + ["--set", GAN_CHANGES] if balanced else []
        return self.train("gan.yaml", "run-gan-balanced" if balanced else "run-gan", self.data("imbalanced"), settings)

    def augment(self, path, *words):
        self.ganymede("augment", self.data("imbalanced"), "-o", path, "--seed", 1000000 * self.seed, *words)

    def make_gan_filled(self, path):
        self.augment(path, "--balance", "--with", self.gan(False))

    def make_gan_balanced_filled(self, path):
        self.augment(path, "--balance", "--with", self.gan(True))

    def make_quarter(self, path):
        self.augment(path, "--balance", KEPT * 4 // 3, "--with", self.gan(True))

    def make_agreed(self, path):
        judge = self.train("classifier.yaml", "classifier-resample", self.data("imbalanced"), RESAMPLED)
        self.augment(path, "--balance", KEPT * 4 // 3, "--with", self.gan(True), "--agree", judge, "--at", 0.9)

    # ---- Figures ----

    def row(self, name, data, settings):
        run = self.train("classifier.yaml", f"classifier-{name}", self.data(data), settings)
        found = json.loads(self.ganymede("evaluate", run, "--data", self.data("test"), "--json"))
        recall = list(found["recall"].values())
        return {"accuracy": found["accuracy"], "rare": sum(recall[k] for k in RARE) / len(RARE)}

    def fidelity(self, balanced):
        """Of the rare classes: label fidelity and the share of the real spread, by a classifier of all real images."""
        out = self.ganymede("measure", "fashion-mnist", self.gan(balanced), "--features", "classifier", "--metrics",
                            "frechet", "--samples", 1000 if self.quick else 10000, "--json")
        classes = list(json.loads(out)["classes"].values())
        return {"fidelity": [classes[k]["fidelity"] for k in RARE],
                "spread": [classes[k]["spread"] / classes[k]["real_spread"] for k in RARE]}


# ---- Files ----

def read_npz(path):
    """Bytes of the images and the list of labels of an archive as `ganymede data` writes it."""
    def content(name):
        data = archive.read(name)
        return data[10 + struct.unpack("<H", data[8:10])[0]:]
    with zipfile.ZipFile(path) as archive:
        return content("x.npy"), list(array.array("i", content("y.npy")))


def labels_of(path):
    return path.with_name(path.stem + "_labels.npy")


def read_npy(path):
    parts = []
    for file in (path, labels_of(path)):
        data = file.read_bytes()
        parts.append(data[10 + struct.unpack("<H", data[8:10])[0]:])
    return parts[0], list(array.array("i", parts[1]))


def write_npy(path, images, labels):
    """The labels first: the images are what is looked for."""
    for file, kind, shape, data in ((labels_of(path), "<i4", f"({len(labels)},)", array.array("i", labels).tobytes()),
                                    (path, "|u1", f"({len(labels)}, {SIDE}, {SIDE})", images)):
        header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}}}".encode()
        header += b" " * (-(len(header) + 11) % 64) + b"\n"
        part = file.with_name(file.name + ".part")
        part.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + data)
        part.replace(file)


# ---- The table ----

def mean_and_spread(values):
    mean = sum(values) / len(values)
    if len(values) < 2:
        return f"{mean:.3f}"
    return f"{mean:.3f} ± {math.sqrt(sum((v - mean) ** 2 for v in values) / (len(values) - 1)):.3f}"


def table(results, seeds):
    lines = ["| | accuracy | recall of the five rare classes |", "|---|---|---|"]
    for name, what, _, _ in ROWS:
        found = [results[f"{name}/{seed}"] for seed in seeds if f"{name}/{seed}" in results]
        if found:
            lines.append(f"| {what} | {mean_and_spread([f['accuracy'] for f in found])} | "
                         f"{mean_and_spread([f['rare'] for f in found])} |")
    lines += ["", "| rare classes | " + " | ".join(map(str, RARE)) + " |", "|---|" + "---|" * len(RARE)]
    for key, what in (("fidelity", "label fidelity"), ("spread", "share of the real spread")):
        for gan in ("gan", "gan-balanced"):
            found = [results[f"fidelity-{gan}/{seed}"][key] for seed in seeds if f"fidelity-{gan}/{seed}" in results]
            if found:
                lines.append(f"| {what}, {gan} | " + " | ".join(mean_and_spread(c) for c in zip(*found)) + " |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", default="imbalance-study", type=pathlib.Path)
    parser.add_argument("--seeds", default=3, type=int, help="how many, from 0 on (default 3)")
    parser.add_argument("--rows", default=",".join(row[0] for row in ROWS), help="only these, with commas between them")
    parser.add_argument("--quick", action="store_true", help="one seed, few steps: whether all of it works")
    arguments = parser.parse_args()
    chosen = arguments.rows.split(",")
    for name in chosen:
        if name not in [row[0] for row in ROWS]:
            parser.error(f"--rows: there is no row {name}; there are {', '.join(row[0] for row in ROWS)}")
    root = arguments.out / "quick" if arguments.quick else arguments.out
    root.mkdir(parents=True, exist_ok=True)
    file, seeds = root / "results.json", range(1 if arguments.quick else arguments.seeds)
    results = json.loads(file.read_text()) if file.exists() else {}

    def keep(key, figures, since):
        results[key] = figures
        file.with_suffix(".part").write_text(json.dumps(results, indent=1))
        file.with_suffix(".part").replace(file)
        print(f"{key}: {figures} ({time.monotonic() - since:.0f} s)", flush=True)

    for seed in seeds:
        study = Study(root, seed, arguments.quick)
        for name, _, data, settings in ROWS:
            since = time.monotonic()
            if name in chosen and f"{name}/{seed}" not in results:
                keep(f"{name}/{seed}", study.row(name, data, settings), since)
        for name in ("gan", "gan-balanced"):
            since = time.monotonic()
            if name in chosen and f"fidelity-{name}/{seed}" not in results:
                keep(f"fidelity-{name}/{seed}", study.fidelity(name == "gan-balanced"), since)
    (root / "table.md").write_text(table(results, seeds))
    print("\n" + table(results, seeds), end="")


if __name__ == "__main__":
    main()
