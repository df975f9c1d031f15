"""Tables with columns of several types: trained on, resumed, sampled, compared; read as pandas reads them."""
import csv
import json
import random
import re
import unittest

from command import CommandTest, read_npy, read_png

try:
    import pandas
except ImportError:
    pandas = None

RECIPE = """\
data: { source: table.csv, batch: 16 }
latent: { size: 4 }
generator: [ dense: 16, relu, dense: 7, tanh ]
discriminator: [ dense: 16, leaky_relu: 0.2, dense: 1 ]
steps: 10
log: { every: 5, samples: 10, checkpoint: 5 }
"""


def write_table(path, rows=120, seed=1, words=("low", "mid", "high"), separator=","):
    """An index, a number of two decimals, a category, whole numbers with gaps, a date, a column that is constant."""
    draw = random.Random(seed)
    lines = [("id", "size", "class", "count", "when", "unit")]
    for i in range(rows):
        lines.append((str(i), f"{draw.uniform(1, 9):.2f}", draw.choice(words), "" if i % 7 == 3 else str(draw.randrange(20)),
                      f"2024-0{draw.randrange(1, 10)}-1{draw.randrange(10)}", "mm"))
    path.write_text("".join(separator.join(line) + "\n" for line in lines))


def columns_of(run):
    """The lines of data.columns in a run's recipe, as {name: text}."""
    text = (run / "recipe.yaml").read_text()
    return dict(re.findall(r"^    (\S+): \{(.*)\}$", text, re.M))


def number(column, key):
    return float(re.search(rf"\b{key}: (-?[\d.e+-]+)", column).group(1))


class Tables(CommandTest):
    def setUp(self):
        super().setUp()
        write_table(self.folder / "table.csv")
        (self.folder / "table.yaml").write_text(RECIPE)

    def train(self, *arguments):
        return self.ganymede("train", *arguments, "--no-tune", "--quiet")

    def test_numbers_with_names_are_a_table(self):
        draw = random.Random(2)
        for names in ("height,age,score", "x,y"):
            rows = [[f"{draw.uniform(150, 190):.1f}", str(draw.randrange(90)), str(draw.randrange(40))] for _ in range(40)]
            width = len(names.split(","))
            (self.folder / "table.csv").write_text("\n".join([names] + [",".join(r[:width]) for r in rows]) + "\n")
            (self.folder / "table.yaml").write_text(RECIPE.replace("dense: 7", f"dense: {width}"))
            self.train("table.yaml", "--out", names)
            self.train("--resume", names, "--steps", 12)
            self.ganymede("sample", names, "--seeds", "0-9", "-o", "rows.csv")
            lines = (self.folder / "rows.csv").read_text().splitlines()
            if width == 3:
                self.assertEqual(lines[0], names)
                self.assertRegex(lines[1], r"^1[5-9]\d\.\d,\d{1,2},\d{1,2}$")
            else:  # points of the plane, as they are
                self.assertIn("columns: null", (self.folder / names / "recipe.yaml").read_text())
                self.assertRegex(lines[1], r"^-?0\.\d+,-?0\.\d+$")

    def test_rows_are_sampled_as_the_table_was_written(self):
        _, err = self.train("table.yaml", "--out", "a")
        self.assertIn("table.csv: column 'id' counts the rows: set aside", err)
        self.assertIn("table.csv: 1 of its columns has one value alone or none, so that no network sees it: 'unit'", err)
        (self.folder / "table.csv").unlink()  # the run knows its columns
        self.ganymede("sample", "a", "--seeds", "0-49", "-o", "rows.csv")
        with open(self.folder / "rows.csv", newline="") as file:
            rows = list(csv.reader(file))
        self.assertEqual(rows[0], ["id", "size", "class", "count", "when", "unit"])
        self.assertEqual([row[0] for row in rows[1:]], [str(i) for i in range(50)])
        for row in rows[1:]:
            self.assertRegex(row[1], r"^[1-9]\.\d\d$")
            self.assertIn(row[2], ("low", "mid", "high"))
            self.assertRegex(row[3], r"^(1?\d)?$")
            self.assertRegex(row[4], r"^2024-0[1-9]-[0-3]\d$")
            self.assertEqual(row[5], "mm")
        self.ganymede("sample", "a", "--seeds", "3-5", "-o", "three.tsv")
        self.assertEqual((self.folder / "three.tsv").read_text().splitlines()[1].split("\t")[1:], rows[4][1:])
        self.ganymede("sample", "a", "--seeds", "3-5", "-o", "folder")
        self.assertEqual(sorted(p.name for p in (self.folder / "folder").iterdir()),
                         [f"0000000{seed}.csv" for seed in (3, 4, 5)])
        with open(self.folder / "folder/00000004.csv", newline="") as file:
            self.assertEqual([row[1:] for row in csv.reader(file)], [rows[0][1:], rows[5][1:]])
        self.ganymede("sample", "a", "--seeds", "0-9", "--npy", "rows.npy", "-o", "rows.png")
        self.assertEqual(read_npy(self.folder / "rows.npy")[0], (10, 7))
        self.assertGreater(read_png(self.folder / "rows.png")[0], 300)
        self.assertEqual(sorted(p.name for p in (self.folder / "a/samples").iterdir()),
                         ["00000000.png", "00000010.png", "real.png"])

    def test_tabs_are_for_tsv_and_other_signs_stay(self):
        for name, separator, decimal, csv_has in ("a", "\t", ".", ","), ("b", "\t", ",", ";"), ("c", ";", ",", ";"):
            write_table(self.folder / "table.csv", separator=separator)
            table = (self.folder / "table.csv").read_text()
            (self.folder / "table.csv").write_text(table.replace(".", decimal))
            self.train("table.yaml", "--out", name)
            for ending, expected in ("csv", csv_has), ("tsv", "\t"):
                self.ganymede("sample", name, "--seeds", "0-3", "-o", f"rows.{ending}")
                lines = (self.folder / f"rows.{ending}").read_text().splitlines()
                self.assertEqual(lines[0].split(expected), ["id", "size", "class", "count", "when", "unit"])
                self.assertRegex(lines[1].split(expected)[1], rf"^\d{re.escape(decimal)}\d\d$")

    def test_resumed_runs_keep_their_columns(self):
        self.train("table.yaml", "--out", "whole")
        self.train("table.yaml", "--out", "half", "--steps", "5")
        recipe = (self.folder / "half/recipe.yaml").read_text()
        write_table(self.folder / "table.csv", rows=120)
        _, err = self.train("table.yaml", "--resume", "half", "--steps", "10")
        self.assertNotIn("differs from the recipe", err)
        self.assertNotIn("one value alone", err)
        self.assertEqual((self.folder / "half/recipe.yaml").read_text(), recipe.replace("steps: 5", "steps: 10"))
        self.assert_same_weights(self.folder / "whole/checkpoints/00000010.safetensors",
                                 self.folder / "half/checkpoints/00000010.safetensors")
        write_table(self.folder / "table.csv", words=("low", "other"))
        self.refused("train", "--resume", "half", "--steps", "12", "--no-tune", "--quiet", code=1,
                     says=["table.csv:", "column 'class'", "is none of its categories"])

    def test_columns_can_be_given(self):
        self.train("table.yaml", "--out", "a", "--set", "data.columns={count: category, when: skip, size: {type: number, "
                   "minimum: 0, maximum: 10}}", "--set", "generator=[dense: 25, tanh]")
        found = columns_of(self.folder / "a")
        self.assertIn("type: category, categories: [0, 1, 10,", found["count"])
        self.assertEqual(found["when"], "type: skip")
        self.assertIn("minimum: 0, maximum: 10,", found["size"])
        self.ganymede("sample", "a", "--seeds", "0-3", "-o", "rows.csv")
        self.assertEqual((self.folder / "rows.csv").read_text().splitlines()[0], "id,size,class,count,unit")
        lines = (self.folder / "a/recipe.yaml").read_text().splitlines()
        first, last = lines.index("  columns:"), next(i for i, line in enumerate(lines) if line.startswith("  dialect:"))
        (self.folder / "schema.yaml").write_text("\n".join(line[2:] for line in lines[first:last]) + "\n")
        self.train("table.yaml", "--out", "b", "--set", "data.columns=schema.yaml", "--set", "generator=[dense: 25, tanh]")
        self.assertEqual(columns_of(self.folder / "b"), found)
        self.refused("train", "table.yaml", "--out", "c", "--set", "data.columns={colour: skip}", code=1,
                     says="table.csv: has no column 'colour'")
        self.refused("train", "table.yaml", "--out", "c", "--set", "data.columns={class: text}", code=1,
                     says="unknown type of a column 'text'")
        self.refused("train", "table.yaml", "--out", "c", "--data", "ring8", "--set", "data.columns={}", code=1,
                     says="ring8: is a mixture of Gaussians, and data.columns is for tables: leave it out")

    def test_autoencoders_learn_tables(self):
        (self.folder / "vae.yaml").write_text(
            "data: { source: table.csv, batch: 16 }\nautoencoder: { kind: vae }\nlatent: { size: 2 }\n"
            "encoder: [ dense: 8, relu, dense: 4 ]\ndecoder: [ dense: 8, relu, dense: 7 ]\nsteps: 5\n")
        self.train("vae.yaml", "--out", "a")
        self.assertIn("  range: [0, 1]\n", (self.folder / "a/recipe.yaml").read_text())
        self.ganymede("sample", "a", "--seeds", "0-3", "-o", "rows.csv")
        self.assertEqual(len((self.folder / "rows.csv").read_text().splitlines()), 5)
        write_table(self.folder / "held.csv", rows=60, seed=5)
        out, _ = self.ganymede("evaluate", "a", "--data", "held.csv", "--json")
        self.assertEqual(out.count("\n"), 1)

    def learn(self, name, numbers, model, *arguments):
        codes = {"quantiles": 8, "modes": 0}[numbers]
        recipe = f"data: {{ source: table.csv, numbers: {numbers}, batch: 20 }}\nlatent: {{ size: 4 }}\n" + model
        (self.folder / f"{name}.yaml").write_text(recipe.replace("CODES", str(codes or 1)))
        if not codes:  # as many as there are modes, which the refusal says
            _, err = self.ganymede("train", f"{name}.yaml", "--dry-run", *arguments, code=1)
            codes = int(re.search(r"end it with `dense: (\d+)`", err).group(1))
            (self.folder / f"{name}.yaml").write_text(recipe.replace("CODES", str(codes)))
        self.train(f"{name}.yaml", "--out", name, *arguments)

    VAE = """\
encoder: [ dense: 32, relu, dense: 8 ]
decoder: [ dense: 32, relu, dense: CODES ]
autoencoder: { likelihood: table }
optimizer: { autoencoder: { adam: { rate: 1e-2 } } }
steps: 300
log: { samples: 300, checkpoint: 150 }
"""
    GAN = """\
table_gan: { packing: 2 }
generator: [ dense: 32, batch_norm, relu, dense: CODES ]
discriminator: [ dense: 32, leaky_relu: 0.2, dense: 1 ]
steps: 60
log: { samples: 60, checkpoint: 30 }
"""

    def test_vaes_and_gans_of_tables_make_rows_and_resume(self):
        for name, numbers, model, steps in ("vae", "quantiles", self.VAE, 300), ("gan", "modes", self.GAN, 60):
            self.learn(name, numbers, model)
            self.learn("half", numbers, model, "--steps", steps // 2)
            self.train("--resume", "half", "--steps", steps)
            self.assert_same_weights(self.folder / name / f"checkpoints/{steps:08}.safetensors",
                                     self.folder / f"half/checkpoints/{steps:08}.safetensors")
            text = columns_of(self.folder / name)["size"]
            self.assertIn(f", {numbers}: [", text)
            for path in (self.folder / "half").rglob("*"):
                if path.is_file():
                    path.unlink()
            for path in sorted((self.folder / "half").rglob("*"), reverse=True) + [self.folder / "half"]:
                path.rmdir()
            (self.folder / "table.csv").rename(self.folder / "away.csv")  # the run knows its columns
            self.ganymede("sample", name, "--count", "200", "-o", "rows.csv")
            self.ganymede("sample", name, "--seeds", "0-199", "-o", "same.csv")
            (self.folder / "away.csv").rename(self.folder / "table.csv")
            self.assertEqual((self.folder / "rows.csv").read_bytes(), (self.folder / "same.csv").read_bytes())
            rows = self.rows_of("rows.csv")
            low, high = number(text, "minimum"), number(text, "maximum")
            self.assertTrue(all(low <= float(row["size"]) <= high for row in rows))
            self.assertTrue(all(re.fullmatch(r"\d\.\d{2}", row["size"]) for row in rows))
            self.assertTrue({row["class"] for row in rows} <= {"low", "mid", "high"})
            self.assertTrue(all(re.fullmatch(r"\d*", row["count"]) for row in rows))
            self.assertGreater(len({row["size"] for row in rows}), 50)
            if name == "vae":  # rows are drawn, missing cells among them: 17 of 120
                self.assertTrue(5 < sum(row["count"] == "" for row in rows) < 80)
                self.assertEqual({row["class"] for row in rows}, {"low", "mid", "high"})

    def rows_of(self, name):
        with open(self.folder / name, newline="") as file:
            return list(csv.DictReader(file))

    def test_rows_that_meet_conditions_are_drawn(self):
        self.learn("vae", "quantiles", self.VAE)
        self.learn("gan", "modes", self.GAN)
        for run in "vae", "gan":
            self.ganymede("sample", run, "--count", 20, "--where", "class=low", "--keep", "size > 3.5", "--keep",
                          "when >= 2024-02-01", "-o", "rows.csv")
            rows = self.rows_of("rows.csv")
            self.assertEqual(len(rows), 20)
            for row in rows:
                self.assertEqual(row["class"], "low")
                self.assertGreater(float(row["size"]), 3.5)
                self.assertGreaterEqual(row["when"], "2024-02-01")
        self.ganymede("sample", "vae", "--count", 7, "--where", "count=", "-o", "rows.csv")
        self.assertEqual([row["count"] for row in self.rows_of("rows.csv")], [""] * 7)
        self.ganymede("sample", "vae", "--count", 7, "--where", "count !=", "--where", "count<=4", "-o", "rows.csv")
        self.assertTrue(all(int(row["count"]) <= 4 for row in self.rows_of("rows.csv")))
        for condition, says in (("colour=red", "the columns are size, class, count, when"), ("class=blue", "none of the categories"),
                                ("class<low", "no order"), ("size=big", "is no number"), ("when>May", "is no date"),
                                ("size", "is no condition"), ("id=3", "is no condition"), ("size<", "no order"),
                                ("size<0", "0 meet the conditions")):
            self.refused("sample", "vae", "--where", condition, "-o", "rows.csv", code=1, says=says)
        self.refused("sample", "vae", "--where", "size>3", "--seeds", "0-3", "-o", "rows.csv", code=2, says="leave out --seeds")
        self.refused("sample", "vae", "--count", "0", code=2, says="--count expects 1")

    def test_recipes_of_tables_are_checked(self):
        (self.folder / "vae.yaml").write_text("data: { source: table.csv }\nlatent: { size: 4 }\n" + self.VAE.replace("CODES", "8"))
        plain = ["--set", "data.columns={id: skip, unit: skip}"]  # so that no column is warned of
        self.refused("train", "vae.yaml", "--dry-run", *plain, code=1,
                     says="vae.yaml:5: column 'size' has neither modes nor quantiles")
        self.refused("train", "vae.yaml", "--dry-run", "--set", "data.numbers=quantiles", "--set", "decoder.2.dense=5",
                     *plain, code=1, says=["vae.yaml", "the decoder makes 5", "end it with `dense: 8`"])
        (self.folder / "gan.yaml").write_text("data: { source: table.csv, numbers: modes, batch: 21 }\n" + self.GAN)
        self.refused("train", "gan.yaml", "--dry-run", "--set", "generator.3.dense=5", code=1, says="no multiple")
        self.refused("train", "gan.yaml", "--dry-run", "--set", "generator.3.dense=5", "--set", "data.batch=20",
                     "--set", "data.numbers=places", *plain, code=1, says="neither modes nor quantiles")
        (self.folder / "table.csv").write_text("a,b\n" + "".join(f"{i},{i * i % 17}\n" for i in range(30)))
        self.refused("train", "gan.yaml", "--dry-run", "--set", "generator.3.dense=5", "--set", "data.batch=20",
                     "--set", "data.balance=columns", code=1, says="no columns of categories")

    def test_measure_tells_rows_apart(self):
        draw = random.Random(5)

        def write(name, count, noise, fit):
            lines = ["x,y,c"]
            for i in range(count):
                x = draw.gauss(0, 1)
                lines.append(f"{x:.4f},{(x if fit else draw.gauss(0, 1)) + noise * draw.gauss(0, 1):.4f},{'p' if x > 0 else 'q'}")
            (self.folder / name).write_text("\n".join(lines) + "\n")

        write("real.csv", 1200, .1, True)
        write("good.csv", 600, .1, True)
        write("bad.csv", 600, .1, False)
        found = {}
        for name in "good", "bad":
            out, _ = self.ganymede("measure", "real.csv", f"{name}.csv", "--target", "y,c", "--json")
            result = json.loads(out)
            found[name] = {(f["figure"], f.get("column")): f for f in result["rows"]}
            self.assertIsNone(result["columns"]["c"]["ks"])
            self.assertLess(result["columns"]["x"]["ks"], .12)
        for (figure, column), low, high in ((("detection_auc", None), .4, .6), (("learned_r2", "y"), .95, 1),
                                            (("correlation_difference", None), 0, .05), (("ks_mean", None), 0, .12)):
            self.assertTrue(low <= found["good"][figure, column]["value"] <= high, found["good"])
            self.assertTrue(low <= found["good"][figure, column]["control"] <= high, found["good"])
        self.assertGreater(found["good"]["learned_f1", "c"]["value"], .9)
        for side in "value", "trivial":  # what has nothing but the right shares
            figures = {key: f[side] for key, f in found["bad"].items()}
            self.assertGreater(figures["detection_auc", None], .8)
            self.assertGreater(figures["correlation_difference", None], .8)
            self.assertLess(figures["learned_r2", "y"], .2)
        self.refused("measure", "real.csv", "good.csv", "--target", "z", code=1, says="'z' is none of the tables' columns")

    def test_measure_says_whether_rows_are_copies(self):
        write_table(self.folder / "held.csv", rows=200, seed=9)
        self.learn("vae", "quantiles", self.VAE)
        out, _ = self.ganymede("measure", "held.csv", "vae", "--json")
        figures = {f["figure"]: f for f in json.loads(out)["rows"]}
        self.assertTrue(0 < figures["memorisation"]["value"] < 1)
        self.assertTrue(.3 < figures["memorisation"]["control"] < .7)
        out, _ = self.ganymede("measure", "table.csv", "vae", "--json")
        self.assertNotIn("memorisation", [f["figure"] for f in json.loads(out)["rows"]])  # no rows are held out

    def test_measure_compares_tables_column_by_column(self):
        write_table(self.folder / "other.csv", seed=2, separator=";")
        write_table(self.folder / "wrong.csv", seed=2, words=("low", "other"))
        found = {}
        for name in "table", "other", "wrong":
            out, _ = self.ganymede("measure", "table.csv", f"{name}.csv", "--metrics", "frechet", "--json")
            found[name] = json.loads(out)
        self.assertEqual(list(found["other"]["columns"]), ["size", "class", "count", "when", "unit"])
        self.assertAlmostEqual(found["table"]["frechet"]["value"], 0)
        for column in found["table"]["columns"].values():
            self.assertEqual(column["total_variation"], 0)
        self.assertEqual(found["other"]["columns"]["unit"]["total_variation"], 0)
        real, fake = ([row["class"] for row in csv.DictReader(open(self.folder / name), delimiter=separator)]
                      for name, separator in (("table.csv", ","), ("other.csv", ";")))
        expected = sum(abs(real.count(w) / 120 - fake.count(w) / 120) for w in ("low", "mid", "high")) / 2
        self.assertAlmostEqual(found["other"]["columns"]["class"]["total_variation"], expected, places=6)
        self.assertGreater(found["wrong"]["columns"]["class"]["total_variation"], .4)
        self.assertAlmostEqual(found["other"]["columns"]["count"]["real_missing"], 17 / 120, places=6)
        out, _ = self.ganymede("measure", "table.csv", "other.csv", "--metrics", "frechet")
        self.assertRegex(out, r"(?m)^class +category +0\.\d{4} +0\.\d{4} +- +-$")
        (self.folder / "less.csv").write_text("id,size,class\n0,1,low\n1,2,mid\n2,3,low\n")
        self.refused("measure", "less.csv", "table.csv", code=1, says="table.csv: has a column 'count' that less.csv has not")
        self.refused("measure", "table.csv", "less.csv", code=1, says="less.csv: lacks the column 'count' of table.csv")

    def test_measure_leaves_out_an_index_of_one_side(self):
        rows = (self.folder / "table.csv").read_text().splitlines()
        numbered = [f",{rows[0]}"] + [f"{i},{row}" for i, row in enumerate(rows[1:])]
        (self.folder / "numbered.csv").write_text("\n".join(numbered) + "\n")
        found = []
        for pair in ("table.csv", "table.csv"), ("table.csv", "numbered.csv"), ("numbered.csv", "table.csv"):
            out, _ = self.ganymede("measure", *pair, "--metrics", "frechet", "--json")
            found.append(json.loads(out)["columns"])
        self.assertEqual(found[1:], found[:1] * 2)
        counted = [f"{row},{7 if i else 'more'}" for i, row in enumerate(rows)]
        (self.folder / "more.csv").write_text("\n".join(counted) + "\n")
        self.refused("measure", "table.csv", "more.csv", code=1, says="more.csv: has a column 'more' that table.csv has not")

    def test_pictures_alone_are_not_held(self):
        (self.folder / "plain.csv").write_text("x,y\n1,2\n3,4\n")
        for hold in "no", "yes":
            self.refused("train", "table.yaml", "--data", "plain.csv", "--set", f"data.hold={hold}", code=1,
                         says="plain.csv: is a file of CSV, and data.hold is for picture files")

    def test_an_index_must_be_of_numbers(self):
        for column, cell in ("day", "2020-01-02"), ("word", "x"):
            (self.folder / "d.csv").write_text("a,word,day\n1,x,2020-01-02\n2,y,2020-01-03\n4,x,2020-01-09\n")
            self.refused("train", "table.yaml", "--data", "d.csv", "--set", f"data.columns={{{column}: index}}", code=1,
                         says=f"d.csv:2: column '{column}': \"{cell}\" is no number to count rows from: say skip")

    def test_measure_sets_a_run_beside_its_table(self):
        self.train("table.yaml", "--out", "a")
        out, _ = self.ganymede("measure", "table.csv", "a", "--metrics", "frechet", "--json")
        found = json.loads(out)
        self.assertEqual(found["columns"]["unit"]["total_variation"], 0)
        self.assertGreater(found["frechet"]["value"], found["frechet"]["control"])
        self.ganymede("sample", "a", "--seeds", "0-119", "-o", "rows.csv")
        again = json.loads(self.ganymede("measure", "table.csv", "rows.csv", "--metrics", "frechet", "--json")[0])
        self.ganymede("sample", "a", "--seeds", "0-119", "--npy", "rows.npy")
        _, err = self.ganymede("measure", "table.csv", "rows.npy", code=1)
        self.assertIn("only tables can be set beside tables", err)
        self.assertEqual(set(again["columns"]), set(found["columns"]))

    @unittest.skipUnless(pandas, "pandas is not installed")
    def test_tables_are_read_as_pandas_reads_them(self):
        write_table(self.folder / "plain.csv", rows=300, seed=3)
        frame = pandas.read_csv(self.folder / "plain.csv")
        styles = {
            "plain": {},
            "german": {"sep": ";", "decimal": ","},
            "tabs": {"sep": "\t", "na_rep": "NA"},
            "quoted": {"quoting": csv.QUOTE_ALL, "na_rep": "nan"},
            "marked": {"encoding": "utf-8-sig", "lineterminator": "\r\n"},
            "latin": {"encoding": "latin-1", "lineterminator": "\r"},
            "unnamed": {"index": True},
        }
        frame["class"] = frame["class"].replace("mid", "m\u00e9dio")
        for name, style in styles.items():
            with self.subTest(style=name):
                frame.to_csv(self.folder / "table.csv", **{"index": False, **style})
                if name == "unnamed":
                    frame.drop(columns="id").to_csv(self.folder / "table.csv")
                _, err = self.train("table.yaml", "--out", name, "--steps", "1")
                self.assertEqual("read as Latin-1" in err, name == "latin")
                found = columns_of(self.folder / name)
                for key in "size", "count":
                    self.assertAlmostEqual(number(found[key], "minimum"), frame[key].min())
                    self.assertAlmostEqual(number(found[key], "maximum"), frame[key].max())
                    self.assertAlmostEqual(number(found[key], "mean"), frame[key].mean())
                    self.assertAlmostEqual(number(found[key], "deviation"), frame[key].std())
                    self.assertEqual(number(found[key], "missing"), frame[key].isna().sum())
                self.assertIn("categories: [high, low, \"m\u00e9dio\"]", found["class"])
                counts = [int((frame["class"] == word).sum()) for word in ("high", "low", "m\u00e9dio")]
                self.assertIn(f"counts: {counts}", found["class"])
                self.assertIn(f"minimum: {frame['when'].min()}, maximum: {frame['when'].max()},", found["when"])


if __name__ == "__main__":
    unittest.main()
