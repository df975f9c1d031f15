#!/usr/bin/env python3
"""Does it help to steer a GAN by its monitor? Trains each arm over three seeds, measures, and writes README.md.

    samples/steering/study.py --ganymede build/tools/ganymede [--only gaussians|images] [--quick] [--device SEL]
    samples/steering/study.py --table      # only writes README.md again from the runs there are

Every run is appended to results.jsonl as soon as it is done and never made twice, so the script may be stopped and
started at will. --quick takes a fifth of the steps, and its rows say so. Needs nothing but Python 3.
"""
import argparse
import collections
import json
import pathlib
import statistics
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
RESULTS, README = HERE / "results.jsonl", HERE / "README.md"
SEEDS, DRAWS = (0, 1, 2), 5  # of each arm; of samples, for the error of the figures themselves

# real: a data set that `measure` knows, or what `ganymede data` writes for it.
Part = collections.namedtuple("Part", "recipe real samples steps metrics settings arms")

SMALL = ["loss=non_saturating", "regularizers=[]"]
MODES = "monitor.metrics=[coverage, modes, entropy]"
IMAGES = "monitor.metrics=[coverage, frechet, entropy]"

# An arm that steers stands beside both ends of its setting.
PARTS = {
    "gaussians": Part("grid-r1r2.yaml", ["grid25"], 2500, 20000, ["modes", "quality", "frechet"], SMALL + [MODES], {
        "not steered": [],
        "entropy term, weight 0.05": ["entropy_term.weight=0.05"],
        "entropy term, weight 2": ["entropy_term.weight=2"],
        "entropy term, steered by modes from 0.05 to 2": [
            "entropy_term.weight=0.05", "monitor.steer=[entropy_term.weight: {figure: modes, to: 2}]"],
        "steps of D, 4": ["discriminator_steps=4"],
        "steps of D, steered by modes from 1 to 4": [
            "monitor.steer=[discriminator_steps: {figure: modes, to: 4, steps: 3}]"],
    }),
    # A rate ten times that of the recipe, at which some runs collapse.
    "images": Part("dcgan-quick.yaml", ["fashion-mnist", "--split", "test", "--size", "32", "--fit", "pad"],
                   2000, 3000, ["frechet", "coverage"],
                   ["optimizer.generator.adam.rate=2e-3", "optimizer.discriminator.adam.rate=2e-3", IMAGES], {
        "not steered": [],
        "rate of G, 2e-4": ["optimizer.generator.adam.rate=2e-4"],
        "rate of G, steered by coverage from 2e-3 to 2e-4": [
            "monitor.steer=[optimizer.generator.rate: {to: 2e-4, steps: 6, margin: 0.1}]"],
        "instance noise, 0.5": ["regularizers=[instance_noise: {deviation: 0.5}]"],
        "instance noise, steered by coverage from 0.02 to 0.5": [
            "regularizers=[instance_noise: {deviation: 0.02}]",
            "monitor.steer=[instance_noise.deviation: {to: 0.5, steps: 6, margin: 0.1}]"],
    }),
}


def run(*command):
    return subprocess.run([str(word) for word in command], check=True, stdout=subprocess.PIPE, text=True).stdout


def measure(options, folder, part):
    """The figures of DRAWS draws of samples."""
    draws, real = [], part.real[0]
    if len(part.real) > 1:
        real = pathlib.Path(folder) / "real.npy"
        run(options.ganymede, "data", *part.real, "-o", real)
    for draw in range(DRAWS):
        samples = pathlib.Path(folder) / f"{draw}.npy"
        first = 1_000_000 + draw * part.samples  # seeds that the monitor has not seen
        run(options.ganymede, "sample", folder / "run", "--seeds", f"{first}-{first + part.samples - 1}",
            "-o", samples, *options.device)
        figures = json.loads(run(options.ganymede, "measure", real, samples, "--metrics", ",".join(part.metrics),
                                 "--samples", part.samples, "--json", *options.device))
        draws.append({key: figures[key]["value"] for key in part.metrics})
        samples.unlink()
    return draws


def train(options, name, part, arm, settings, seed):
    steps = part.steps // 5 if options.quick else part.steps
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "run"
        words = [word for setting in part.settings + settings for word in ("--set", setting)]
        if "r1r2" in part.recipe:  # its rates fall over all steps
            words += [word for player in ("generator", "discriminator")
                      for word in ("--set", f"optimizer.{player}.adam.period={steps}")]
        run(options.ganymede, "train", HERE.parent / part.recipe, "--out", out, "--steps", steps, "--seed", seed,
            "--set", f"monitor.every={steps // 40}", "--set", f"log.every={steps // 40}",
            "--set", f"monitor.warmup={steps // 20}", "--set", "monitor.alarm=off", "--set", "log.samples=0",
            "--set", "log.checkpoint=0", *words, "--quiet", *options.device)
        moves = [line["moved"] for line in map(json.loads, (out / "log.jsonl").read_text().splitlines())
                 if "moved" in line]
        return {"part": name, "arm": arm, "settings": part.settings + settings, "seed": seed, "steps": steps,
                "moves": len(moves), "last_move": moves[-1] if moves else "",
                "draws": measure(options, pathlib.Path(folder), part)}


def read_results():
    return [json.loads(line) for line in RESULTS.read_text().splitlines()] if RESULTS.exists() else []


def cell(runs, key):
    """Mean over the seeds, their deviation, and the deviation from draw to draw within one."""
    values = [statistics.mean(draw[key] for draw in one["draws"]) for one in runs]
    within = statistics.mean(statistics.stdev(draw[key] for draw in one["draws"]) for one in runs)
    spread = statistics.stdev(values) if len(values) > 1 else float("nan")
    return f"{statistics.mean(values):.3g} ± {spread:.2g} ({within:.1g})"


INTRODUCTION = """# Steered by the measure

Written by `study.py`, which trains every arm anew; `results.jsonl` has every run. Figures are means over the seeds ± their
standard deviation, and in brackets the standard deviation from draw to draw of samples of one run: the figure's own error.
A steered arm stands beside both ends of its setting. Read it against these, not against the first row alone: steering is
worth its while where it comes near the better end without knowing which that is.
"""

# What the rows above say, for a reader; to be written again when they change.
FINDINGS = """
## What it shows

Of the Gaussians, after a fifth of the steps (`--quick`), when all arms are still far from the quality that they reach:

* Steered by modes, the entropy term goes all the way to its larger weight in the first quarter of the run and stays there:
  the control has all 25 modes in every draw, and the generator had them at no measurement. It captures more modes than the small
  weight or none, and is nearer to the data by the Frechet distance, but falls short of the large weight held from the
  start, and its quality is the lowest of all: steering found the better end without being told, and paid for the way.
* More steps of the discriminator are the wrong setting: held or steered, they cost modes. Steering cannot tell, as it
  only ever moves towards the end that it was given; it went to that end and stayed.
* Differences of one mode are within the error of the figure itself.

The images' part is in the script; its rows come with the first run of it.
"""


def write_table():
    text, results = INTRODUCTION, read_results()
    for name, part in PARTS.items():
        for steps in sorted({one["steps"] for one in results if one["part"] == name}):
            text += f"\n## `{part.recipe}`, {steps} steps{'' if steps == part.steps else f' of {part.steps}'}\n\n"
            text += f"Common to all: `{'`, `'.join(part.settings)}`.\n\n"
            text += f"| {' | '.join(part.metrics)} | what | moves | seeds |\n|{'---|' * (len(part.metrics) + 3)}\n"
            for arm, settings in part.arms.items():
                runs = [one for one in results if (one["part"], one["arm"], one["steps"]) == (name, arm, steps)
                        and one["settings"] == part.settings + settings]
                if runs:
                    cells = " | ".join(cell(runs, key) for key in part.metrics)
                    moves = ", ".join(str(one["moves"]) for one in runs)
                    text += f"| {cells} | {arm} | {moves} | {', '.join(str(one['seed']) for one in runs)} |\n"
    README.write_text(text + FINDINGS)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ganymede", default="build/tools/ganymede")
    parser.add_argument("--only", choices=PARTS)
    parser.add_argument("--quick", action="store_true", help="a fifth of the steps")
    parser.add_argument("--device", type=lambda text: ["--device", text], default=[])
    parser.add_argument("--table", action="store_true", help="only write the table")
    options = parser.parse_args()
    for seed in [] if options.table else SEEDS:
        for name, part in PARTS.items():
            for arm, settings in part.arms.items():
                steps = part.steps // 5 if options.quick else part.steps
                done = any((one["part"], one["arm"], one["seed"], one["steps"]) == (name, arm, seed, steps) and
                           one["settings"] == part.settings + settings for one in read_results())
                if done or options.only not in (None, name):
                    continue
                print(f"{name}, seed {seed}: {arm}", flush=True)
                with RESULTS.open("a") as file:
                    file.write(json.dumps(train(options, name, part, arm, settings, seed)) + "\n")
                write_table()
    write_table()


if __name__ == "__main__":
    main()
