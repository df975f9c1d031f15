"""Looking inside a run: ways between samples, latents of images, directions, truncation. A generator of one layer is
linear, so that what each must give is known."""
import math
import struct
import unittest

from command import CommandTest, read_npy, read_png, read_safetensors, write_labelled

LATENT, WIDTH = 6, 8

LINEAR = """\
name: linear
data: { source: %(data)s, batch: 4 }
latent: { size: 6, distribution: %(distribution)s }
generator: [ %(embed)s %(first)s { dense: 8 } ]
discriminator: [ { dense: 4 }, { leaky_relu: 0.2 }, { dense: 1 } ]
steps: 3
seed: 7
"""


def write_npy(path, rows):
    """Rows of floats as a float32 array."""
    head = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({len(rows)}, {len(rows[0])}), }}\n".encode()
    values = [value for row in rows for value in row]
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head +
                     struct.pack(f"<{len(values)}f", *values))


def rows_of(path):
    shape, values = read_npy(path)
    width = math.prod(shape[1:])
    return [values[i:i + width] for i in range(0, len(values), width)]


class Explore(CommandTest):
    def train_linear(self, distribution="normal", embed="", out="run", first=""):
        rows = [[math.sin(i * (k + 1)) for k in range(WIDTH)] for i in range(24)]
        write_npy(self.folder / "rows.npy", rows)
        if embed:
            write_npy(self.folder / "rows_labels.npy", [[i % 3] for i in range(24)])
            labels = self.folder / "rows_labels.npy"
            content = labels.read_bytes()
            labels.write_bytes(content.replace(b"(24, 1)", b"(24,)  "))
        (self.folder / "linear.yaml").write_text(LINEAR % {"data": self.folder / "rows.npy",
                                                           "distribution": distribution, "embed": embed, "first": first})
        self.ganymede("train", "linear.yaml", "--out", out, "--quiet")
        weights = read_safetensors(self.folder / out / "checkpoints/00000003.safetensors")[0]
        layer = (1 if embed else 0) + first.count(",")
        shape, data = weights[f"generator.{layer}.weight"][1:]
        values = struct.unpack(f"<{len(data) // 4}f", data)
        self.bias = struct.unpack(f"<{WIDTH}f", weights[f"generator.{layer}.bias"][2])
        self.weight = [values[i:i + shape[1]] for i in range(0, len(values), shape[1])]  # (latent, width)

    def sample_of(self, z):
        return [sum(z[i] * self.weight[i][k] for i in range(LATENT)) + self.bias[k] for k in range(WIDTH)]

    def assert_near(self, found, expected, within=2e-5):
        self.assertEqual(len(found), len(expected))
        for a, b in zip(found, expected):
            self.assertLess(abs(a - b), within, f"{found} is not {expected}")

    # ---- Ways ----

    def test_every_key_of_a_way_is_a_frame_bit_for_bit(self):
        self.ganymede("train", "tiny.yaml", "--out", "run", "--quiet")
        self.ganymede("sample", "run", "--seeds", "3,7,12", "-o", "keys.npy")
        keys = rows_of(self.folder / "keys.npy")
        for frames, places in ((2 * 5 + 1, (0, 5, 10)), (6, (0, 3, 5)), (3, (0, 1, 2))):
            self.ganymede("interpolate", "run", "--seeds", "3,7,12", "--frames", frames, "-o", "way.npy")
            way = rows_of(self.folder / "way.npy")
            self.assertEqual(len(way), frames)
            for key, place in zip(keys, places):
                self.assertEqual(way[place], key, f"frame {place} of {frames}")
        self.ganymede("interpolate", "run", "--seeds", "3,7,12", "--frames", 9, "--loop", "-o", "way.npy")
        way = rows_of(self.folder / "way.npy")
        self.assertEqual([way[0], way[3], way[6]], keys)
        self.assertEqual(len(set(way)), 9)  # the first does not come again
        self.ganymede("interpolate", "run", "--seeds", "3,7", "--frames", 4, "-o", "frames")
        self.ganymede("sample", "run", "--seeds", "7", "-o", "alone")
        self.assertEqual(read_png(self.folder / "frames/00000003.png"), read_png(self.folder / "alone/00000007.png"))

    def test_normal_latents_turn_and_uniform_ones_go_straight(self):
        a, b = [1, 0, 2, 0, 0, 0], [0, 1.5, 0, -1, 0, 0.5]
        for distribution, options, turns in (("normal", [], True), ("normal", ["--linear"], False), ("uniform", [], False)):
            self.train_linear(distribution, out=f"{distribution}{len(options)}")
            write_npy(self.folder / "keys.npy", [a, b])
            self.ganymede("interpolate", f"{distribution}{len(options)}", "--latents", "keys.npy", "--frames", 5,
                          "-o", "way.npy", *options)
            angle = math.pi / 2  # a and b are orthogonal
            for t, frame in zip((0, .25, .5, .75, 1), rows_of(self.folder / "way.npy")):
                f, g = (math.sin((1 - t) * angle), math.sin(t * angle)) if turns else (1 - t, t)
                self.assert_near(frame, self.sample_of([f * x + g * y for x, y in zip(a, b)]))

    def test_classes_go_over_in_shares(self):
        self.train_linear(embed="{ embed: { classes: 3, size: 2 } },")
        self.ganymede("interpolate", "run", "--seeds", "4,4", "--class", "0,2", "--frames", 5, "-o", "way.npy")
        way = rows_of(self.folder / "way.npy")
        for label, frame in ((0, way[0]), (2, way[4])):
            self.ganymede("sample", "run", "--seeds", "4", "--class", label, "-o", "end.npy")
            self.assertEqual([frame], rows_of(self.folder / "end.npy"))
        self.assertNotEqual(way[0], way[4])
        for t, frame in zip((0, .25, .5, .75, 1), way):
            self.assert_near(frame, [(1 - t) * x + t * y for x, y in zip(way[0], way[4])])

    def test_film_is_an_animated_webp(self):
        self.ganymede("train", "tiny.yaml", "--out", "run", "--quiet")
        process = self.start("interpolate", "run", "--seeds", "1,2", "--frames", "7", "-o", "film.webp")
        out, err = process.communicate(timeout=300)
        if "writes no WebP" in err:
            self.skipTest("built without WebP")
        self.assertEqual((process.returncode, out), (0, "film.webp\n"), err)
        film = (self.folder / "film.webp").read_bytes()
        self.assertEqual(film[8:12], b"WEBP")
        self.assertIn(b"ANMF", film)

    # ---- Latents ----

    def test_truncation_brings_samples_to_the_mean(self):
        self.train_linear()
        self.ganymede("sample", "run", "--seeds", "0-5", "-o", "all.npy")
        self.ganymede("sample", "run", "--seeds", "0-5", "--truncation", "1", "-o", "one.npy")
        self.assertEqual((self.folder / "all.npy").read_bytes(), (self.folder / "one.npy").read_bytes())
        self.ganymede("sample", "run", "--seeds", "0-5", "--truncation", "0.5", "-o", "half.npy")
        self.ganymede("sample", "run", "--seeds", "0-5", "--truncation", "0", "-o", "none.npy")
        for whole, half, none in zip(*(rows_of(self.folder / name) for name in ("all.npy", "half.npy", "none.npy"))):
            self.assert_near(none, self.bias)
            self.assert_near(half, [(x + b) / 2 for x, b in zip(whole, self.bias)])

    def test_truncation_where_a_layer_says(self):
        """A generator that norms z would not see it multiplied; one with a layer `truncation` is drawn to its mean."""
        self.train_linear(first="pixel_norm, { truncation: 1 },")
        for psi in ("1", "0.5", "0"):
            self.ganymede("sample", "run", "--seeds", "0-5", "--truncation", psi, "-o", psi + ".npy")
        ends = [rows_of(self.folder / name) for name in ("1.npy", "0.5.npy", "0.npy")]
        for whole, half, none in zip(*ends):
            self.assert_near(none, ends[2][0])
            self.assert_near(half, [(x + y) / 2 for x, y in zip(whole, none)])
        self.assertGreater(max(abs(x - y) for x, y in zip(ends[0][0], ends[2][0])), .01)

    def test_wrong_latents_are_refused(self):
        self.train_linear()
        write_npy(self.folder / "short.npy", [[1, 2, 3]])
        self.refused("sample", "run", "--latents", "short.npy", code=1,
                     says="short.npy: holds 1 rows of 3 values: expected rows of 6, a latent each")
        write_npy(self.folder / "nan.npy", [[0] * LATENT, [math.nan] * LATENT])
        self.refused("interpolate", "run", "--latents", "nan.npy", code=1, says="nan.npy: its row 1 is not finite")

    def test_projection_of_a_sample_finds_it_again(self):
        self.ganymede("train", "tiny.yaml", "--out", "run", "--quiet")
        self.ganymede("sample", "run", "--seeds", "5000-5002", "-o", "targets.npy")  # no starts of the search
        out, _ = self.ganymede("project", "run", "targets.npy", "-o", "found", "--json", "--steps", 400)
        error = eval(out.replace("null", "None"))
        self.assertLess(error["error"], 1e-2 * error["error_of_mean"])
        self.ganymede("sample", "run", "--latents", "found/latents.npy", "-o", "again.npy")
        targets, found = rows_of(self.folder / "targets.npy"), rows_of(self.folder / "again.npy")
        for target, sample in zip(targets, found):
            self.assertLess(sum((x - y) ** 2 for x, y in zip(target, sample)) / len(target), 1e-4)

    def test_projections_repeat_and_know_nothing_of_each_other(self):
        self.ganymede("train", "tiny.yaml", "--out", "run", "--quiet")
        self.ganymede("sample", "run", "--seeds", "70,71", "-o", "pictures")
        for out, names in (("both", ("70", "71")), ("again", ("70", "71")), ("alone", ("71",))):
            self.ganymede("project", "run", *(f"pictures/000000{name}.png" for name in names), "-o", out, "--steps", 30,
                          "--starts", 64)  # a batch for each picture
        both, again, alone = (rows_of(self.folder / out / "latents.npy") for out in ("both", "again", "alone"))
        self.assertEqual(both, again)
        self.assertEqual(both[1:], alone)
        self.assertEqual(read_png(self.folder / "both/00000001.png"), read_png(self.folder / "alone/00000000.png"))

    # ---- Directions ----

    def test_closed_directions_of_a_linear_generator_are_its_singular_vectors(self):
        self.train_linear()
        out, _ = self.ganymede("directions", "run", "--count", LATENT, "-o", "d.npy", "--json")
        shares, gram = eval(out)["shares"], [[sum(x * y for x, y in zip(a, b)) for b in self.weight] for a in self.weight]
        total = sum(gram[i][i] for i in range(LATENT))
        self.assertEqual(shares, sorted(shares, reverse=True))
        for share, v in zip(shares, rows_of(self.folder / "d.npy")):
            self.assert_near([sum(g * x for g, x in zip(row, v)) for row in gram], [share * total * x for x in v])
            self.assertAlmostEqual(sum(x * x for x in v), 1, 5)

    def test_principal_components_of_a_linear_generator_agree(self):
        self.train_linear()
        self.ganymede("directions", "run", "--count", 1, "-o", "closed.npy")
        self.ganymede("directions", "run", "--count", 1, "--method", "pca", "-o", "pca.npy")
        closed, pca = (rows_of(self.folder / f"{name}.npy")[0] for name in ("closed", "pca"))
        self.assertGreater(sum(x * y for x, y in zip(closed, pca)), 0.95)

    def test_samples_move_along_a_direction(self):
        self.train_linear()
        self.ganymede("directions", "run", "--count", 3, "-o", "d.npy")
        v = rows_of(self.folder / "d.npy")[2]
        z = [.5, -1, 0, 2, 1, .25]
        write_npy(self.folder / "z.npy", [z])
        for options in ([], ["--directions", "d.npy"]):
            self.ganymede("sample", "run", "--latents", "z.npy", "--direction", "2=-2..2", "-o", "along.npy", *options)
            along = rows_of(self.folder / "along.npy")
            self.assertEqual(len(along), 10)
            for i, sample in enumerate(along):
                step = -2 + 4 * i / 9
                self.assert_near(sample, self.sample_of([x + step * y for x, y in zip(z, v)]))
        self.refused("sample", "run", "--direction", "6=1", code=1, says="there are directions 0 to 5")
        self.refused("sample", "run", "--direction", "3=1", "--directions", "d.npy", code=1,
                     says="d.npy: holds 3 directions, 0 to 2: there is no 3")

    # ---- What a critic looks at ----

    def test_saliency_is_the_gradient_of_the_logit(self):
        self.ganymede("train", "tiny.yaml", "--out", "run", "--quiet")
        rows = [[((7 * k + 3 * i) % 11) / 11 for k in range(64)] for i in range(3)]
        at, step = 29, 1e-2  # the leaky ReLUs between change nowhere within the step
        moved = [[x + (step if k == at else 0) for k, x in enumerate(row)] for row in rows]
        for name, values in (("rows", rows), ("moved", moved)):
            write_npy(self.folder / f"{name}.npy", values)
            path = self.folder / f"{name}.npy"
            head = f"{{'descr': '<f4', 'fortran_order': False, 'shape': (3, 1, 8, 8), }}\n".encode()
            path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head + path.read_bytes()[-3 * 64 * 4:])
        before = eval(self.ganymede("saliency", "run", "rows.npy", "--json", "-o", "g.npy")[0])["scores"]
        after = eval(self.ganymede("saliency", "run", "moved.npy", "--json", "-o", "h.npy")[0])["scores"]
        for gradient, again, a, b in zip(rows_of(self.folder / "g.npy"), rows_of(self.folder / "h.npy"), before, after):
            self.assertGreater(abs(gradient[at]), 1e-4)
            self.assert_near([(b - a) / step], [(gradient[at] + again[at]) / 2], 2e-4)
        self.ganymede("saliency", "run", "rows.npy", "-o", "picture.png", "--columns", 3)
        width, height, _ = read_png(self.folder / "picture.png")
        self.assertEqual((width, height), (6 * 10 - 2, 8))

    # ---- Real neighbours ----

    def test_copies_are_found_beside_what_they_are_copies_of(self):
        write_labelled(self.folder / "classes", [20, 20], [10, 10])
        text = self.recipe.read_text().replace(str(self.folder / "images"), str(self.folder / "classes"))
        self.recipe.write_text(text)
        self.ganymede("train", "tiny.yaml", "--out", "run", "--quiet")
        out, _ = self.ganymede("sample", "run", "--seeds", "1,2", "--nearest", 3, "-o", "near.png")
        width, height, _ = read_png(self.folder / "near.png")
        self.assertEqual((width, height), (9 * 10 - 2, 2 * 10 - 2))  # sample, gap, three, gap, three
        self.assertRegex(out, r"seed 1:  pixels \d+ \(.*\), \d+ .*  features \d+")
        self.ganymede("sample", "run", "--seeds", "1", "-o", "one.npy")
        sample = rows_of(self.folder / "one.npy")[0]
        pixels = (self.folder / "classes/train-images-idx3-ubyte").read_bytes()[16:]
        distances = [math.dist(sample, [p / 255 for p in pixels[64 * i:64 * i + 64]]) for i in range(40)]
        nearest = min(range(40), key=distances.__getitem__)
        self.assertIn(f"seed 1:  pixels {nearest} ({distances[nearest]:.3g})", out)


if __name__ == "__main__":
    unittest.main()
