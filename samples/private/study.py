#!/usr/bin/env python3
"""What a private generator is worth beside plain releases at the same epsilon: the table of samples/private/README.md.

    samples/private/study.py --baselines               # minutes: means, Gaussians, real images
    samples/private/study.py --no-gan                  # and matched moments: some minutes for each epsilon
    samples/private/study.py                           # and the GAN at epsilon 10, 1 and without noise: hours
    samples/private/study.py --epsilons 10 --steps 500 # shorter trainings

Fashion-MNIST, delta 1e-5, one item more or less. Whatever is released becomes 10,000 labelled images; two classifiers
(logistic.yaml, classifier.yaml) learn from these alone and are held against the 10,000 real test images. Calls `ganymede`
(or what GANYMEDE names) and `private_baselines` (PRIVATE_BASELINES) alone and needs no packages; goes on where it was
stopped. Results stand in results.json, the table in table.md.
"""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
JUDGES = ("logistic", "classifier")
DELTA = "1e-5"
GENERATORS = {"moments": ("private-moments-fashion.yaml", "the generator that matches moments"),
              "gan": ("private-fashion.yaml", "the GAN")}


def run(*words):
    done = subprocess.run(list(map(str, words)), stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, words))} failed")
    return done.stdout


def ganymede(*words):
    return run(os.environ.get("GANYMEDE", "ganymede"), *words)


class Study:
    def __init__(self, folder, seed, steps):
        self.folder, self.seed, self.steps = folder, seed, steps
        self.folder.mkdir(parents=True, exist_ok=True)
        self.results_file = folder / "results.json"
        self.results = json.loads(self.results_file.read_text()) if self.results_file.exists() else {}

    def train(self, recipe, name, *settings):
        """A run of that name; a started one goes on."""
        path = self.folder / name
        if (path / "recipe.yaml").exists():
            ganymede("train", "--resume", path, "--quiet")
        else:
            shutil.rmtree(path, ignore_errors=True)
            ganymede("train", recipe, "--out", path, "--seed", self.seed, "--quiet", *settings)
        return path

    def judge(self, name, data):
        """The accuracies on real test images of what learns from the data."""
        test, found = self.folder / "test.npz", {}
        if not test.exists():
            ganymede("data", "fashion-mnist", "--split", "test", "-o", test)
        for judge in JUDGES:
            trained = self.train(HERE / f"{judge}.yaml", f"{judge}-{name}", "--data", data)
            told = ganymede("evaluate", trained, "--data", test, "--json")
            found[judge] = json.loads(told)["accuracy"]
        return found

    def row(self, name, make):
        if name not in self.results:
            self.results[name] = make()
            self.results_file.write_text(json.dumps(self.results, indent=1) + "\n")
        print(name, self.results[name], flush=True)

    def baselines(self, epsilon):
        folder = self.folder / f"gaussian-{epsilon}"
        if f"gaussian, {epsilon}" in self.results:
            return
        folder.mkdir(exist_ok=True)
        told = run(os.environ.get("PRIVATE_BASELINES", "private_baselines"), "fashion-mnist", epsilon, DELTA, folder)
        means = float(told.split("means")[1])
        self.row(f"means, {epsilon}", lambda: {"nearest": means})
        self.row(f"gaussian, {epsilon}", lambda: self.judge(f"gaussian-{epsilon}", folder))

    def generator(self, name, epsilon):
        """What learns from the samples of GENERATORS[name]."""
        terms = ("epsilon=0",) if epsilon == "inf" else (f"epsilon={epsilon}", f"delta={DELTA}")
        settings = [word for term in terms for word in ("--set", f"privacy.{term}")]
        steps = ["--steps", self.steps] if self.steps else []
        trained = self.train(HERE.parent / GENERATORS[name][0], f"{name}-{epsilon}", *settings, *steps)
        images = self.folder / f"{name}-{epsilon}.npz"
        print(ganymede("sample", trained, "--seeds", "0-9999", "-o", images), end="")
        return self.judge(f"{name}-{epsilon}", images)

    def write_table(self, epsilons):
        def cell(name, epsilon):
            found = self.results.get(f"{name}, {epsilon}")
            return " / ".join(f"{found[k]:.3f}" for k in ("nearest", *JUDGES) if k in found) if found else ""
        lines = ["| released | " + " | ".join(f"epsilon {e}" for e in epsilons) + " |", "|---|" + "---|" * len(epsilons)]
        for name, words in (("means", "ten class means, nearest mean"),
                            ("gaussian", "a Gaussian of 40 cosine coefficients per class: logistic / network"),
                            *((name, f"samples of {words}: logistic / network")
                              for name, (_, words) in GENERATORS.items())):
            lines.append(f"| {words} | " + " | ".join(cell(name, e) for e in epsilons) + " |")
        real = self.results.get("real")
        if real:
            lines.append("| all 60,000 real images: logistic / network | " +
                         " | ".join([""] * (len(epsilons) - 1) + [f"{real['logistic']:.3f} / {real['classifier']:.3f}"]) + " |")
        text = "\n".join(lines) + "\n"
        (self.folder / "table.md").write_text(text)
        print(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("private-study"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, help="steps of the generators (default: their recipes')")
    parser.add_argument("--epsilons", default="10,1,inf", help="with commas; inf: without noise")
    parser.add_argument("--baselines", action="store_true", help="neither GAN nor matched moments")
    parser.add_argument("--no-gan", action="store_true", help="no GAN, which takes an hour for each epsilon")
    given = parser.parse_args()
    study, epsilons = Study(given.out, given.seed, given.steps), given.epsilons.split(",")
    study.row("real", lambda: study.judge("real", "fashion-mnist"))
    for epsilon in epsilons:
        study.baselines(epsilon)
    wanted = [name for name in GENERATORS if not given.baselines and not (given.no_gan and name == "gan")]
    for name in wanted:
        for epsilon in epsilons:
            study.row(f"{name}, {epsilon}", lambda: study.generator(name, epsilon))
    study.write_table(epsilons)


if __name__ == "__main__":
    main()
