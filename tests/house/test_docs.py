"""What README.md, CONTRIBUTING.md and docs say is there: programs word for word, files, folders, recipes, names, options."""
import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()
DRIVERS = (ROOT / "docs" / "drivers.md").read_text()
EMBEDDED = ("train", "sample", "measure")
MOST_LINES = 30
FOREIGN_OPTIONS = {"--cflags", "--libs", "--suite"}  # of pkg-config and meson
PLACEHOLDERS = {"gm_noun_verb", "GM_THING_A"}


def code(text):
    """What stands between single backticks."""
    return re.findall(r"(?<!`)`([^`\n]+)`(?!`)", re.sub(r"^```.*?^```", "", text, flags=re.S | re.M))


def table(text, heading):
    """The first columns of the first table behind a line that begins so."""
    rows = text[text.index(heading):].split("\n|---", 1)[1].split("\n\n", 1)[0].splitlines()[1:]
    return "\n".join(row.split("|")[1] for row in rows)


def sources(*folders):
    return "\n".join(p.read_text() for folder in folders for p in sorted((ROOT / folder).rglob("*"))
                     if p.suffix in (".c", ".h", ".cl", ".sh", ".py"))


class Docs(unittest.TestCase):
    def test_readme_shows_the_programs_of_samples_word_for_word(self):
        for name in EMBEDDED:
            program = (ROOT / "samples" / f"{name}.c").read_text()
            self.assertIn(f"```c\n{program}```\n", README, f"samples/{name}.c is not what README.md shows")

    def test_embedded_programs_are_short(self):
        for name in EMBEDDED:
            lines = (ROOT / "samples" / f"{name}.c").read_text().splitlines()
            self.assertLessEqual(len(lines), MOST_LINES, name)

    def test_every_recipe_of_samples_has_its_row(self):
        listed = re.findall(r"`([\w-]+\.yaml)`", table(README, "memory. `samples/` has recipes"))
        self.assertEqual(sorted(listed), sorted(p.name for p in (ROOT / "samples").glob("*.yaml")))

    def test_every_layer_has_its_row(self):
        text = (ROOT / "src/nn/table.c").read_text()
        layers = re.findall(r'^    \{\.name = "(\w+)"', text[text.index("gm_layer_type layer_types[]"):], re.M)
        listed = re.findall(r"`(\w+)(?:: NAME)?`", table(README, "### Layers"))
        self.assertGreater(len(layers), 30)
        self.assertEqual(sorted(listed), sorted(layers))

    def test_every_folder_of_the_source_has_its_row(self):
        listed = re.findall(r"`src/(\w+)`", table(README, "## The source"))
        self.assertEqual(sorted(listed), sorted(p.name for p in (ROOT / "src").iterdir() if p.is_dir()))
        ordered = re.findall(r"`(\w+)`", table(CONTRIBUTING, "## How the house is built"))
        self.assertEqual(sorted(ordered), sorted([*listed, "tools", "samples"]))

    def test_files_that_are_named_are_there(self):
        wrong = []
        for page, text in (("README.md", README), ("CONTRIBUTING.md", CONTRIBUTING), ("docs/drivers.md", DRIVERS)):
            for path in code(text):
                if re.fullmatch(r"(src|tests|tools|samples|include|cl|docs)/[\w./-]+", path) and not (ROOT / path).exists():
                    wrong.append(f"{page} names {path}")
                if re.fullmatch(r"ganymede/\w+\.h", path) and not (ROOT / "include" / path).exists():
                    wrong.append(f"{page} names {path}")
        self.assertEqual(wrong, [])

    def test_names_that_are_named_are_there(self):
        name = r"\b(?:gm|GM)_\w*[a-zA-Z0-9]\b"
        for page, text, folders in (("README.md", README, ["include"]), ("CONTRIBUTING.md", CONTRIBUTING, ["include", "src"]),
                                    ("docs/drivers.md", DRIVERS, ["include", "src", "cl"])):
            named = set(re.findall(name, "\n".join(code(text)))) - PLACEHOLDERS
            self.assertEqual(sorted(named - set(re.findall(name, sources(*folders)))), [], page)

    def test_options_and_variables_that_are_named_are_known(self):
        word = r"(?<![\w-])--[a-z][a-z-]*|\bGANYMEDE_[A-Z_]*[A-Z]"
        known = set(re.findall(word, sources("src", "tools", "tests/kernels", "tests/cli")))
        for page, text in (("README.md", README), ("CONTRIBUTING.md", CONTRIBUTING), ("docs/drivers.md", DRIVERS)):
            self.assertEqual(sorted(set(re.findall(word, text)) - known - FOREIGN_OPTIONS), [], page)


if __name__ == "__main__":
    unittest.main()
