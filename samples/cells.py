#!/usr/bin/env python3
"""Draws images like a microscope's, of cells whose number and sizes are known, and counts cells in any such images.

    samples/cells.py draw cells                      # cells/train/*.tiff, cells/test/*.tiff: 16 bits, 5 channels
    ganymede train samples/cells.yaml --out run      # here, where cells/ is
    ganymede sample run --seeds 0-999 -o fake.npy
    samples/cells.py compare cells fake.npy

Channels: nuclei, cytoplasm, membrane, a marker of dots in the cytoplasm of half of the cells, a marker of a third of the
nuclei. An image has 1 to 6 cells; the camera adds shot noise, read noise and an offset.

`compare` finds nuclei (above a threshold from the training images, connected, of 8 pixels or more) and prints how many an
image has and how large they are, and how far these distributions are from those of the training images (total variation
of the number, 0 to 1; Wasserstein-1 of the area, in pixels). Beside the generated images it does so for the held-out ones
(what chance leaves), for images whose left and right halves are of two training images (cells that are right but badly
composed), for training images with their pixels shuffled, and for their mean. Needs numpy.
"""
import argparse
import pathlib
import struct

import numpy as np

HEIGHT, WIDTH, CHANNELS = 48, 64, 5
SHARE = np.array([.10, .20, .30, .20, .15, .05])  # of images with 1, 2, ... 6 cells
APART, MARGIN = 13, 8  # pixels between centres of nuclei, and from there to the border
FULL = 800  # photo-electrons where a channel is bright
GAIN, OFFSET, READ_NOISE = 50, 800, 4  # camera units an electron; camera units; electrons
SMALLEST = 8  # pixels of a nucleus

# ---- Drawing ----


def inside(distance, softness=.6):
    """1 within an outline, 0 outside, soft at distance 0 (pixels, negative within)."""
    return 1 / (1 + np.exp(np.clip(distance / softness, -30, 30)))


def ellipse(y, x, long, short, angle):
    """Signed distance from the outline, about, in pixels."""
    u, v = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    radius = np.sqrt((u / long) ** 2 + (v / short) ** 2)
    return (radius - 1) * np.sqrt(long * short)


def place(rng, count):
    """Centres (count, 2) that keep their distance."""
    while True:
        centres = []
        for _ in range(200):
            centre = rng.uniform([MARGIN, MARGIN], [HEIGHT - MARGIN, WIDTH - MARGIN])
            if all(np.hypot(*(centre - other)) >= APART for other in centres):
                centres.append(centre)
            if len(centres) == count:
                return np.array(centres)


def draw_cell(rng, image, centre):
    """Adds one cell to an image of brightnesses; returns its nucleus' area in pixels."""
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
    y, x, angle = rows - centre[0], columns - centre[1], rng.uniform(0, np.pi)
    long, ratio = np.clip(rng.normal(4.4, .5), 3.2, 5.6), rng.uniform(.7, 1)
    outline = ellipse(y, x, long, long * ratio, angle)
    shift = rng.normal(0, .6, 2)
    body = ellipse(y - shift[0], x - shift[1], long * rng.uniform(1.7, 2), long * rng.uniform(1.4, 1.7), angle)
    nucleus, cell = inside(outline), inside(body, 1)
    wave = 1 + .15 * np.sin(y * rng.uniform(.5, 1) + x * rng.uniform(.5, 1) + rng.uniform(0, 6))  # chromatin
    image[0] += nucleus * wave * rng.uniform(.8, 1)
    image[1] += cell * (1 - .8 * nucleus) * rng.uniform(.5, .8)
    image[2] += np.exp(-.5 * (body / .9) ** 2) * rng.uniform(.6, .9)
    if rng.random() < 1 / 2:
        for _ in range(4):
            way, turn = rng.uniform(1.2, 1.5) * long, rng.uniform(0, 2 * np.pi)
            dot = (y - way * np.sin(turn)) ** 2 + (x - way * np.cos(turn)) ** 2
            image[3] += .8 * np.exp(-.5 * dot / 1.1 ** 2)
    if rng.random() < 1 / 3:
        image[4] += nucleus * rng.uniform(.6, .9)
    return int((outline < 0).sum())


def draw(seed, count):
    """Images uint16 (count, 5, 48, 64), how many cells each has, and the areas of all nuclei."""
    rng = np.random.default_rng(seed)
    images = np.empty((count, CHANNELS, HEIGHT, WIDTH), np.uint16)
    numbers, areas = rng.choice(len(SHARE), count, p=SHARE) + 1, []
    for i in range(count):
        clean = np.full((CHANNELS, HEIGHT, WIDTH), .01)
        areas += [draw_cell(rng, clean, centre) for centre in place(rng, numbers[i])]
        electrons = rng.poisson(np.minimum(clean, 1.4) * FULL) + rng.normal(0, READ_NOISE, clean.shape)
        images[i] = np.clip(np.rint(electrons * GAIN + OFFSET), 0, 65535)
    return images, numbers, np.array(areas)


def write_tiff(path, image):
    """A TIFF of 16 bits, its channels side by side, not compressed."""
    channels, height, width = image.shape
    pixels = image.transpose(1, 2, 0).astype("<u2").tobytes()
    lists = struct.pack(f"<{channels}H", *[16] * channels), bytes(2 * (channels - 1))  # bits; meaning: not said
    where = 8 + len(pixels)
    rows = [(256, 3, 1, width), (257, 3, 1, height), (258, 3, channels, where), (259, 3, 1, 1), (262, 3, 1, 1),
            (273, 4, 1, 8), (277, 3, 1, channels), (278, 3, 1, height), (279, 4, 1, len(pixels)), (284, 3, 1, 1),
            (338, 3, channels - 1, where + len(lists[0]))]
    directory = struct.pack("<H", len(rows)) + b"".join(struct.pack("<HHII", *row) for row in rows) + bytes(4)
    path.write_bytes(struct.pack("<2sHI", b"II", 42, where + sum(map(len, lists))) + pixels + b"".join(lists) + directory)


def read_tiffs(folder):
    """What write_tiff wrote, as values in [0, 1]."""
    shape, paths = (HEIGHT, WIDTH, CHANNELS), sorted(folder.glob("*.tiff"))
    images = [np.frombuffer(path.read_bytes(), "<u2", np.prod(shape), 8).reshape(shape) for path in paths]
    return np.stack(images).transpose(0, 3, 1, 2) / 65535


def command_draw(arguments):
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for k, (name, count) in enumerate((("train", arguments.count), ("test", arguments.held_out))):
        images, numbers, areas = draw(2 * arguments.seed + k, count)
        (arguments.folder / name).mkdir(exist_ok=True)
        for i, image in enumerate(images):
            write_tiff(arguments.folder / name / f"{i:06}.tiff", image)
        found, found_areas = count_nuclei(images / 65535, find_threshold(images / 65535))
        print(f"{name}: {count} images, {numbers.sum()} cells of {areas.mean():.1f} pixels; "
              f"counted right in {(found == numbers).mean():.1%} of the images, {found_areas.mean():.1f} pixels")


# ---- Counting ----


def find_threshold(images):
    """Otsu's: between the two classes of nuclei's pixels that differ most."""
    counts, edges = np.histogram(images[:, 0], 256)
    middle, below = (edges[1:] + edges[:-1]) / 2, np.cumsum(counts)
    total, sums = below[-1], np.cumsum(counts * middle)
    above = np.maximum(total - below, 1)
    spread = below * above * (sums / np.maximum(below, 1) - (sums[-1] - sums) / above) ** 2
    return middle[spread.argmax()]


def label(mask):
    """Of (N, H, W): the same number for pixels of an image that hang together by their sides, -1 elsewhere."""
    index = np.where(mask, np.arange(mask.size).reshape(mask.shape), mask.size)
    while True:
        padded = np.pad(index, ((0, 0), (1, 1), (1, 1)), constant_values=mask.size)
        least = np.minimum.reduce([padded[:, 1:-1, 1:-1], padded[:, :-2, 1:-1], padded[:, 2:, 1:-1],
                                   padded[:, 1:-1, :-2], padded[:, 1:-1, 2:]])
        least = np.where(mask, least, mask.size)
        if (least == index).all():
            return np.where(mask, index, -1)
        index = least


def count_nuclei(images, threshold):
    """How many nuclei each image has, and the areas of all of them."""
    labels = label(images[:, 0] > threshold)
    nuclei, areas = np.unique(labels[labels >= 0], return_counts=True)
    large = areas >= SMALLEST
    numbers = np.bincount(nuclei[large] // (images.shape[2] * images.shape[3]), minlength=len(images))
    return numbers, areas[large]


def total_variation(a, b):
    length = max(a.max(), b.max()) + 1
    return .5 * np.abs(np.bincount(a, minlength=length) / len(a) - np.bincount(b, minlength=length) / len(b)).sum()


def wasserstein(a, b):
    if len(a) == 0 or len(b) == 0:
        return float("nan")
    at = (np.arange(10000) + .5) / 10000
    return np.abs(np.quantile(a, at) - np.quantile(b, at)).mean()


def command_compare(arguments):
    train, test = (read_tiffs(arguments.folder / name) for name in ("train", "test"))
    fake = np.load(arguments.generated)
    threshold, some = find_threshold(train), train[:len(fake)]
    halves = np.concatenate([some[..., :WIDTH // 2], np.roll(some, 1, 0)[..., WIDTH // 2:]], 3)
    shuffled = np.random.default_rng(0).permuted(some.reshape(*some.shape[:2], -1), axis=2).reshape(some.shape)
    real, real_areas = count_nuclei(train, threshold)
    print(f"nuclei above {threshold:.3f}; images with 0, 1, 2, ... of them, in per cent\n")
    for name, images in (("training", train), ("held out", test), ("generated", fake), ("two halves", halves),
                         ("shuffled", shuffled), ("mean image", np.repeat(train.mean(0, keepdims=True), 2, 0))):
        numbers, areas = count_nuclei(images, threshold)
        share = 100 * np.bincount(numbers, minlength=8) / len(numbers)
        size = f"{areas.mean():5.1f} +- {areas.std():4.1f}" if len(areas) else "   no nuclei"
        print(f"{name:10}  {' '.join(f'{s:4.0f}' for s in share[:8])}  number {numbers.mean():.2f}  area {size}"
              f"  total variation {total_variation(numbers, real):.3f}  Wasserstein {wasserstein(areas, real_areas):.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True)
    drawing = commands.add_parser("draw", help="make a data set")
    drawing.add_argument("folder", type=pathlib.Path)
    drawing.add_argument("--count", type=int, default=4000, help="training images (4000)")
    drawing.add_argument("--held-out", type=int, default=1000, help="test images (1000)")
    drawing.add_argument("--seed", type=int, default=1)
    drawing.set_defaults(run=command_draw)
    comparing = commands.add_parser("compare", help="count nuclei in real and generated images")
    comparing.add_argument("folder", type=pathlib.Path, help="what draw made")
    comparing.add_argument("generated", type=pathlib.Path, help="an .npy file of ganymede sample")
    comparing.set_defaults(run=command_compare)
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
