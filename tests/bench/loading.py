#!/usr/bin/env python3
"""Times how samples/dcgan64.yaml starts and how long it waits for its pictures, where they are decoded while it trains and
where they are held.

    tests/bench/loading.py [--ganymede build/tools/ganymede] [--folder DIR] [--only jpeg,png,million] [--steps 40]

  jpeg     3,000 JPEG files of 256 x 256 pixels, quality 90, about 20 KB each
  png      20,000 PNG files of 64 x 64 pixels in 20 folders
  million  1,000,000 PNG files of 64 x 64 pixels in 1,000 folders, hard links to one a folder; twice, and beside 1,000 of
           them, whose peak of memory is taken off to know what a file costs

The pictures are made once, in the folder, which stays; that needs python3-pil and python3-numpy. `start` is from the start
of the command to that of the first step, with kernels compiled before. `waiting` is the most that the device can have
lost: it goes on with steps enqueued before. What decoding takes from a device that is the CPU itself shows in images/s.
"""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

RECIPE = pathlib.Path(__file__).resolve().parents[2] / "samples" / "dcgan64.yaml"
SIDE = 256
TILE = 64

# ---- Pictures ----


def scene(rng):
    """Shapes before a background of soft noise, coarse and fine, so that files have the sizes of photographs."""
    import numpy
    from PIL import Image, ImageDraw

    picture = numpy.zeros((SIDE, SIDE, 3), numpy.float32)
    for cells, strength in (2, 90), (8, 40), (32, 24), (128, 18):
        noise = rng.integers(0, 256, (cells, cells, 3), dtype=numpy.uint8)
        grown = Image.fromarray(noise).resize((SIDE, SIDE), Image.BICUBIC)
        picture += strength * (numpy.asarray(grown, numpy.float32) / 127.5 - 1)
    image = Image.fromarray(numpy.clip(picture + 128, 0, 255).astype(numpy.uint8))
    draw = ImageDraw.Draw(image)
    for _ in range(6):
        x, y = rng.integers(0, SIDE, 2).tolist()
        width, height = rng.integers(10, 100, 2).tolist()
        shape = draw.ellipse if rng.random() < .5 else draw.rectangle
        shape((x, y, x + width, y + height), fill=tuple(rng.integers(0, 256, 3).tolist()))
    return image


def make_jpeg(folder):
    import numpy

    rng = numpy.random.default_rng(1)
    for i in range(3000):
        scene(rng).save(folder / f"{i:04}.jpg", quality=90)


def make_png(folder):
    import numpy

    rng = numpy.random.default_rng(2)
    corners = [(x, y) for y in range(0, SIDE, TILE) for x in range(0, SIDE, TILE)]
    for i in range(20000 // len(corners)):
        image, place = scene(rng), folder / f"{i % 20:02}"
        place.mkdir(exist_ok=True)
        for k, (x, y) in enumerate(corners):
            image.crop((x, y, x + TILE, y + TILE)).save(place / f"{i:04}-{k:02}.png")


def make_links(folder, folders):
    import numpy

    rng = numpy.random.default_rng(3)
    for i in range(folders):
        place = folder / f"{i:04}"
        place.mkdir()
        scene(rng).resize((TILE, TILE)).save(place / "0000.png")
        for k in range(1, 1000):
            os.link(place / "0000.png", place / f"{k:04}.png")


def made(folder, name, make, *arguments):
    """The folder of that name, made whole or not at all."""
    if not (folder / name).exists():
        print(f"making {folder / name}", file=sys.stderr, flush=True)
        unfinished = pathlib.Path(tempfile.mkdtemp(dir=folder))
        make(unfinished, *arguments)
        unfinished.rename(folder / name)
    return folder / name


# ---- Runs ----


def train(args, data, steps, **settings):
    """{start: seconds, waiting: percent, memory: bytes, rate: images/s} of a run."""
    run = tempfile.mkdtemp()
    words = [args.ganymede, "train", RECIPE, "--data", data, "--steps", steps, "--out", f"{run}/run", "--json"]
    for key, value in {"log.every": 10, "monitor.metrics": "[]", **settings}.items():
        words += ["--set", f"{key}={value}"]
    begin, events = time.monotonic(), []
    process = subprocess.Popen([str(word) for word in words], stdout=subprocess.PIPE, text=True)
    for line in process.stdout:
        events.append({**json.loads(line), "at": time.monotonic() - begin})
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    shutil.rmtree(run)
    if process.returncode != 0:
        sys.exit(f"{' '.join(map(str, words))}: failed")
    return {"start": events[0]["at"], "waiting": 100 * events[-1].get("waiting_share", 0),
            "rate": events[-2]["images_per_s"], "memory": usage.ru_maxrss * 1024}


def show(what, how, run, paced=True):
    pace = f"{run['waiting']:.1f} | {run['rate']:.0f}" if paced else "– | –"
    print(f"| {what} | {how} | {run['start']:.1f} | {pace} | {run['memory'] / 1e6:.0f} |", flush=True)


def show_kinds(args, what, data):
    for how, settings in (("decoded while training", {"data.hold": "no"}), ("in memory", {"data.resident": "no"}),
                          ("on the device", {"data.resident": "yes"})):
        train(args, data, 1, **settings)  # compiles
        show(what, how, train(args, data, args.steps, **settings))


def show_million(args, folder):
    small = train(args, made(folder, "thousand", make_links, 1), 1, **{"data.hold": "no"})
    show("1,000 PNG, 64²", "decoded while training", small, paced=False)
    million = made(folder, "million", make_links, 1000)
    for how in "decoded while training", "the same again":
        run = train(args, million, 1, **{"data.hold": "no"})
        show("1,000,000 PNG, 64²", how, run, paced=False)
    print(f"\nmemory: {(run['memory'] - small['memory']) / 999000:.0f} bytes a file")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ganymede", default="build/tools/ganymede")
    parser.add_argument("--folder", type=pathlib.Path, default=pathlib.Path("/tmp/ganymede-loading"))
    parser.add_argument("--only", default="jpeg,png")
    parser.add_argument("--steps", type=int, default=40)
    args = parser.parse_args()
    args.folder.mkdir(exist_ok=True)
    print("| pictures | how | start (s) | waiting (%) | images/s | peak memory (MB) |\n" + "|---" * 6 + "|", flush=True)
    for name in args.only.split(","):
        if name == "jpeg":
            show_kinds(args, "3,000 JPEG, 256²", made(args.folder, name, make_jpeg))
        elif name == "png":
            show_kinds(args, "20,000 PNG, 64²", made(args.folder, name, make_png))
        elif name == "million":
            show_million(args, args.folder)
        else:
            parser.error(f"--only: jpeg, png, million, not {name}")


if __name__ == "__main__":
    main()
