"""The layers of the house: a folder of src may include only those that it may know, and OpenCL only in src/device."""
import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]

KNOWS = {
    "base": set(),
    "device": {"base"},
    "graph": {"base"},
    "kernels": {"base", "device", "graph"},
    "plan": {"base", "device", "graph", "kernels"},
    "nn": {"base", "graph"},
    "loss": {"base", "graph"},
    "optim": {"base", "graph"},
    "data": {"base"},
    "metrics": {"base", "device", "graph", "plan", "nn", "loss", "optim"},
    "train": {"base", "device", "graph", "kernels", "plan", "nn", "loss", "optim", "data", "metrics"},
}
# Which folder a public header speaks for.
PUBLIC = {
    "base": "base", "device": "device", "graph": "graph", "plan": "plan", "nn": "nn", "loss": "loss", "optim": "optim",
    "data": "data", "train": "train", "parameter": "base", "metrics": "metrics", "bench": "train", "penalty": "loss",
    "tuning": "device", "augment": "nn", "measure": "train", "likelihood": "loss",
    "ganymede": "train",
}
OPENCL = re.compile(r'#\s*include\s*[<"](CL/|OpenCL/|clblast)')
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.M)


def sources(*folders):
    for folder in folders:
        yield from sorted(p for p in (ROOT / folder).rglob("*") if p.suffix in (".c", ".h"))


def folder_of(included, path):
    """The folder of src that an include line reaches into, or None for the file's own."""
    parts = included.split("/")
    if parts[0] == "ganymede":
        return PUBLIC[parts[1].removesuffix(".h")]
    return parts[0] if len(parts) > 1 else path.parent.name


class Layers(unittest.TestCase):
    def test_folders_include_only_those_above(self):
        wrong = []
        for path in sources("src"):
            own = path.relative_to(ROOT / "src").parts[0]
            for included in INCLUDE.findall(path.read_text()):
                other = folder_of(included, path)
                if other != own and other not in KNOWS[own]:
                    wrong.append(f"{path.relative_to(ROOT)} includes {included}")
        self.assertEqual(wrong, [])

    def test_every_folder_has_its_place(self):
        folders = {p.name for p in (ROOT / "src").iterdir() if p.is_dir()}
        self.assertEqual(folders - set(KNOWS), set())

    def test_opencl_headers_in_the_device_layer_alone(self):
        wrong = [str(p.relative_to(ROOT)) for p in sources("src", "include", "tools", "samples")
                 if OPENCL.search(p.read_text()) and p.relative_to(ROOT).parts[:2] != ("src", "device")]
        self.assertEqual(wrong, [])

    def test_tools_and_samples_use_public_headers_alone(self):
        wrong = []
        for path in sources("tools", "samples"):
            for included in INCLUDE.findall(path.read_text()):
                if not included.startswith("ganymede/") and not (path.parent / included).exists():
                    wrong.append(f"{path.relative_to(ROOT)} includes {included}")
        self.assertEqual(wrong, [])

    def test_library_does_not_exit(self):
        call = re.compile(r"(?<![\w.>])(exit|_Exit|abort|assert)\s*\(")
        wrong = []
        for path in sources("src"):
            for number, line in enumerate(path.read_text().splitlines(), 1):
                if call.search(line.split("//")[0]):
                    wrong.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()}")
        self.assertEqual(wrong, [])

    def test_sample_programs_are_short(self):
        for path in sources("samples"):
            self.assertLessEqual(len(path.read_text().splitlines()), 150, path.name)


if __name__ == "__main__":
    unittest.main()
