"""Missing cells of tables: what is filled in, what stays byte for byte, how well it goes, and tables that want to break it."""
import json
import math
import random
import statistics
import unittest

from command import CommandTest

# Separators, quotes, line ends, a byte order mark, blanks, decimals: all as nobody's writer would have them together.
ODD = ("\ufeffname;size;kind;price\r\n"
       "\"a;b\";10;\"red\";1,50\r\n"
       "c; NA ;red;2,500\n"
       "\"d\"\"e\";\"\"; blue ;?\r\n"
       " f ;13;n/a;3,5\n"
       "\n"
       "g;14;\"\";null")

TRAIN = """\
name: tiny-gain
data: { source: %(data)s, batch: 8 }
generator: [ dense: 4, relu, dense: %(values)d, sigmoid ]
discriminator: [ dense: 4, relu, dense: %(values)d ]
gain: { alpha: 10 }
steps: 30
log: { every: 10, samples: 30, checkpoint: 15 }
"""


class Impute(CommandTest):
    def write(self, name, text):
        (self.folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
        return name

    def fill(self, table, *arguments, out="out.csv"):
        self.ganymede("impute", table, "-o", out, *arguments)
        return (self.folder / out).read_bytes()

    def rows(self, text):
        return [line.split(",") for line in text.decode().split("\n")[1:] if line]

    def scores(self, table, *arguments):
        shown = json.loads(self.ganymede("impute", table, "--evaluate", "0.2", "--json", *arguments)[0])
        return {score["method"]: score for score in shown["methods"]}

    def linear_table(self, rows, seed=1, noise=0.1):
        """x and y known together, and a category that follows x."""
        draw = random.Random(seed)
        text = ["x,y,z,side"]
        for _ in range(rows):
            x, y = draw.gauss(0, 1), draw.gauss(0, 1)
            z = 2 * x - y + draw.gauss(0, noise)
            text.append(f"{x!r},{y!r},{z!r},{'right' if x > 0 else 'left'}")
        return text

    # ---- What changes ----

    def test_nothing_but_missing_cells_changes(self):
        self.write("odd.csv", ODD)
        filled = self.fill("odd.csv", "--method", "mean").decode()
        self.assertEqual(filled, ODD.replace(" NA ", " 12 ").replace('"";', '"12";', 1).replace("?", "2,5")
                         .replace("n/a", "red").replace('"";null', '"red";2,5'))

    def test_whole_table_comes_out_as_it_went_in(self):
        whole = ODD.replace(" NA ", "11").replace('"";', '12;', 1).replace("?", "2").replace("n/a", "red") \
            .replace('"";null', 'red;2,25')
        self.write("whole.csv", whole)
        self.assertEqual(self.fill("whole.csv").decode(), whole)

    def test_latin_1_stays_latin_1(self):
        table = "stadt,x\nKöln,1\nKöln,2\n,3\nBonn,4\n".encode("latin-1")
        self.write("l.csv", table)
        self.assertEqual(self.fill("l.csv", "--method", "mode"), table.replace(b"\n,3", "\nKöln,3".encode("latin-1")))

    def test_single_column_has_blank_lines_for_missing_cells(self):
        self.write("one.csv", "x\n1\n\n3\n \n5\n\n")
        self.assertEqual(self.fill("one.csv", "--method", "linear"), b"x\n1\n2\n3\n 4\n5\n\n")

    def test_columns_in_another_order_by_columns(self):
        self.write("t.csv", "a,b\n1,\n,4\n3,6\n")
        filled = self.fill("t.csv", "--method", "max", "--columns", "{b: number, a: integer}")
        self.assertEqual(filled, b"a,b\n1,6\n3,4\n3,6\n")

    # ---- Known answers ----

    def test_plain_methods(self):
        table = self.write("t.csv", "n,w\n1,a\n2,b\n2,b\n7,c\n,\n")
        for method, number, word in (("mean", "3", "b"), ("median", "2", "b"), ("mode", "2", "b"), ("min", "1", "b"),
                                     ("max", "7", "b"), ("constant=b", "", "b"), ("constant=5", "5", "")):
            self.assertEqual(self.fill(table, "--method", method).decode().split("\n")[5], f"{number},{word}", method)

    def test_line_and_cubic_are_exact_at_odd_positions(self):
        draw = random.Random(3)
        for method, degree in (("linear", 1), ("polynomial=3", 3)):
            places = sorted(draw.uniform(0, 10) for _ in range(120))
            values = [sum((k + .3) * t ** k for k in range(degree + 1)) for t in places]
            gaps = set(draw.sample(range(4, 116), 40))
            order = list(range(120))
            draw.shuffle(order)
            self.write("s.csv", "t,y\n" + "".join(f"{places[i]!r},{'' if i in gaps else repr(values[i])}\n" for i in order))
            rows = self.rows(self.fill("s.csv", "--method", method, "--by", "t"))
            for i, row in zip(order, rows):
                self.assertAlmostEqual(float(row[1]), values[i], delta=1e-6, msg=method)

    def test_line_goes_between_the_neighbours_on_either_side(self):
        self.write("t.csv", "y\n0.0\n10.0\n\n\n\n20.0\n")
        self.assertEqual(self.fill("t.csv", "--method", "linear"), b"y\n0.0\n10.0\n12.5\n15.0\n17.5\n20.0\n")

    def test_beyond_the_ends_the_nearest_value_is_kept(self):
        self.write("t.csv", "y,k\n,\n1.5,a\n,\n2.5,b\n,\n")
        self.assertEqual(self.fill("t.csv", "--method", "linear"), b"y,k\n1.5,a\n1.5,a\n2.0,a\n2.5,b\n2.5,b\n")

    def test_dates_are_positions_and_values(self):
        self.write("t.csv", "day,v\n2024-01-01,1\n2024-01-11,\n2024-01-05,5\n2024-01-21,21\n")
        self.assertEqual(self.fill("t.csv", "--method", "linear", "--by", "day").decode().split("\n")[2], "2024-01-11,11")

    def test_ridge_finds_a_plane_and_a_border(self):
        table = self.linear_table(400, noise=0)
        cells = [line.split(",") for line in table[1:]]
        for i in range(0, 400, 4):
            table[i + 1] = ",".join(cells[i][:2] + ["", cells[i][3]])
            x, y, z, _ = cells[i + 1]
            table[i + 2] = f"{x},{y},{z},"
        rows = self.rows(self.fill(self.write("t.csv", "\n".join(table) + "\n"), "--method", "ridge"))
        for i in range(0, 400, 4):
            self.assertAlmostEqual(float(rows[i][2]), float(cells[i][2]), delta=.15)
        right = sum(rows[i + 1][3] == cells[i + 1][3] for i in range(0, 400, 4))
        self.assertGreaterEqual(right, 95)

    def test_nearest_rows_say_number_and_word(self):
        self.write("t.csv", "a,b,w\n0,10,low\n1,11,low\n2,12,low\n100,50,high\n101,51,high\n102,52,high\n101,,\n")
        self.assertEqual(self.rows(self.fill("t.csv", "--method", "nearest=3"))[-1], ["101", "51", "high"])

    def test_learns_from_another_table(self):
        self.write("other.csv", "y,x\n" + "".join(f"{3 * i},{i}\n" for i in range(60)))
        self.write("t.csv", "x,y,note\n10,,\n20,,k\n,90,k\n")
        rows = self.rows(self.fill("t.csv", "--method", "ridge", "--fit", "other.csv"))
        self.assertEqual(rows[0][2], "")
        self.assertAlmostEqual(float(rows[0][1]), 30, delta=4)
        self.assertAlmostEqual(float(rows[2][0]), 30, delta=2)

    # ---- Choice and evaluation ----

    def test_auto_takes_the_best_and_says_which(self):
        table = self.linear_table(300)
        for i in range(5, 300, 7):
            x, y, z, side = table[i].split(",")
            table[i] = f"{x},{y},,"
        self.write("t.csv", "\n".join(table) + "\n")
        said = json.loads(self.ganymede("impute", "t.csv", "-o", "o.csv", "--json")[0])
        columns = {column["name"]: column for column in said["columns"]}
        self.assertEqual(columns["z"]["method"], "ridge")
        self.assertLess(columns["z"]["error"], columns["z"]["baseline"] / 2)
        self.assertIsNone(columns["x"]["method"])
        self.assertIn("ridge", self.ganymede("impute", "t.csv", "-o", "o.csv")[0])

    def test_scores_know_what_is_better(self):
        self.write("t.csv", "\n".join(self.linear_table(400)) + "\n")
        scores = self.scores("t.csv", *(word for method in ("mean", "min", "nearest=5", "ridge", "auto")
                                        for word in ("--try", method)))
        self.assertLess(scores["ridge"]["rmse"], .75 * scores["mean"]["rmse"])
        self.assertLess(scores["mean"]["rmse"], .6 * scores["min"]["rmse"])
        self.assertGreater(scores["ridge"]["accuracy"], scores["mean"]["accuracy"] + .2)
        self.assertLessEqual(scores["auto"]["rmse"], scores["mean"]["rmse"] * .8)
        self.assertGreater(scores["mean"]["rmse_spread"], 0)

    def test_score_of_the_mean_is_as_computed_here(self):
        """A column of 0 and 1, half each: the error of the mean is a half."""
        self.write("t.csv", "v\n" + "".join(f"{i % 2}.0\n" for i in range(2000)))
        scores = self.scores("t.csv", "--try", "mean", "--seeds", "3")
        self.assertAlmostEqual(scores["mean"]["rmse"], .5, delta=.01)

    def test_drawn_tables_differ_by_what_is_not_known(self):
        self.write("t.csv", "\n".join(self.linear_table(300, noise=.5)) + "\n")
        scores = self.scores("t.csv", "--try", "ridge", "--multiple", "20", "--seeds", "2")
        self.assertGreater(scores["ridge"]["coverage"], .85)
        self.assertLess(scores["ridge"]["coverage"], .97)
        text = (self.folder / "t.csv").read_text().split("\n")
        text[5] = text[5].rsplit(",", 2)[0] + ",,"
        self.write("t.csv", "\n".join(text))
        self.ganymede("impute", "t.csv", "-o", "m.csv", "--method", "ridge", "--multiple", "12")
        drawn = [float((self.folder / f"m-{k}.csv").read_text().split("\n")[5].split(",")[2]) for k in range(1, 13)]
        self.assertGreater(statistics.stdev(drawn), .2)
        self.assertLess(statistics.stdev(drawn), 1)

    def test_results_repeat_and_follow_the_seed(self):
        table = self.linear_table(200)
        table[3] = table[3].rsplit(",", 1)[0] + ","
        table[9] = table[9].split(",")[0] + ",,,left"
        self.write("t.csv", "\n".join(table) + "\n")
        for method in ("auto", "ridge", "gain"):
            first = self.fill("t.csv", "--method", method, "--steps", "20")
            self.assertEqual(first, self.fill("t.csv", "--method", method, "--steps", "20"), method)
        self.assertNotEqual(first, self.fill("t.csv", "--method", "gain", "--steps", "20", "--seed", "1"))

    # ---- GAIN ----

    def test_gain_of_a_run_resumes_and_fills(self):
        table = self.linear_table(64)
        for i in range(1, 60, 3):
            x, y, z, side = table[i].split(",")
            table[i] = f"{x},,{z},{side}"
        self.write("t.csv", "\n".join(table) + "\n")
        self.write("r.yaml", TRAIN % {"data": "t.csv", "values": 5})
        self.ganymede("train", "r.yaml", "--out", "whole", "--quiet")
        self.ganymede("train", "r.yaml", "--out", "halves", "--steps", "15", "--quiet")
        self.ganymede("train", "--resume", "halves", "--steps", "30", "--quiet")
        self.assertEqual((self.folder / "whole/checkpoints/00000030.safetensors").read_bytes(),
                         (self.folder / "halves/checkpoints/00000030.safetensors").read_bytes())
        filled = self.rows(self.fill("t.csv", "--method", "gain=whole"))
        self.assertTrue(all(math.isfinite(float(cell)) for row in filled for cell in row[:3]))
        self.write("u.csv", "x,w\n1,2\n")
        self.refused("impute", "u.csv", "-o", "v.csv", "--method", "gain=whole", code=1, says="'y'")

    def test_gain_learns_a_plane(self):
        self.write("t.csv", "\n".join(self.linear_table(600)) + "\n")
        scores = self.scores("t.csv", "--seeds", "2", "--steps", "1500", "--try", "gain", "--try", "mean")
        self.assertLess(scores["gain"]["rmse"], .9 * scores["mean"]["rmse"])
        self.assertGreater(scores["gain"]["accuracy"], scores["mean"]["accuracy"] + .1)

    # ---- Tables that want to break it ----

    def test_nothing_known_is_left_and_said(self):
        self.write("t.csv", "a,b,c\n1,,x\n2,NA,\n,,\n")
        filled = self.ganymede("impute", "t.csv", "-o", "o.csv")
        self.assertEqual((self.folder / "o.csv").read_text(), "a,b,c\n1,,x\n2,NA,x\n2,,x\n")
        self.assertIn("nothing is known", filled[0])
        self.write("row.csv", "a,b\n1,\n")
        self.assertEqual(self.fill("row.csv"), b"a,b\n1,\n")
        self.write("constant.csv", "a,b\n4,1\n4,2\n,3\n")
        for method in ("mean", "nearest=2", "ridge", "linear", "auto"):
            self.assertEqual(self.fill("constant.csv", "--method", method), b"a,b\n4,1\n4,2\n4,3\n", method)

    def test_text_is_left_as_it_is(self):
        text = "note,x\n" + "".join(f"word {i},{i % 3}\n" for i in range(30)) + ",\n"
        self.write("t.csv", text)
        filled = self.ganymede("impute", "t.csv", "-o", "o.csv", "--method", "median")
        self.assertIn("holds text", filled[1])
        self.assertEqual((self.folder / "o.csv").read_text(), text[:-2] + ",1\n")

    def test_bad_tables_are_refused_with_their_line(self):
        for name, text, said in (
                ("mixed.csv", "x\n1\n2\nabc\n", "mixed.csv:4: column 'x': \"abc\""),
                ("formula.csv", "x,y\n1,2\n=A1,3\n", "is a formula"),
                ("huge.csv", "x,y\n1,2\n1e999,3\n", "huge.csv:3"),
                ("double.csv", "x,x\n1,\n2,3\n", "are both named 'x'"),
                ("nameless.csv", "x,,\n1,2,3\n2,,3\n", "have no name"),
                ("open.csv", "x,y\n1,\"2\n3,4\n", "open.csv:2: a quoted field has no closing quote"),
                ("ragged.csv", "x,y\n1,2\n3\n", "ragged.csv:3"),
                ("empty.csv", "", "is empty"),
                ("header.csv", "x,y\n", "no rows")):
            self.refused("impute", self.write(name, text), "-o", "o.csv", code=1, says=said)
            self.assertFalse((self.folder / "o.csv").exists(), name)

    def test_wide_table(self):
        draw = random.Random(2)
        names = ",".join(f"c{i}" for i in range(3000))
        lines = [",".join("" if draw.random() < .05 else str(draw.randrange(100)) for _ in range(3000)) for _ in range(12)]
        self.write("wide.csv", names + "\n" + "\n".join(lines) + "\n")
        filled = self.fill("wide.csv", "--method", "nearest=2").decode()
        self.assertEqual(len(filled.split("\n")), 14)
        self.assertNotIn(",,", filled)

    def test_wrong_usage(self):
        self.write("t.csv", "x\n1\n\n3\n")
        for arguments, said in ((("-o", "o.csv", "--method", "mean", "--multiple", "3"), "one value alone"),
                                (("-o", "o.csv", "--method", "linear", "--by", "y"), "no column 'y'"),
                                (("-o", "o.csv", "--method", "linear", "--fit", "t.csv"), "learns from no other"),
                                (("-o", "o.csv", "--columns", "{y: skip}"), "no column 'y'")):
            self.refused("impute", "t.csv", *arguments, code=1, says=said)
        for arguments, said in ((("-o", "o.csv", "--method", "magic"), "no method"),
                                (("-o", "o.csv", "--method", "magic"), "ridge, gain, gain=RUN, auto"),
                                (("--evaluate", "0.2", "--try", "mean", "--try", "magic"), "'magic' is no method"),
                                (("-o", "o.csv", "--method", "nearest=0"), "1 to 1000"),
                                (("-o", "o.csv", "--method", "polynomial=x"), "1 to 9"),
                                (("-o", "o.csv", "--method", "mean=2"), "no argument"),
                                (("-o", "o.csv", "--method", "constant"), "constant=V"),
                                ((), "-o FILLED.csv"), (("-o", "t.csv"), "t.csv"), (("--evaluate", "2"), "share"),
                                (("-o", "o.csv", "--seeds", "2"), "--evaluate"),
                                (("-o", "o.csv", "--multiple", "1"), "2 to 1000")):
            self.refused("impute", "t.csv", *arguments, code=2, says=said)


if __name__ == "__main__":
    unittest.main()
