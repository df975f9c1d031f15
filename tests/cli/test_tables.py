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
        self.assertRegex(out, r"(?m)^class +category +0\.\d{4} +0\.\d{4}$")
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
