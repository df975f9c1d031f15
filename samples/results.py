#!/usr/bin/env python3
"""Trains the recipes of this folder over several seeds, measures what they generate, and writes RESULTS.md.

    samples/results.py --ganymede build/tools/ganymede [--only ring,grid] [--seeds 5] [--device SEL]
    samples/results.py --table            # only writes RESULTS.md again from the runs there are

Every run is appended to results.jsonl as soon as it is done and never made twice, so the script may be stopped and
started at will; a run is made again when its recipe or its settings have changed. Needs nothing but Python 3.
"""
import argparse
import array
import collections
import hashlib
import json
import math
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent

# settings: what --set changes of the recipe.
Variant = collections.namedtuple("Variant", "section name recipe settings")

PACKED = ["regularizers=[packing: 2]", "data.batch=200"]  # two batches make a batch of packs, as in PacGAN
PLAIN, ENTROPY = ["loss=non_saturating"], ["entropy_term.weight=1"]

VARIANTS = [
    variant
    for kind in ("ring", "grid")
    for variant in [
        Variant(kind, "GAN", f"pacgan-{kind}.yaml", []),
        Variant(kind, "packing 2", f"pacgan-{kind}.yaml", PACKED),
        Variant(kind, "entropy term", f"pacgan-{kind}.yaml", ENTROPY),
        Variant(kind, "GAN, small", f"{kind}-r1r2.yaml", PLAIN + ["regularizers=[]"]),
        Variant(kind, "packing 2, small", f"{kind}-r1r2.yaml", PLAIN + PACKED),
        Variant(kind, "entropy term, small", f"{kind}-r1r2.yaml", PLAIN + ENTROPY + ["regularizers=[]"]),
        Variant(kind, "relativistic with R1 and R2, small", f"{kind}-r1r2.yaml", []),
    ]
] + [
    Variant("images", name, f"{name}.yaml", [])
    for name in ("dcgan-quick", "wgan-gp-fashion", "hinge-sn-fashion", "r3gan-fashion", "f-gan-fashion",
                 "conditional-fashion", "infogan-fashion", "stacked-fashion", "sagan-fashion", "style-fashion")
] + [
    Variant("images", "ada-small", "ada-small.yaml", []),
    Variant("images", "a thousand images, no augmentation", "ada-small.yaml", ["regularizers=[]"]),
] + [
    Variant("compared", name, f"{name}.yaml", [])
    for name in ("complete-l1-fashion", "complete-fashion", "edges-fashion", "upscale-fashion", "negative-fashion",
                 "trousers-dresses")
] + [
    Variant("autoencoders", "vae-fashion", "vae-fashion.yaml", []),
    Variant("classifiers", "linear", "classifier-fashion.yaml", ["classifier=[flatten, dense: 10]"]),
    Variant("classifiers", "classifier-fashion", "classifier-fashion.yaml", []),
]

# Modes, % of high quality and reverse KL as published: Lin et al., "PacGAN" (2018), table 1; the rows of VEEGAN:
# Srivastava et al. (2017), table 1, with other networks.
PUBLISHED = {
    "ring": [("GAN", "6.3 ± 0.5", "98.2", "0.45"), ("ALI", "6.6", "97.6", "0.36"),
             ("PacGAN2", "7.9 ± 0.1", "95.6", "0.07"), ("PacGAN4", "7.8 ± 0.1", "95.9", "0.07"),
             ("GAN of VEEGAN", "1.0", "99.3", "–"), ("VEEGAN", "8.0", "52.9", "–")],
    "grid": [("GAN", "17.3 ± 0.8", "94.8", "0.70"), ("ALI", "24.1", "95.7", "0.14"),
             ("PacGAN2", "23.8", "91.3", "0.13"), ("PacGAN4", "24.8 ± 0.2", "93.6", "0.04"),
             ("GAN of VEEGAN", "3.3", "0.5", "–"), ("VEEGAN", "24.6", "40.0", "–")],
}
# Modes and reverse KL of stacked MNIST as published there (section 4.2), its own and those that it cites.
PUBLISHED_STACKED = [("99.0", "3.40", "DCGAN"), ("48.7", "–", "unrolled GAN"), ("150.0", "2.95", "VEEGAN"),
                     ("1000.0", "0.06", "PacDCGAN2")]
STACKED_DRAWS = 26000
IWAE_SAMPLES = 100

# ---- Mixtures ----

RING = ([(math.cos(math.pi * k / 4), math.sin(math.pi * k / 4)) for k in range(8)], .01)
GRID = ([(2. * x, 2. * y) for y in range(-2, 3) for x in range(-2, 3)], .05)
MIXTURES = {"ring": RING, "grid": GRID}
DRAWS = 2500
TRUE_QUALITY = 1 - math.exp(-4.5)  # within 3 sigma in the plane
TRUE_SQUARE = 2 - 9 * math.exp(-4.5) / TRUE_QUALITY  # of the distance from the mean of those, in sigma^2


def read_points(path):
    """The rows of a little-endian float32 .npy file (N, 2)."""
    content = pathlib.Path(path).read_bytes()
    if content[:8] != b"\x93NUMPY\x01\x00" or b"'<f4'" not in content[:128]:
        sys.exit(f"{path}: is no float32 array of version 1.0")
    values = array.array("f", content[10 + int.from_bytes(content[8:10], "little"):])
    if sys.byteorder == "big":
        values.byteswap()
    return list(zip(values[0::2], values[1::2]))


def measure_mixture(points, mixture):
    """A sample belongs to the nearest mean and is of high quality within 3 sigma of it; a mode with such a sample is
    captured; reverse KL = KL(share of samples per mode || equal shares); width = root mean square of the distances of
    high quality samples from the means over what it truly is."""
    centres, sigma = mixture
    held, captured, good, total = [0] * len(centres), set(), 0, 0.
    for x, y in points:
        square, mode = min(((x - a)**2 + (y - b)**2, k) for k, (a, b) in enumerate(centres))
        if not math.isfinite(square):
            continue
        held[mode] += 1
        if square <= 9 * sigma**2:
            good += 1
            total += square / sigma**2
            captured.add(mode)
    shares = [n / len(points) for n in held if n > 0]
    return {"modes": len(captured), "quality": good / len(points),
            "reverse_kl": sum(p * math.log(p * len(centres)) for p in shares),
            "width": math.sqrt(total / good / TRUE_SQUARE) if good > 0 else None}


# ---- Runs ----

IMAGE_DIGITS = (("frechet", 1), ("precision", 2), ("recall", 2), ("coverage", 2))
IMAGE_KEYS, MODE_KEYS = [key for key, _ in IMAGE_DIGITS], ("modes", "mode_reverse_kl")


def ganymede(args, *words):
    """What a command printed; None when it failed."""
    out = subprocess.run([args.ganymede, *map(str, words)], capture_output=True, text=True)
    if out.returncode != 0:
        print(f"ganymede {' '.join(map(str, words))}: {out.stderr.strip()}", file=sys.stderr)
    return out.stdout if out.returncode == 0 else None


def device_words(args):
    return ["--device", args.device] if args.device else []


def is_stacked(variant):
    return variant.recipe.startswith("stacked")


def measure_images(args, source, run, keys, *words):
    text = ganymede(args, "measure", source, run, "--metrics", ",".join(keys), "--json", *words, *device_words(args))
    figures = json.loads(text) if text else {}
    if not figures:
        return None
    controls = {key + "_control": figures[key].get("control") for key in keys}
    return {key: figures[key].get("value") for key in keys} | controls | {"samples": figures[keys[0]]["n"]}


def measure_run(args, variant, run):
    if variant.section in MIXTURES:
        points = run / "points.npy"
        if ganymede(args, "sample", run, "--seeds", f"0-{DRAWS - 1}", "--npy", points, *device_words(args)) is None:
            return None
        return measure_mixture(read_points(points), MIXTURES[variant.section])
    if variant.section == "classifiers":
        text = ganymede(args, "evaluate", run, "--json", *device_words(args))
        figures = json.loads(text) if text else None
        return {"accuracy": figures["accuracy"], "least_recall": min(figures["recall"].values())} if figures else None
    if variant.section == "compared":
        text = ganymede(args, "evaluate", run, "--json", *device_words(args))
        figures = json.loads(text) if text else {}
        ways = {key: value for key, value in figures.items()
                if isinstance(value, dict) and "this run" in value and not key.endswith("_error")}
        return {"compared": ways, "count": figures["count"]} if ways else None
    if variant.section == "autoencoders":
        text = ganymede(args, "evaluate", run, "--samples", IWAE_SAMPLES, "--json", *device_words(args))
        figures = json.loads(text) if text else {}
        return {key: figures[key] for key in ("elbo", "iwae")} if figures else None
    if not is_stacked(variant):
        return measure_images(args, "fashion-mnist", run, IMAGE_KEYS)
    figures = measure_images(args, "stacked-fashion", run, IMAGE_KEYS)
    modes = measure_images(args, "stacked-fashion", run, MODE_KEYS, "--samples", STACKED_DRAWS)
    return figures | modes if figures and modes else None


def digest(variant):
    """Names what was trained: another recipe or other settings make other runs; comments do not."""
    lines = [line.split("#")[0].rstrip() for line in (HERE / variant.recipe).read_text().splitlines()]
    content = [[line for line in lines if line], variant.settings]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]


def train(args, variant, seed):
    """One run as a record, or None when it failed."""
    settings = [word for setting in variant.settings for word in ("--set", setting)]
    with tempfile.TemporaryDirectory() as folder:
        run = pathlib.Path(args.runs or folder) / f"{variant.recipe[:-5]}-{digest(variant)}-{seed}"
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        text = ganymede(args, "train", HERE / variant.recipe, "--seed", seed, "--out", run, "--json", *settings,
                        *device_words(args))
        if text is None:
            return None
        events = [json.loads(line) for line in text.splitlines()]
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        record = {"section": variant.section, "variant": variant.name, "recipe": variant.recipe,
                  "settings": variant.settings, "digest": digest(variant), "seed": seed,
                  "seconds": round(time.monotonic() - start, 1),
                  "cpu_seconds": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 1),
                  "monitor_share": events[-1].get("monitor_share"),
                  "alarms": sorted({event["alarm"] for event in events if "alarm" in event})}
        figures = measure_run(args, variant, run)
        return None if figures is None else record | figures


def read_records(path):
    lines = path.read_text().splitlines() if path.exists() else []
    return [json.loads(line) for line in lines if line.strip()]


def records_of(variant, records, kernels=None):
    """The runs of a variant as it is now, in order of seed; with `kernels` "direct" those of before fast convolutions."""
    found = [r for r in records if r["recipe"] == variant.recipe and r["digest"] == digest(variant)
             and r.get("kernels") == kernels]
    return sorted(found, key=lambda record: record["seed"])


def run_all(args, variants, records):
    """Seed after seed, so that every variant has some runs as early as can be."""
    for seed in range(args.seeds):
        for variant in variants:
            if any(record["seed"] == seed for record in records_of(variant, records)):
                continue
            print(f"{variant.recipe}, {variant.name}, seed {seed} ...", flush=True)
            record = train(args, variant, seed)
            if record is None:
                continue
            records.append(record)
            with args.records.open("a") as file:
                file.write(json.dumps(record) + "\n")
            write_table(args, records)


# ---- The table ----


def spread(values, digits, scale=1):
    """Mean and standard deviation over the seeds."""
    values = [scale * value for value in values if value is not None]
    if not values:
        return "–"
    text = f"{statistics.mean(values):.{digits}f}"
    return text + (f" ± {statistics.stdev(values):.{digits}f}" if len(values) > 1 else "")


def recipe_key(variant, key):
    """The value of a top-level key, as the recipe has it."""
    for line in (HERE / variant.recipe).read_text().splitlines():
        if line.startswith(key + ":"):
            return line[len(key) + 1:].strip()
    return "–"


def command_of(variant):
    settings = "".join(f" --set '{setting}'" for setting in variant.settings)
    return f"`train samples/{variant.recipe}{settings}`"


def time_of(found):
    wall, cpu = (statistics.median(record[key] for record in found) for key in ("seconds", "cpu_seconds"))
    return f"{wall:.0f} s ({cpu:.0f} s)"


def seeds_of(found):
    return ", ".join(str(record["seed"]) for record in found)


def monitor_of(found):
    """The monitor's share of the time, and the alarms with the number of runs that raised them."""
    found = [record for record in found if record.get("monitor_share") is not None]
    if not found:
        return "–"
    share = f"{100 * statistics.median(record['monitor_share'] for record in found):.1f} %"
    alarms = collections.Counter(alarm for record in found for alarm in record["alarms"])
    return ", ".join([share] + [f"{name} in {times} of {len(found)}" for name, times in sorted(alarms.items())])


def mixture_rows(kind, records):
    modes = len(MIXTURES[kind][0])
    yield (f"| of {modes} modes captured | % of high quality | reverse KL | width | what | steps | time (CPU) | "
           "monitor | seeds |")
    yield "|---|---|---|---|---|---|---|---|---|"
    for variant in [v for v in VARIANTS if v.section == kind]:
        found = records_of(variant, records)
        if not found:
            continue
        figures = [spread([r["modes"] for r in found], 1), spread([r["quality"] for r in found], 1, 100),
                   spread([r["reverse_kl"] for r in found], 3), spread([r.get("width") for r in found], 2)]
        yield (f"| {' | '.join(figures)} | {variant.name}: {command_of(variant)} | {recipe_key(variant, 'steps')} | "
               f"{time_of(found)} | {monitor_of(found)} | {seeds_of(found)} |")
    for name, *figures in PUBLISHED[kind]:
        yield f"| {' | '.join(figures)} | – | {name}, as published | – | – | – | 10 trials |"


def image_rows(records):
    yield "| recipe | steps | time (CPU) | monitor | seeds | Fréchet, PCA-16 | precision | recall | coverage |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for variant in [v for v in VARIANTS if v.section == "images"]:
        for kernels, name in ((None, command_of(variant)), ("direct", "the same, before fast convolutions")):
            found = records_of(variant, records, kernels)
            if found:
                figures = [spread([r.get(key) for r in found], digits) for key, digits in IMAGE_DIGITS]
                yield (f"| {name} | {recipe_key(variant, 'steps')} | {time_of(found)} | "
                       f"{monitor_of(found)} | {seeds_of(found)} | {' | '.join(figures)} |")
    plain = [v for v in VARIANTS if v.section == "images" and not is_stacked(v)]
    controls = [record for v in plain for record in records_of(v, records) if "frechet_control" in record]
    if controls:
        figures = [spread([r[key + "_control"] for r in controls[:1]], digits) for key, digits in IMAGE_DIGITS]
        yield f"| control: two halves of {controls[0]['samples']:,} real images | – | – | – | – | {' | '.join(figures)} |"


def autoencoder_rows(records):
    yield f"| recipe | steps | time (CPU) | seeds | ELBO | IWAE-{IWAE_SAMPLES} |"
    yield "|---|---|---|---|---|---|"
    for variant in [v for v in VARIANTS if v.section == "autoencoders"]:
        found = records_of(variant, records)
        if found:
            yield (f"| {command_of(variant)} | {recipe_key(variant, 'steps')} | {time_of(found)} | {seeds_of(found)} | "
                   f"{spread([r['elbo'] for r in found], 1)} | {spread([r['iwae'] for r in found], 1)} |")


COMPARED_NAMES = {"l1": ("L1", 4), "psnr": ("mean PSNR, dB", 2), "frechet": ("Fréchet", 2),
                  "accuracy": ("named rightly, %", 1), "cycle": ("cycle L1", 4), "named": ("named as asked, %", 1),
                  "brightness": ("brightness", 3)}


def compared_rows(records):
    """A table for each recipe: what it makes, and what stands beside it in `ganymede evaluate`."""
    for variant in [v for v in VARIANTS if v.section == "compared"]:
        found = [record["compared"] for record in records_of(variant, records)]
        if not found:
            continue
        runs = records_of(variant, records)
        keys = [key for key in found[0] if key in COMPARED_NAMES]
        yield f"### {variant.name}"
        yield ""
        yield (f"{command_of(variant)}, {recipe_key(variant, 'steps')} steps, {time_of(runs)}, seeds {seeds_of(runs)}; "
               f"{runs[0]['count']:,} images of the test split.")
        yield ""
        yield "| " + " | ".join(["", *(COMPARED_NAMES[key][0] for key in keys)]) + " |"
        yield "|---" * (1 + len(keys)) + "|"
        for way in dict.fromkeys(way for key in keys for way in found[0][key]):
            figures = [spread([run[key].get(way) for run in found], COMPARED_NAMES[key][1],
                              100 if "%" in COMPARED_NAMES[key][0] else 1) for key in keys]
            yield "| " + " | ".join([way, *figures]) + " |"
        yield ""


def stacked_rows(records):
    yield "| of 1000 modes captured | reverse KL | what | steps | time (CPU) | seeds |"
    yield "|---|---|---|---|---|---|"
    for variant in [v for v in VARIANTS if is_stacked(v)]:
        found = [record for record in records_of(variant, records) if "modes" in record]
        if found:
            yield (f"| {spread([r['modes'] for r in found], 1)} | {spread([r['mode_reverse_kl'] for r in found], 3)} | "
                   f"{command_of(variant)} | {recipe_key(variant, 'steps')} | {time_of(found)} | "
                   f"{seeds_of(found)} |")
    for modes, reverse_kl, name in PUBLISHED_STACKED:
        yield f"| {modes} | {reverse_kl} | {name}, as published | – | – | – |"


def classifier_rows(records):
    yield "| accuracy, % | least recall of a class, % | what | steps | time (CPU) | seeds |"
    yield "|---|---|---|---|---|---|"
    for variant in [v for v in VARIANTS if v.section == "classifiers"]:
        found = records_of(variant, records)
        if found:
            yield (f"| {spread([r['accuracy'] for r in found], 2, 100)} | "
                   f"{spread([r['least_recall'] for r in found], 1, 100)} | {variant.name}: {command_of(variant)} | "
                   f"{recipe_key(variant, 'steps')} | {time_of(found)} | {seeds_of(found)} |")


def missing_rows(args, records):
    for variant in VARIANTS:
        done = len(records_of(variant, records))
        if done < args.seeds:
            yield f"* {variant.section}, {variant.name}: {done} of {args.seeds} seeds"


PREFACE = """\
# What the recipes reach

Written by `samples/results.py` from `results.jsonl`, which has every single run. Figures are means over the seeds, ±
their standard deviation; times are medians of the whole command, and in brackets the processor time that it took, on
two CPU cores that were shared with other work. Under "monitor" is its share of the time, and which alarms it raised in
how many runs.

## Mixtures of Gaussians in the plane

The recipes `pacgan-*` have the data, networks, optimiser and batch of PacGAN (Lin et al. 2018, section 4.1): G 4 x 400
ReLU with batch norm, D 3 x 200 maxout-5, z in the plane, Adam 1e-4 with beta1 .8, batch 100; they take fewer steps.
With packing, two batches make a batch of packs, as there. The recipes `*-r1r2` have small networks: G and D 3 x 128,
ReLU and leaky ReLU, Adam 1e-3 with beta1 0, falling; the rows marked small put other objectives on them.

Of 2,500 samples each, one is of high quality within three standard deviations of the nearest mean (of the true
distribution {quality:.1f} % are, and up to {limit:.1f} % by chance; more means that modes are too narrow); a mode is captured that has
such a sample; reverse KL is that of the samples' shares per mode from equal ones; width is the root mean square
distance of the samples of high quality from the means, 1 where it is that of the true distribution.
"""


IMAGES = """\
## Images

Ten thousand generated images beside ten thousand of the training split. Features are the 16 leading principal
components of the real images, so that these figures compare recipes with each other and with nothing that was measured
on the Inception network. The control has half as many images a side, which makes its Fréchet distance larger.
Published, for scale: on Fashion-MNIST with Inception a large search ended at Fréchet distances of 26.5
(non-saturating), 24.5 (WGAN-GP) and 21.5 (WGAN) (Lucic et al. 2018).
"""


STACKED = """\
### A thousand modes

Three images of Fashion-MNIST are the channels of one. A classifier of Fashion-MNIST names what each channel of
{draws:,} samples shows: a triple of classes that comes up is a mode captured; reverse KL is that of the samples' shares
per triple from equal ones, {bias:.3f} for so many perfect samples. What was published is of stacked MNIST.
"""


COMPARED = """\
## Completion and translation

What `ganymede evaluate` says: the run beside ways that learn little or nothing. L1 and PSNR are over values in [0, 1],
of a completion over the hidden pixels; Fréchet distances are on a classifier's features, of CycleGANs on 16 principal
components.
"""


AUTOENCODERS = """\
## Autoencoders

Bounds of the log likelihood of the test split's 10,000 images, in nats an image. Of grey images a Bernoulli likelihood
is no density, so that these figures compare such autoencoders with each other; published ones (about -90 and better)
are of the binarised MNIST.
"""


CLASSIFIERS = """\
## Classifiers

Of the test split's 10,000 images, as `ganymede evaluate` says it. The linear one is the baseline: no hidden layer.
"""


def write_table(args, records):
    error = math.sqrt(TRUE_QUALITY * (1 - TRUE_QUALITY) / DRAWS)
    lines = [PREFACE.format(quality=100 * TRUE_QUALITY, limit=100 * (TRUE_QUALITY + 3 * error))]
    for kind, title in (("ring", "Eight on a circle"), ("grid", "Twenty-five on a grid")):
        lines += [f"### {title}", "", *mixture_rows(kind, records), ""]
    lines += [IMAGES, *image_rows(records), "", STACKED.format(draws=STACKED_DRAWS, bias=999 / (2 * STACKED_DRAWS)),
              *stacked_rows(records), "", COMPARED, *compared_rows(records), AUTOENCODERS, *autoencoder_rows(records),
              "", CLASSIFIERS, *classifier_rows(records)]
    missing = list(missing_rows(args, records))
    if missing:
        lines += ["", "## Not measured yet", "", *missing]
    args.output.write_text("\n".join(lines) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ganymede", default="ganymede", help="the command (default: ganymede)")
    parser.add_argument("--only", default="",
                        help="ring, grid, images, compared, autoencoders, classifiers, or parts of variants' or recipes' names")
    parser.add_argument("--seeds", type=int, default=5, help="how many, from 0 on (default 5)")
    parser.add_argument("--device", help="as ganymede train takes it")
    parser.add_argument("--runs", help="keep the run folders in this folder (default: they are deleted)")
    parser.add_argument("--records", type=pathlib.Path, default=HERE / "results.jsonl")
    parser.add_argument("--table", action="store_true", help="train nothing")
    parser.add_argument("-o", "--output", type=pathlib.Path, default=HERE / "RESULTS.md")
    args = parser.parse_args()
    words = [word for word in args.only.split(",") if word]
    variants = [v for v in VARIANTS if not words or any(w == v.section or w in v.name or w in v.recipe for w in words)]
    if not variants:
        parser.error(f"--only {args.only} names no variant")
    records = read_records(args.records)
    if not args.table:
        run_all(args, variants, records)
    write_table(args, records)


if __name__ == "__main__":
    main()
