"""The house: who may use whom, no circles, one subject a file. A planted fault of each kind is found, too.

Files of C use others by what they include and by the symbols that they leave for the linker; both are looked at, the
symbols with nm in the libraries that GANYMEDE_LIBRARIES names.
"""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]

# In order: a folder of src, the folders before it that it may use (*: all), the public headers that are its own.
LAYERS = [
    ("base", "", "base parameter"),
    ("privacy", "base", "privacy"),
    ("sound", "base", ""),
    ("device", "base", "device tuning"),
    ("graph", "base", "graph"),
    ("kernels", "base device graph", ""),
    ("plan", "base device graph kernels", "plan"),
    ("nn", "base graph", "nn augment"),
    ("loss", "base graph", "loss penalty likelihood"),
    ("optim", "base graph", "optim"),
    ("sample", "base sound graph", "sample sound table text"),
    ("data", "base sound graph sample", "data"),
    ("metrics", "base device graph plan nn loss optim data", "metrics"),
    ("recipe", "base nn loss optim", ""),
    ("bench", "base device graph kernels plan nn recipe", "bench"),
    ("model", "base privacy device graph kernels plan nn loss optim sample data recipe", "evaluate"),
    ("run", "base graph plan recipe", ""),
    ("train", "*", "train"),
    ("use", "*", "augmented complete explore impute measure sampler ganymede translate"),
]
LONGEST = 400

KNOWS = {folder: {other for other, _, _ in LAYERS[:i]} if knows == "*" else set(knows.split())
         for i, (folder, knows, _) in enumerate(LAYERS)}
OWNER = {f"ganymede/{header}.h": folder for folder, _, headers in LAYERS for header in headers.split()}
OPENCL = re.compile(r'#\s*include\s*[<"]((?:CL/|OpenCL/|clblast)[^>"]*)')
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.M)


def sources(root, *folders):
    for folder in folders:
        yield from sorted(p for p in (root / folder).rglob("*") if p.suffix in (".c", ".h", ".cl"))


def name_of(root, path):
    """As include lines name it: graph/graph.h, ganymede/graph.h."""
    parts = path.relative_to(root).parts
    return "/".join(parts[1:])


def folder_of(name):
    """The folder of src that a file belongs to, None for one that no row owns."""
    return OWNER.get(name) if name.startswith("ganymede/") else name.split("/")[0]


def includes(root):
    """Of every file of src and include, the files of these that it includes."""
    files = {name_of(root, p): p for p in sources(root, "src", "include")}
    return {name: [i for i in INCLUDE.findall(path.read_text()) if i in files] for name, path in files.items()}


# ---- Layers ----

def wrong_includes(root):
    wrong = []
    for name, included in includes(root).items():
        own = folder_of(name)
        for other in map(folder_of, included):
            if other != own and other not in KNOWS.get(own, ()):
                wrong += [f"{name} includes {i}, but {own} may not use {other}" for i in included if folder_of(i) == other]
    return sorted(set(wrong))


def wrong_opencl(root):
    return [f"{p.relative_to(root)} includes {header}" for p in sources(root, "src", "include", "tools", "samples")
            if p.relative_to(root).parts[:2] != ("src", "device") for header in OPENCL.findall(p.read_text())]


# ---- Circles ----

def shortest_circle(uses, start):
    """The shortest way along `uses` from a file back to itself, as a list of files, or None."""
    before, queue = {}, [start]
    for file in queue:
        for other in uses.get(file, ()):
            if other == start:
                way = [file]
                while way[-1] != start:
                    way.append(before[way[-1]])
                return way[::-1] + [start]
            if other not in before:
                before[other] = file
                queue.append(other)
    return None


def circles(uses):
    """Circles that between them name every file that lies on one."""
    found, named = [], set()
    for file in sorted(uses):
        way = None if file in named else shortest_circle(uses, file)
        if way:
            found.append(way)
            named.update(way)
    return found


def include_circles(root):
    uses = {name: sorted(i for i in included if i != name) for name, included in includes(root).items()}
    return [" -> ".join(way) for way in circles(uses)]


class Unreadable(Exception):
    """nm shows no symbols, as of objects made for optimisation at link time."""


def symbols(library):
    """Of every object of a static library: the symbols that it defines and those that it asks for."""
    done = subprocess.run([os.environ.get("NM", "nm"), "-A", "-P", "-g", library], capture_output=True, text=True)
    found = {}
    for line in done.stdout.splitlines():
        match = re.match(r".*\[(.*)\.o\]: (\S+) (\S)", line)
        if match:
            member, symbol, kind = match.groups()
            defines, asks = found.setdefault(member.split("/")[-1], (set(), set()))
            if kind in "TDRBCVWS":
                defines.add(symbol)
            elif kind == "U":
                asks.add(symbol)
    if not any(symbol.startswith("gm_") for defines, _ in found.values() for symbol in defines):
        raise Unreadable(f"nm shows no symbols of {library}: {done.stderr.strip()[:200]}")
    return found


def uses_by_symbol(libraries):
    """{file: {file: {symbols}}} for files as "graph/view.c"; libraries are libgm_FOLDER.a."""
    objects = {}
    for library in libraries:
        folder = pathlib.Path(library).stem.removeprefix("libgm_")
        objects.update({f"{folder}/{member}": sets for member, sets in symbols(library).items()})
    owner = {symbol: file for file, (defines, _) in objects.items() for symbol in defines}
    uses = {file: {} for file in objects}
    for file, (_, asks) in objects.items():
        for symbol in asks:
            if owner.get(symbol, file) != file:
                uses[file].setdefault(owner[symbol], set()).add(symbol)
    return uses


def symbol_circles(uses):
    return [f"{' -> '.join(way)} (through symbols {', '.join(min(uses[a][b]) for a, b in zip(way, way[1:]))})"
            for way in circles({file: sorted(others) for file, others in uses.items()})]


def wrong_symbols(uses):
    return sorted(f"{file} uses {min(found)} of {other}, but {folder_of(file)} may not use {folder_of(other)}"
                  for file, others in uses.items() for other, found in others.items()
                  if folder_of(other) != folder_of(file) and folder_of(other) not in KNOWS.get(folder_of(file), ()))


# ---- Files ----

def long_files(root):
    """Files over LONGEST lines whose first comment has no sentence "Long because ..."."""
    wrong = []
    for path in sources(root, "src", "tools", "cl"):
        lines = path.read_text().splitlines()
        if len(lines) <= LONGEST:
            continue
        first = "\n".join(lines[:next((i for i, line in enumerate(lines) if not line.startswith("//")), 0)])
        if not re.search(r"(^// |[.:] |\. ?\n// )Long because\b", first):
            wrong.append(f"{path.relative_to(root)} has {len(lines)} lines: find its second subject, or say in its first "
                         f"comment \"Long because ...\"")
    return wrong


class Case(unittest.TestCase):
    def none(self, wrong):
        if wrong:
            self.fail("\n" + "\n".join(wrong))


class House(Case):
    def test_rows_use_only_earlier_rows(self):
        earlier = set()
        for folder, knows, _ in LAYERS:
            self.assertEqual(KNOWS[folder] - earlier, set(), folder)
            earlier.add(folder)

    def test_every_folder_and_public_header_has_its_place(self):
        folders = {p.name for p in (ROOT / "src").iterdir() if p.is_dir()}
        self.assertEqual(folders - set(KNOWS), set())
        self.assertEqual({name_of(ROOT, p) for p in sources(ROOT, "include")} - set(OWNER), set())

    def test_folders_include_only_those_above(self):
        self.none(wrong_includes(ROOT))

    def test_headers_form_no_circle(self):
        self.none(include_circles(ROOT))

    def test_opencl_headers_in_the_device_layer_alone(self):
        self.none(wrong_opencl(ROOT))

    def test_long_files_say_why(self):
        self.none(long_files(ROOT))

    def test_tools_and_samples_use_public_headers_alone(self):
        wrong = []
        for path in sources(ROOT, "tools", "samples"):
            for included in INCLUDE.findall(path.read_text()):
                if not included.startswith("ganymede/") and not (path.parent / included).exists():
                    wrong.append(f"{path.relative_to(ROOT)} includes {included}")
        self.none(wrong)

    def test_library_does_not_exit(self):
        call = re.compile(r"(?<![\w.>])(exit|_Exit|abort|assert)\s*\(")
        wrong = []
        for path in sources(ROOT, "src"):
            for number, line in enumerate(path.read_text().splitlines(), 1):
                if call.search(line.split("//")[0]):
                    wrong.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()}")
        self.none(wrong)

    def test_sample_programs_are_short(self):
        for path in sources(ROOT, "samples"):
            self.assertLessEqual(len(path.read_text().splitlines()), 150, path.name)


class Symbols(Case):
    def setUp(self):
        libraries = os.environ.get("GANYMEDE_LIBRARIES")
        if not libraries:
            self.skipTest("GANYMEDE_LIBRARIES names no static libraries")
        try:
            self.uses = uses_by_symbol(libraries.split(os.pathsep))
        except Unreadable as reason:
            self.skipTest(str(reason))

    def test_libraries_are_those_of_the_folders(self):
        built = {folder_of(file) for file in self.uses}
        self.assertEqual(built, {p.name for p in (ROOT / "src").iterdir() if p.is_dir()})

    def test_files_form_no_circle(self):
        self.none(symbol_circles(self.uses))

    def test_folders_use_only_those_above(self):
        self.none(wrong_symbols(self.uses))


class Planted(unittest.TestCase):
    """What is wrong on purpose is found, and what is right beside it is not."""

    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)

    def plant(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(path.read_text() + text if path.exists() else text)

    def copy_sources(self):
        for folder in ("src", "include"):
            shutil.copytree(ROOT / folder, self.root / folder)

    def library(self, folder, **files):
        """libgm_FOLDER.a of files given by their text."""
        objects = []
        for name, text in files.items():
            source = self.root / folder / f"{name}.c"
            source.parent.mkdir(exist_ok=True)
            source.write_text(text)
            objects.append(f"{source}.o")
            subprocess.run([*os.environ.get("CC", "cc").split(), "-c", str(source), "-o", objects[-1]], check=True)
        library = self.root / f"libgm_{folder}.a"
        subprocess.run([os.environ.get("AR", "ar"), "crs", str(library), *objects], check=True)
        return str(library)

    def test_include_of_a_later_folder(self):
        self.copy_sources()
        self.plant("src/graph/graph.h", '#include "plan/plan.h"\n')
        self.plant("src/loss/loss.c", '#include "ganymede/nn.h"\n')
        self.assertEqual(wrong_includes(self.root), [
            "graph/graph.h includes plan/plan.h, but graph may not use plan",
            "loss/loss.c includes ganymede/nn.h, but loss may not use nn"])

    def test_circle_of_includes_inside_a_folder(self):
        self.copy_sources()
        self.plant("src/graph/graph.h", '#include "graph/build.h"\n')
        self.assertEqual(include_circles(self.root), ["graph/build.h -> graph/graph.h -> graph/build.h"])

    def test_opencl_outside_the_device_layer(self):
        self.plant("src/device/queue.c", "#include <CL/cl.h>\n")
        self.plant("src/plan/plan.c", "#include <CL/cl.h>\n#include <clblast_c.h>\n")
        self.assertEqual(wrong_opencl(self.root), ["src/plan/plan.c includes CL/cl.h", "src/plan/plan.c includes clblast_c.h"])

    def test_long_file_without_a_reason(self):
        body = "int x;\n" * LONGEST
        self.plant("src/graph/short.c", "// Short.\n" + "int x;\n" * (LONGEST - 1))
        self.plant("src/graph/reason.c", "// A table. Long because its rows stand together.\n" + body)
        self.plant("src/graph/later.c", "// A table.\n\n// Long because of this.\n" + body)
        self.plant("tools/none.c", "// A table.\n" + body)
        self.assertEqual([line.split()[0] for line in long_files(self.root)], ["src/graph/later.c", "tools/none.c"])

    def test_circle_of_three_files_by_symbols(self):
        library = self.library("graph",
                               a="int gm_b(void); int gm_a(void) { return gm_b(); }",
                               b="extern const int gm_c; int gm_b(void) { return gm_c; }",
                               c="int gm_a(void); const int gm_c = 1; int gm_d(void) { return gm_a(); }",
                               e="int gm_a(void); int gm_e(void) { return gm_a(); }")
        self.assertEqual(symbol_circles(uses_by_symbol([library])), [
            "graph/a.c -> graph/b.c -> graph/c.c -> graph/a.c (through symbols gm_b, gm_c, gm_a)"])

    def test_symbol_of_a_later_folder(self):
        uses = uses_by_symbol([self.library("graph", a="int gm_run(void); int gm_a(void) { return gm_run(); }"),
                               self.library("plan", run="int gm_a(void); int gm_run(void) { return 1; } "
                                                        "int gm_again(void) { return gm_a(); }")])
        self.assertEqual(wrong_symbols(uses), ["graph/a.c uses gm_run of plan/run.c, but graph may not use plan"])


if __name__ == "__main__":
    unittest.main()
