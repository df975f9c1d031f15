"""The same images train the same, whatever holds them: folder, archive, list, array.

A new format is a function that writes the images and returns what to give as --data, and a row of FORMATS."""
import gzip
import os
import struct
import unittest
import zipfile

from command import CommandTest, read_log, write_png

FASHION = "/usr/share/datasets/fashion-mnist"
COUNT, SIDE = 2000, 28


def read_fashion():
    """Images as bytes, and their labels."""
    with gzip.open(f"{FASHION}/train-images-idx3-ubyte.gz") as file:
        pixels = file.read(16 + COUNT * SIDE * SIDE)[16:]
    with gzip.open(f"{FASHION}/train-labels-idx1-ubyte.gz") as file:
        labels = file.read(8 + COUNT)[8:]
    return [pixels[i:i + SIDE * SIDE] for i in range(0, len(pixels), SIDE * SIDE)], list(labels)


def rows(image):
    return [image[y:y + SIDE] for y in range(0, len(image), SIDE)]


def write_pngs(folder, images, labels):
    for i, (image, label) in enumerate(zip(images, labels)):
        (folder / str(label)).mkdir(parents=True, exist_ok=True)
        write_png(folder / str(label) / f"{i:04}.png", rows(image))


def npy(shape, values, fortran=False):
    header = f"{{'descr': '|u1', 'fortran_order': {fortran}, 'shape': {tuple(shape)}, }}"
    header += " " * (63 - (len(header) + 10) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + bytes(values)


def as_folder(folder, images, labels):
    write_pngs(folder / "png", images, labels)
    return "png"


def as_zip(folder, images, labels):
    write_pngs(folder / "packed", images, labels)
    with zipfile.ZipFile(folder / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in (folder / "packed").rglob("*.png"):
            archive.write(path, path.relative_to(folder))
    return "a.zip"


def as_list(folder, images, labels):
    write_pngs(folder / "listed", images, labels)
    paths = sorted(path.relative_to(folder) for path in (folder / "listed").rglob("*.png"))
    (folder / "list.txt").write_text("# pictures\n" + "".join(f"{path}\n" for path in paths))
    return "list.txt"


def as_labelled_folder(folder, images, labels):
    (folder / "flat").mkdir()
    for i, image in enumerate(images):
        write_png(folder / "flat" / f"{i:04}.png", rows(image))
    (folder / "flat" / "labels.csv").write_text("".join(f"{i:04}.png,{label}\n" for i, label in enumerate(labels)))
    return "flat"


def as_npy(folder, images, labels):
    (folder / "a.npy").write_bytes(npy((COUNT, SIDE, SIDE), b"".join(images)))
    (folder / "a_labels.npy").write_bytes(npy((COUNT,), labels))
    return "a.npy"


def as_fortran_npy(folder, images, labels):
    values = bytearray(COUNT * SIDE * SIDE)
    for n, image in enumerate(images):
        for y in range(SIDE):
            begin = n + COUNT * y
            values[begin:begin + COUNT * SIDE * SIDE:COUNT * SIDE] = image[SIDE * y:SIDE * (y + 1)]
    (folder / "f.npy").write_bytes(npy((COUNT, SIDE, SIDE), values, True))
    (folder / "f_labels.npy").write_bytes(npy((COUNT,), labels))
    return "f.npy"


def as_npz(folder, images, labels):
    with zipfile.ZipFile(folder / "a.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x_train.npy", npy((COUNT, SIDE, SIDE, 1), b"".join(images)))
        archive.writestr("y_train.npy", npy((COUNT, 1), labels))
    return "a.npz"


def write_pictures(folder, images, labels, ending, **options):
    """With Pillow, as it saves files of the ending."""
    from PIL import Image
    for i, (image, label) in enumerate(zip(images, labels)):
        (folder / str(label)).mkdir(parents=True, exist_ok=True)
        Image.frombytes("L", (SIDE, SIDE), image).save(folder / str(label) / f"{i:04}{ending}", **options)
    return folder.name


def as_webp(folder, images, labels):
    return write_pictures(folder / "webp", images, labels, ".webp", lossless=True)


def as_tiff(folder, images, labels):
    return write_pictures(folder / "tiff", images, labels, ".tif", compression="tiff_lzw")


def as_bmp(folder, images, labels):
    return write_pictures(folder / "bmp", images, labels, ".bmp")


FORMATS = [as_folder, as_zip, as_list, as_labelled_folder, as_npy, as_fortran_npy, as_npz, as_webp,
           as_tiff, as_bmp]

RECIPE = """\
data: { source: png, size: 28, channels: 1, range: [0, 1], batch: 16 }
latent: { size: 3 }
generator: [ { dense: 8 }, relu, { dense: 784 }, sigmoid, { reshape: [1, 28, 28] } ]
discriminator: [ flatten, { dense: 8 }, { leaky_relu: 0.2 }, { dense: 1 } ]
loss: non_saturating
optimizer: { generator: { adam: { rate: 1e-3 } }, discriminator: { adam: { rate: 1e-3 } } }
steps: 100
log: { every: 10 }
"""


@unittest.skipUnless(os.path.isdir(FASHION), "dataset-fashion-mnist is not installed")
class Formats(CommandTest):
    def train(self, data, *more):
        run = self.folder / "run"
        self.ganymede("train", "formats.yaml", "--data", data, "--out", run, "--quiet", *more)
        log = read_log(run)
        run.rename(self.folder / f"run-{len(list(self.folder.glob('run-*')))}")
        self.assertEqual(len(log), 10)
        return log

    def test_all_formats_train_the_same(self):
        images, labels = read_fashion()
        # Folders give their pictures class by class: so do all.
        order = sorted(range(COUNT), key=lambda i: (labels[i], i))
        images, labels = [images[i] for i in order], [labels[i] for i in order]
        (self.folder / "formats.yaml").write_text(RECIPE)
        first = None
        for write in FORMATS:
            with self.subTest(write.__name__):
                try:
                    data = write(self.folder, images, labels)
                except ImportError as missing:
                    self.skipTest(str(missing))
                log = self.train(data)
                first = first or log
                self.assertEqual(log, first)
        for data in "png", "a.zip":  # decoded by several threads while it trains
            self.assertEqual(self.train(data, "--set", "data.hold=no"), first)


if __name__ == "__main__":
    unittest.main()
