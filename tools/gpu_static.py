#!/usr/bin/env python3
"""What the GPU vendors' compilers make of a recipe's kernels, and what a step would take: no GPU needed.

    tools/gpu_static.py samples/dcgan-fashion.yaml [--devices nvidia-sm_80,amd-gfx1030] [--kernel rows] [--check]

`ganymede bench programs` writes the programs and launches for each device; clang compiles them. Of every kernel that is
launched: registers and spills of an item, local memory and work-groups that fit a multiprocessor, the instructions of
one step of its hottest loop, and `bound`: the share of the device's peak that these could reach at most, by a model of
throughputs (issue slots, multiply-add lanes, matrix units, local memory). It is no measurement, but what none will
exceed. The step's time is predicted from it: of each launch the larger of its operations over bound times peak and its
bytes over the bandwidth, and the launch's own cost.

Needs Debian's clang-16 and libclc-16, and for NVIDIA ptxas and nvdisasm, which PyPI's triton brings: they are looked for
in $CUDA_BIN, then beside an installed triton. --check fails where a program does not build, a kernel spills, or a family
stays below its floor in tests/gpu_floors.json.
"""
import argparse
import collections
import dataclasses
import importlib.util
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
ITEMS = 256  # of a contraction's work-group
STEP = 256   # multiply-adds of an item between two barriers: tiles of 64 x 64, 16 deep
LAUNCH = 5e-6  # seconds
SKIP = 77      # exit code: this machine lacks what it needs
CONTRACTIONS = ("rows", "outer")  # whose multiplications bound them, and are judged


@dataclasses.dataclass(frozen=True)
class Nvidia:
    """Per multiprocessor and clock: warp instructions issued, multiply-adds of floats, of tf32 and bf16 in matrix units."""
    name: str
    issue: int
    lanes: int
    tf32: int
    bf16: int
    local: int  # bytes
    waves: int
    peak: float  # float operations a second
    bandwidth: float
    registers: int = 65536
    local_bytes: int = 128  # a clock

    def peak_of(self, kernel):
        """Operations a second of what the kernel multiplies with."""
        if not kernel.loop["matrix"]:
            return self.peak
        return self.peak * (self.bf16 if kernel.loop["bf16"] else self.tf32) / self.lanes


@dataclasses.dataclass(frozen=True)
class Amd:
    """Per compute unit; registers a lane and SIMD."""
    name: str
    wave: int
    registers: int
    simds: int
    peak: float
    bandwidth: float
    lanes: int = 64
    local: int = 65536
    local_bytes: int = 128

    def peak_of(self, kernel):
        return self.peak


# Peaks and bandwidths are the vendors' figures of A100 (40 GB), RTX 3090, RTX 4090, H100 SXM; MI50, MI210, RX 6800,
# RX 7900 XTX. AMD's do not count two multiply-adds an instruction, where a compiler must find them.
DEVICES = {
    "nvidia-sm_80": Nvidia("sm_80", 4, 64, 512, 1024, 167936, 64, 19.5e12, 1555e9),
    "nvidia-sm_86": Nvidia("sm_86", 4, 128, 128, 256, 102400, 48, 35.6e12, 936e9),
    "nvidia-sm_89": Nvidia("sm_89", 4, 128, 128, 256, 102400, 48, 82.6e12, 1008e9),
    "nvidia-sm_90": Nvidia("sm_90", 4, 128, 1024, 2048, 233472, 64, 66.9e12, 3350e9),
    "amd-gfx906": Amd("gfx906", 64, 256, 4, 13.3e12, 1024e9),
    "amd-gfx90a": Amd("gfx90a", 64, 512, 4, 22.6e12, 1638e9),
    "amd-gfx1030": Amd("gfx1030", 32, 1024, 2, 16.2e12, 512e9),
    "amd-gfx1100": Amd("gfx1100", 32, 1536, 2, 30.7e12, 960e9),
}


@dataclasses.dataclass
class Kernel:
    name: str
    registers: int
    spills: int
    local: int  # bytes
    groups: int  # that fit a multiprocessor
    loop: collections.Counter  # instructions of a step: all, fma, matrix (of them bf16), local, local4, global, index
    bound: float  # share of peak; 0: no loop of multiplications


class Refused(Exception):
    """A compiler does not take a program."""


def run(*words):
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True)
    if done.returncode:
        raise Refused(f"{words[0]}: {(done.stderr or done.stdout).strip()[:800]}")
    return done.stdout + done.stderr


def cuda_tool(name):
    places = [os.environ.get("CUDA_BIN", "")]
    triton = importlib.util.find_spec("triton")
    if triton:
        places.append(os.path.join(os.path.dirname(triton.origin), "backends/nvidia/bin"))
    for place in places:
        if os.path.exists(os.path.join(place, name)):
            return os.path.join(place, name)
    sys.exit(f"no {name}: set CUDA_BIN to its folder, or run this with a Python that has triton")


# ---- Loops ----


def loop_bodies(lines, label, branch, instruction):
    """The instructions, (name, operands), of every loop: from a label to a later branch back to it."""
    at, body = {}, []
    for line in lines:
        if match := label.match(line):
            at[match[1]] = len(body)
        elif match := instruction.match(line):
            body.append((match[1], match[2]))
            target = branch.match(match[1]) and re.search(r"(\.?L\w+)", match[2])
            if target and target[1] in at:
                yield body[at[target[1]]:]


def hottest_step(bodies, multiplies):
    """Counts of one step: the smallest loop with a barrier, its inner loop of multiplications as often as it runs."""
    bodies = [body for body in bodies if sum(multiplies(name) for name, _ in body) >= 8]
    inner = max(bodies, key=lambda body: (sum(multiplies(name) for name, _ in body) / len(body), -len(body)), default=[])
    with_barrier = [body for body in bodies if any(name.startswith(("BAR", "s_barrier")) for name, _ in body)]
    outer = min(with_barrier, key=len, default=inner)
    counts, own = collections.Counter(name for name, _ in outer), sum(multiplies(name) for name, _ in inner)
    if len(outer) > len(inner) and 0 < own < STEP and sum(multiplies(name) for name, _ in outer) < STEP:
        for name, times in collections.Counter(name for name, _ in inner).items():
            counts[name] += times * (STEP // own - 1)
    return counts


def total(counts, *prefixes):
    return sum(times for name, times in counts.items() if name.startswith(prefixes))


# ---- Compilers ----


def compile_nvidia(device, path, options, folder):
    ptx, cubin = folder / "k.ptx", folder / "k.cubin"
    run("clang-16", "-x", "cl", "-cl-std=CL1.2", "-O3", "-target", "nvptx64-nvidia-nvcl", "-Xclang", "-target-cpu",
        "-Xclang", "sm_80", "-Xclang", "-target-feature", "-Xclang", "+ptx72", "-Xclang", "-finclude-default-header",
        "-Xclang", "-mlink-builtin-bitcode", "-Xclang", "/usr/lib/clc/nvptx64--nvidiacl.bc", "-w",
        "-D__NV_CL_C_VERSION=120", "-Dasm=__asm__", *options, "-S", "-o", ptx, path)
    log = run(cuda_tool("ptxas"), "-v", "-arch=" + device.name, ptx, "-o", cubin)
    found = {}
    for match in re.finditer(r"entry function '(\w+)'.*?(\d+) bytes spill stores.*?Used (\d+) registers.*?\n", log, re.S):
        shared = re.search(r"(\d+) bytes smem", match[0])
        found[match[1]] = int(match[3]), int(match[2]), int(shared[1]) if shared else 0
    text = run(cuda_tool("nvdisasm"), "-c", cubin)
    for part in re.split(r"\n(?=\.text\.\w+:|//-+ \.text\.)", text):
        name = re.search(r"\.text\.(\w+)", part)
        if name and name[1] in found:
            yield judge_nvidia(device, name[1], found[name[1]], part)


def judge_nvidia(device, name, found, text):
    def multiplies(instruction):
        return 1 if instruction.startswith("FFMA") else 64 if instruction.startswith("HMMA") else 0

    instruction = re.compile(r"\s*/\*[0-9a-f]+\*/\s+(?:@!?U?P\d+\s+)?([A-Z0-9_.]+)\s*(.*?);")
    counts = hottest_step(loop_bodies(text.split("\n"), re.compile(r"\s*(\.L_x_\d+):"), re.compile("BRA"), instruction),
                          multiplies)
    registers, spills, local = found
    words = {".128": 4, ".64": 2}
    local_clocks = sum(times * 128 * next((n for w, n in words.items() if w in name), 1) for name, times in counts.items()
                       if name.startswith(("LDS", "STS"))) / device.local_bytes
    matrix = sum(times * (16 * 8 * 16 / device.bf16 if "BF16" in name or "16816" in name else 16 * 8 * 8 / device.tf32)
                 for name, times in counts.items() if name.startswith("HMMA"))
    useful = matrix or total(counts, "FFMA") * 32 / device.lanes
    clocks = max(sum(counts.values()) / device.issue, local_clocks, useful)
    groups = min(device.registers // max(1, (registers + 7) // 8 * 8 * ITEMS), device.local // max(1, local + 1024),
                 device.waves // (ITEMS // 32))
    bf16 = sum(times for name, times in counts.items() if name.startswith("HMMA") and "BF16" in name)
    loop = collections.Counter({"all": sum(counts.values()), "fma": total(counts, "FFMA"), "matrix": total(counts, "HMMA"),
                                "bf16": bf16, "local": total(counts, "LDS"), "local4": total(counts, "LDS.128"),
                                "global": total(counts, "LDG"),
                                "index": total(counts, "IMAD", "IADD", "LEA", "ISETP", "LOP3", "VIADD", "SHF")})
    return Kernel(name, registers, spills, local, groups, loop, useful / clocks if clocks else 0)


def compile_amd(device, path, options, folder):
    out = folder / "k.s"
    run("clang-16", "-x", "cl", "-cl-std=CL1.2", "-O3", "-target", "amdgcn-amd-amdhsa", "-mcpu=" + device.name,
        "-nogpulib", "-Xclang", "-finclude-default-header", "-Xclang", "-mlink-builtin-bitcode", "-Xclang",
        "/usr/lib/clc/amdgcn--amdhsa.bc", "-w", *options, "-S", "-o", out, path)
    text = out.read_text()
    found = {match[2]: (int(match[3]), int(match[4]), int(match[1])) for match in re.finditer(
        r"\.group_segment_fixed_size: (\d+)(?:(?!\.group_segment_fixed_size).)*?\.name: +(\w+)\n.*?"
        r"\.vgpr_count: +(\d+)\n +\.vgpr_spill_count: +(\d+)", text, re.S)}
    for part in re.split(r"\n(?=\w+: +; @)", text):
        name = re.match(r"(\w+): +; @", part)
        if name and name[1] in found:
            yield judge_amd(device, name[1], found[name[1]], part)


def judge_amd(device, name, found, text):
    two, one, units = ("v_pk_fma", "v_dual_fmac"), ("v_fma", "v_fmac", "v_mac"), ("v_mfma", "v_wmma")

    def multiplies(instruction):
        return (2 if instruction.startswith(two) else 1 if instruction.startswith(one) else
                64 if instruction.startswith(units) else 0)

    counts = hottest_step(loop_bodies(text.split("\n"), re.compile(r"(\.LBB\w+):"), re.compile("s_cbranch|s_branch"),
                                      re.compile(r"\t([a-z]\w+)\s*(.*)")), multiplies)
    registers, spills, local = found

    def words(instruction):
        return (4 if "b128" in instruction else 3 if "b96" in instruction else
                2 if "b64" in instruction or "read2" in instruction or "load_2addr" in instruction else 1)

    local_clocks = sum(times * device.wave * 4 * words(name) for name, times in counts.items()
                       if name.startswith("ds_")) / device.local_bytes
    vector = total(counts, "v_") * device.wave / device.lanes
    fma = total(counts, *one, *two) * device.wave / device.lanes
    groups = min(device.registers // max(1, registers) * device.simds // (ITEMS // device.wave),
                 device.local // max(1, local))
    loop = collections.Counter({"all": sum(counts.values()), "fma": total(counts, *one) + 2 * total(counts, *two),
                                "matrix": total(counts, *units), "local": total(counts, "ds_read", "ds_load"),
                                "local4": total(counts, "ds_read_b128", "ds_load_b128"),
                                "global": total(counts, "global_load", "flat_load", "buffer_load"),
                                "index": total(counts, "v_") - total(counts, *one, *two, *units)})
    return Kernel(name, registers, spills, local, groups, loop, fma / max(vector, local_clocks) if fma else 0)


# ---- A step ----


def read_step(args, recipe, device, folder):
    """The launches that a step makes, and what becomes of their kernels: {name: Kernel}. Raises Refused."""
    run(args.ganymede, "bench", "programs", recipe, "--device", device, "-o", folder)
    step = json.loads((folder / "launches.json").read_text())
    launches = [dict(launch, every=action["every"]) for action in step["actions"] for launch in action["launches"]]
    kernels, target = {}, DEVICES[device]
    compile_for = compile_nvidia if isinstance(target, Nvidia) else compile_amd
    for path in sorted(folder.glob("program*.cl")):
        options = path.read_text().split("\n", 1)[0].removeprefix("// options: ").split()
        # libclc's header has OpenCL C 1.2 alone, and none of the vendors' sub-groups.
        options = [o for o in options if not o.startswith("-cl-std") and o != "-DGM_SUBGROUPS"]
        for kernel in compile_for(target, path, options, folder):
            kernels[kernel.name] = kernel
    return launches, kernels


def family_of(kernel):
    """The part of a kernel's name that does not depend on its content."""
    return re.sub(r"_[0-9a-f]{16}$", "", kernel)


def is_judged(kernel):
    return kernel is not None and kernel.bound > 0 and family_of(kernel.name) in CONTRACTIONS


def seconds_of(launch, kernel, device):
    """Without the launch's own cost."""
    rate = kernel.bound * device.peak_of(kernel) if is_judged(kernel) else device.peak
    return max(launch["flop"] / rate, launch["bytes"] / device.bandwidth)


def report(args, recipe, device):
    """Prints one recipe on one device; returns what --check has against it."""
    faults = []
    with tempfile.TemporaryDirectory() as name:
        try:
            launches, kernels = read_step(args, recipe, device, pathlib.Path(name))
        except Refused as fault:
            print(f"{recipe.stem} on {device}: {fault}")
            return [f"{recipe.stem} on {device} does not build"]
    launched = collections.Counter()
    for launch in launches:
        launched[launch["kernel"]] += 1 / launch["every"]
    print(f"\n{recipe.stem} on {device}\n{'kernel':28} {'times':>5} {'regs':>5} {'spill':>5} {'local':>6} {'groups':>6} | "
          f"{'step':>5} {'fma':>4} {'mma':>4} {'ld.l':>4} {'x4':>4} {'ld.g':>4} {'index':>5}  bound")
    worst, rows = {}, collections.Counter()
    for kernel in (kernels[name] for name in launched if name in kernels):
        family, loop = family_of(kernel.name), kernel.loop
        if kernel.spills:
            faults.append(f"{kernel.name} of {recipe.stem} spills {kernel.spills} on {device}")
        if is_judged(kernel):
            worst[family] = min(worst.get(family, 1), kernel.bound)
        if args.kernel in family and (is_judged(kernel) or kernel.spills):
            mix = [loop[kind] for kind in ("all", "fma", "matrix", "local", "local4", "global", "index")]
            rows[family, kernel.registers, kernel.spills, kernel.local, kernel.groups, *mix, kernel.bound] += \
                launched[kernel.name]
    for (family, *figures, bound), times in sorted(rows.items()):
        widths = (5, 5, 6, 6, 5, 4, 4, 4, 4, 4, 5)
        cells = [f"{figure:{width}}" for figure, width in zip(figures, widths)]
        print(f"{family:28} {times:5.0f} {' '.join(cells[:4])} | {' '.join(cells[4:])}  {bound:5.0%}")
    for family, floor in args.floors.get(device, {}).items():
        if worst.get(family, 1) < floor:
            faults.append(f"{family} of {recipe.stem} on {device} reaches {worst[family]:.0%} at most, the floor is "
                          f"{floor:.0%}")
    target = DEVICES[device]
    parts = {"operations": 0.0, "memory": 0.0, "launches": 0.0}
    for launch in launches:
        kernel, share = kernels.get(launch["kernel"]), 1 / launch["every"]
        work = seconds_of(launch, kernel, target)
        parts["memory" if work <= launch["bytes"] / target.bandwidth else "operations"] += work * share
        parts["launches"] += LAUNCH * share
    total_ms = 1e3 * sum(parts.values())
    print(f"predicted step at most this fast: {total_ms:.2f} ms ("
          + ", ".join(f"{what} {1e3 * seconds:.2f}" for what, seconds in parts.items()) + ")")
    return faults


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipes", nargs="+", type=pathlib.Path)
    parser.add_argument("--ganymede", default=ROOT / "build/tools/ganymede")
    parser.add_argument("--devices", default=",".join(DEVICES), help="of " + ", ".join(DEVICES))
    parser.add_argument("--kernel", default="", help="shows those alone whose family's name has this in it")
    parser.add_argument("--check", action="store_true", help="fail on what does not build, spills or is below its floor")
    args = parser.parse_args()
    for needed in "/usr/bin/clang-16", "/usr/lib/clc/amdgcn--amdhsa.bc":
        if not os.path.exists(needed):
            print(f"{needed} is missing: apt-get install clang-16 libclc-16", file=sys.stderr)
            sys.exit(SKIP)
    args.floors = json.loads((ROOT / "tests/gpu_floors.json").read_text()) if args.check else {}
    faults = []
    for device in args.devices.split(","):
        if device not in DEVICES:
            parser.error(f"no device {device}: choose of {', '.join(DEVICES)}")
        for recipe in args.recipes:
            faults += report(args, recipe, device)
    for fault in faults if args.check else []:
        print(fault, file=sys.stderr)
    sys.exit(1 if args.check and faults else 0)


if __name__ == "__main__":
    main()
