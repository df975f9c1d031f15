#!/usr/bin/env python3
"""What the GPU vendors' compilers make of a recipe's kernels, and what a step would take: no GPU needed.

    tools/gpu_static.py samples/dcgan-fashion.yaml [--devices nvidia-sm_80,amd-gfx1030] [--kernel rows] [--check]
    tools/gpu_static.py samples/dcgan-fashion.yaml --variant fast4
    tools/gpu_static.py samples/*-fashion.yaml --table tests/bench/PREDICTED.md

`ganymede bench programs` writes the programs and launches for each device; the compilers that their drivers are made of
compile them. Of every contraction that is launched: the share of the step's operations, the items of a work-group, the
registers of an item and the bytes of it that lie in memory instead (`spill`), local memory, the work-groups that fit a
multiprocessor, the instructions of one step of its hottest loop, and `bound`: the share of the device's peak that these
could reach at most, by a model of throughputs (issue slots, multiply-add lanes, matrix units, local memory).

It is no measurement. The model assumes that nothing waits and that what stands outside the loop is free, so kernels are
slower than it says. In one place it is strict: a load from local memory is charged its full width for all lanes, though
lanes that read the same words (in these tiles most do) may take fewer clocks. Kernels that local memory bounds (tiles
of 32 x 32 on devices with 128 lanes) can therefore exceed their bound.

The hottest loop is the smallest that multiplies and stores to local memory: one step of a contraction, with all that is
unrolled in it and both sides of its branches. Where it has a loop of multiplications inside, how often that runs is not
known, and it alone is judged, which is what the whole comes near to; no present kernel has one.

Small tiles for small layers have a low bound by nature, and hardly any work. So the mean of a family weights bounds by
the operations of its launches: all operations over the sum of operations / bound, the share of the peak that a step's
work could reach. --check holds that of rows and outer against tests/gpu_floors.json, which are the figures of
samples/dcgan-fashion.yaml less a little, and every single kernel against WORST alone. It fails as well where a program
does not build or a kernel spills.

Times: of each launch the larger of its operations over bound times the peak of the schedulers that its work-groups can
fill, and its bytes over the bandwidth; then LAUNCH for each launch. No bound can be read from Intel's compiler: there
ASSUMED stands for it, and SIMD width and spills are what the table shows.

Needs Debian's clang-16 and libclc-15 or -16 (one of them can be installed, and rusticl wants the first); for NVIDIA ptxas
and nvdisasm, which PyPI's triton brings: they are looked for in $CUDA_BIN, then beside an installed triton; for Intel
$OCLOC or ocloc, of Debian's intel-opencl-icd.
"""
import argparse
import collections
import dataclasses
import importlib.util
import json
import math
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
LAUNCH = 5e-6  # seconds
SKIP = 77      # exit code: this machine lacks what it needs
CONTRACTIONS = ("rows", "outer")  # whose multiplications bound them, and are judged
THIN = ("spans", "thin")  # contractions that memory bounds: their bound counts in times alone
WORST = 0.35    # --check: the least bound of any kernel
ASSUMED = 0.5   # bound of Intel's


@dataclasses.dataclass(frozen=True)
class Nvidia:
    """Per multiprocessor and clock: instructions of warps, multiply-adds of floats, of tf32 and bf16 matrices."""
    name: str
    card: str
    units: int  # multiprocessors
    issue: int
    lanes: int
    tf32: int
    bf16: int
    local: int  # bytes
    waves: int  # that fit
    peak: float  # float operations a second
    bandwidth: float
    registers: int = 65536
    local_bytes: int = 128  # a clock
    wave: int = 32
    schedulers: int = 4

    def peak_of(self, kernel):
        """Operations a second of what the kernel multiplies with."""
        if not kernel.loop["matrix"]:
            return self.peak
        return self.peak * (self.bf16 if kernel.loop["bf16"] else self.tf32) / self.lanes


@dataclasses.dataclass(frozen=True)
class Amd:
    """Per compute unit and clock: lanes that take a vector instruction, multiply-adds of floats, of matrix units."""
    name: str
    card: str
    units: int
    wave: int
    registers: int  # of a lane in a SIMD
    granule: int    # registers are given out in such pieces
    waves: int      # that fit a SIMD
    schedulers: int  # SIMDs
    fma: int        # 128: with two multiply-adds an instruction, which the compiler must find
    matrix: int     # 0: none
    peak: float
    bandwidth: float
    lanes: int = 64
    local: int = 65536
    local_bytes: int = 128

    def peak_of(self, kernel):
        return self.peak * self.matrix / self.fma if kernel.loop["bf16"] else self.peak


@dataclasses.dataclass(frozen=True)
class Intel:
    """Per core: schedulers are its vector engines, of `wave` lanes."""
    name: str
    card: str
    units: int
    wave: int
    schedulers: int
    peak: float
    bandwidth: float

    def peak_of(self, kernel):
        return self.peak


# Peaks and bandwidths are the vendors' figures.
DEVICES = {
    "nvidia-sm_80": Nvidia("sm_80", "A100", 108, 4, 64, 512, 1024, 167936, 64, 19.5e12, 1555e9),
    "nvidia-sm_86": Nvidia("sm_86", "RTX 3090", 82, 4, 128, 128, 256, 102400, 48, 35.6e12, 936e9),
    "nvidia-sm_89": Nvidia("sm_89", "RTX 4090", 128, 4, 128, 128, 256, 102400, 48, 82.6e12, 1008e9),
    "nvidia-sm_90": Nvidia("sm_90", "H100", 132, 4, 128, 1024, 2048, 233472, 64, 66.9e12, 3350e9),
    "amd-gfx906": Amd("gfx906", "MI50", 60, 64, 256, 4, 10, 4, 64, 0, 13.3e12, 1024e9),
    "amd-gfx90a": Amd("gfx90a", "MI210", 104, 64, 512, 8, 8, 4, 128, 512, 45.3e12, 1638e9),
    "amd-gfx1030": Amd("gfx1030", "RX 6800", 60, 32, 1024, 16, 16, 2, 64, 0, 16.2e12, 512e9),
    "amd-gfx1100": Amd("gfx1100", "RX 7900 XTX", 96, 32, 1536, 24, 16, 2, 128, 256, 61.4e12, 960e9),
    "intel-tgllp": Intel("tgllp", "Iris Xe", 6, 8, 16, 2.07e12, 68e9),
    "intel-dg2": Intel("acm-g10", "Arc A770", 32, 8, 16, 19.7e12, 560e9),
    "intel-pvc": Intel("pvc", "Max 1100", 56, 16, 8, 22.2e12, 1229e9),
}
TABLED = [name for name in DEVICES if name not in ("intel-tgllp", "intel-pvc")]


@dataclasses.dataclass
class Kernel:
    name: str
    items: int  # of a work-group
    registers: int
    spills: int  # bytes of an item
    local: int  # bytes
    groups: int  # that fit a multiprocessor; 0: unknown
    loop: collections.Counter  # instructions of a step: all, fma, matrix (of them bf16), local, local4, global, other
    bound: float  # share of peak; 0: no loop of multiplications


class Refused(Exception):
    """A compiler is not here, or does not take a program."""


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
    raise Refused(f"no {name}: set CUDA_BIN to its folder, or run this with a Python that has triton")


def ocloc_tool():
    found = shutil.which(os.environ.get("OCLOC", "ocloc"))
    if not found:
        raise Refused("no ocloc: apt-get install intel-opencl-icd, or set OCLOC to it")
    return found


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
                yield at[target[1]], body[at[target[1]]:]


def hottest_step(loops, multiplies, stores):
    """Counts of one step: the smallest loop with multiplications and stores to local memory, or the one inside."""
    loops = [(start, body) for start, body in loops if sum(multiplies(name) for name, _ in body) >= 8]
    steps = [loop for loop in loops if any(name.startswith(stores) for name, _ in loop[1])]
    start, step = min(steps or loops, key=lambda loop: len(loop[1]), default=(0, []))
    inside = [body for first, body in loops if first > start and first + len(body) < start + len(step)]
    return collections.Counter(name for name, _ in max(inside, key=len, default=step))


def total(counts, *prefixes):
    return sum(times for name, times in counts.items() if name.startswith(prefixes))


def mix(counts, fma, matrix, bf16, loads, wide, globals_, aside):
    """What the table shows; `other` is neither multiplication nor memory nor control: mostly index arithmetic."""
    every = sum(counts.values())
    fmas, units = sum(total(counts, *names) for names in fma), total(counts, *matrix)
    return collections.Counter({
        "all": every, "fma": sum(times * total(counts, *names) for times, names in enumerate(fma, 1)), "matrix": units,
        "bf16": bf16, "local": total(counts, *loads), "local4": total(counts, *wide),
        "global": total(counts, *globals_), "other": every - fmas - units - total(counts, *loads, *globals_, *aside)})


# ---- Compilers ----


def compile_nvidia(device, path, options, folder, items):
    ptx, cubin = folder / "k.ptx", folder / "k.cubin"
    run("clang-16", "-x", "cl", "-cl-std=CL1.2", "-O3", "-target", "nvptx64-nvidia-nvcl", "-Xclang", "-target-cpu",
        "-Xclang", "sm_80", "-Xclang", "-target-feature", "-Xclang", "+ptx72", "-Xclang", "-finclude-default-header",
        "-Xclang", "-mlink-builtin-bitcode", "-Xclang", "/usr/lib/clc/nvptx64--nvidiacl.bc", "-w",
        "-D__NV_CL_C_VERSION=120", "-Dasm=__asm__", *without_subgroups(options), "-S", "-o", ptx, path)
    log = run(cuda_tool("ptxas"), "-v", "-arch=" + device.name, ptx, "-o", cubin)
    found = {}
    for match in re.finditer(r"entry function '(\w+)'.*?(\d+) bytes stack frame, (\d+) bytes "
                             r"spill stores.*?Used (\d+) registers.*?\n", log, re.S):
        shared = re.search(r"(\d+) bytes smem", match[0])
        spills = in_memory(match[1], int(match[2]), int(match[3]))
        found[match[1]] = int(match[4]), spills, int(shared[1]) if shared else 0
    text = run(cuda_tool("nvdisasm"), "-c", cubin)
    for part in re.split(r"\n(?=\.text\.\w+:)", text):
        name = re.match(r"\.text\.(\w+):", part)
        if name and name[1] in found:
            yield judge_nvidia(device, name[1], items.get(name[1], 256), found[name[1]], part)


def judge_nvidia(device, name, items, found, text):
    def multiplies(instruction):
        return 1 if instruction.startswith("FFMA") else 64 if instruction.startswith("HMMA") else 0

    instruction = re.compile(r"\s*/\*[0-9a-f]+\*/\s+(?:@!?U?P\w+\s+)?([A-Z0-9_.]+)\s*(.*?);")
    counts = hottest_step(loop_bodies(text.split("\n"), re.compile(r"\s*(\.L_x_\d+):"), re.compile("BRA"), instruction),
                          multiplies, "STS")
    registers, spills, local = found
    local_clocks = sum(times * 128 * (4 if ".128" in name else 2 if ".64" in name else 1)
                       for name, times in counts.items() if name.startswith(("LDS", "STS"))) / device.local_bytes
    bf16 = sum(times for name, times in counts.items() if re.match("HMMA.*(BF16|16816)", name))
    matrix = bf16 * 16 * 8 * 16 / device.bf16 + (total(counts, "HMMA") - bf16) * 16 * 8 * 8 / device.tf32
    useful = matrix or total(counts, "FFMA") * 32 / device.lanes
    clocks = max(sum(counts.values()) / device.issue, local_clocks, useful)
    waves = math.ceil(items / 32)
    groups = min(device.registers // (max(8, (registers + 7) // 8 * 8) * 32 * waves), device.local // (local + 1024),
                 device.waves // waves, 32)
    loop = mix(counts, [("FFMA",)], ("HMMA",), bf16, ("LDS",), ("LDS.128", "LDS.U.128"), ("LDG",),
               ("STS", "STG", "BAR", "BRA", "BSSY", "BSYNC", "CALL", "NOP"))
    return Kernel(name, items, registers, spills, local, groups, loop, useful / clocks if clocks else 0)


def in_memory(name, frame, spilled):
    """Bytes of an item that should be registers: arrays too, but for element-wise kernels, where sines have tables."""
    return spilled if family_of(name) == "launch" else max(frame, spilled)


def without_subgroups(options):
    """libclc's header has OpenCL C 1.2 alone, and none of the vendors' sub-groups."""
    return [option for option in options if not option.startswith("-cl-std") and option != "-DGM_SUBGROUPS"]


def compile_amd(device, path, options, folder, items):
    out = folder / "k.s"
    run("clang-16", "-x", "cl", "-cl-std=CL1.2", "-O3", "-target", "amdgcn-amd-amdhsa", "-mcpu=" + device.name,
        "-nogpulib", "-Xclang", "-finclude-default-header", "-Xclang", "-mlink-builtin-bitcode", "-Xclang",
        "/usr/lib/clc/amdgcn--amdhsa.bc", "-w", *without_subgroups(options), "-S", "-o", out, path)
    text = out.read_text()
    found = {match[2]: (int(match[4]), in_memory(match[2], int(match[3]), 4 * int(match[5])), int(match[1]))
             for match in re.finditer(
        r"\.group_segment_fixed_size: (\d+)(?:(?!\.group_segment_fixed_size).)*?\.name: +(\w+)\n.*?"
        r"\.private_segment_fixed_size: (\d+).*?\.vgpr_count: +(\d+)\n +\.vgpr_spill_count: +(\d+)", text, re.S)}
    for part in re.split(r"\n(?=\w+: +; @)", text):
        name = re.match(r"(\w+): +; @", part)
        if name and name[1] in found:
            yield judge_amd(device, name[1], items.get(name[1], 256), found[name[1]], part)


def judge_amd(device, name, items, found, text):
    one, two, units = ("v_fma", "v_fmac", "v_mac"), ("v_pk_fma", "v_dual_fmac"), ("v_mfma", "v_wmma")

    def multiplies(instruction):
        return (2 if instruction.startswith(two) else 1 if instruction.startswith(one) else
                64 if instruction.startswith(units) else 0)

    counts = hottest_step(loop_bodies(text.split("\n"), re.compile(r"(\.LBB\w+):"), re.compile("s_cbranch|s_branch"),
                                      re.compile(r"\t([a-z]\w+)\s*(.*)")), multiplies, ("ds_write", "ds_store"))
    registers, spills, local = found

    def words(instruction):
        wide = re.search(r"_b(\d+)", instruction)
        return int(wide[1]) / 32 * (2 if re.search("read2|write2|2addr", instruction) else 1) if wide else 1

    local_clocks = sum(times * device.wave * 4 * words(name) for name, times in counts.items()
                       if name.startswith("ds_")) / device.local_bytes
    vector = total(counts, "v_") * device.wave / device.lanes
    matrix = bf16 = 0
    for unit, times in counts.items():
        if shape := re.match(r"v_(?:mfma|wmma)_f32_(\d+)x(\d+)x(\d+)", unit):
            bf16 += 0 if unit.endswith("f32") else times
            rate = device.fma if unit.endswith("f32") else device.matrix
            clocks = times * math.prod(map(int, shape.groups())) / rate
            matrix += clocks
            vector += clocks if "wmma" in unit else 0  # there they are vector instructions
    useful = matrix or (total(counts, *one) + 2 * total(counts, *two)) * device.wave / device.fma
    waves = math.ceil(items / device.wave)
    in_simd = min(device.registers // (-(-max(1, registers) // device.granule) * device.granule), device.waves)
    groups = min(in_simd * device.schedulers // waves, device.local // max(1, local))
    loop = mix(counts, [one, two], units, bf16, ("ds_read", "ds_load"), ("ds_read_b128", "ds_load_b128"),
               ("global_load", "flat_load", "buffer_load"), ("ds_", "s_", "global_store", "flat_store", "buffer_store"))
    clocks = max(vector, local_clocks, useful)
    return Kernel(name, items, registers, spills, local, groups, loop, useful / clocks if useful else 0)


# ocloc knows matrix units' functions only where it is told of them, which a driver does.
INTEL_MATRIX = ("-cl-ext=-all,+cl_khr_byte_addressable_store,+cl_khr_fp16,+cl_khr_subgroups,+cl_intel_subgroups,"
                "+cl_intel_required_subgroup_size,+cl_intel_subgroup_matrix_multiply_accumulate,"
                "+cl_intel_subgroup_matrix_multiply_accumulate_tf32")
# What Debian's has under the name and types from before the extension was published.
INTEL_TF32 = ("-Dintel_sub_group_tf32_tf32_matrix_mad_k8(a,b,c)="
              "intel_sub_group_tf32_tf32_matrix_mad_k8_f32(as_short8(a),as_int8(b),c)")


def compile_intel(device, path, options, folder, items):
    """What .ze_info says, YAML text in the binary: of arrays that the compiler left in memory it does not warn."""
    internal = ["-cl-intel-allow-zebin"] + [INTEL_MATRIX for option in options if "DPAS" in option]
    log = run(ocloc_tool(), "compile", "-file", path, "-device", device.name, "-output", "k", "-out_dir", folder,
              "-options", " ".join([*options, INTEL_TF32]), "-internal_options", " ".join(internal))
    text = next(folder.glob("k_*.bin")).read_bytes().decode("latin-1")
    text = text[text.index("\nkernels:"):].split("\nkernels_misc_info:")[0]
    for part in re.split(r"\n  - name: +", text)[1:]:
        def number(key, of=part):
            return int((re.search(key + r": +(\d+)", of) or (0, 0))[1])
        name, frame = part.split()[0], 0
        for memory in part.partition("per_thread_memory_buffers:")[2].split("\n      - ")[1:]:
            lanes = 1 if re.search("is_simt_thread: +true", memory) else number("simd_size")
            frame += number("size", memory) // lanes
        spilled = re.search(name + r" +compiled SIMD\d+ allocated \d+ regs and spilled around (\d+)", log)
        spills = in_memory(name, frame, int(spilled[1]) if spilled else 0)
        loop = collections.Counter({"simd": number("simd_size")})
        yield Kernel(name, items.get(name, 0), number("grf_count"), spills, number("slm_size"), 0, loop, 0)


COMPILERS = {Nvidia: compile_nvidia, Amd: compile_amd, Intel: compile_intel}


# ---- A step ----


@dataclasses.dataclass
class Step:
    """The launches that a step makes, and what becomes of their kernels, by name."""
    launches: list
    kernels: dict
    device: object

    def seconds(self, launch):
        """(of operations, of memory), without the launch's own cost."""
        kernel = self.kernels.get(launch["kernel"])
        rate = self.device.peak
        if kernel and family_of(kernel.name) in CONTRACTIONS + THIN:
            rate = self.device.peak_of(kernel) * (kernel.bound or (ASSUMED if isinstance(self.device, Intel) else 1))
        return launch["flop"] / (rate * self.filled(launch)), launch["bytes"] / self.device.bandwidth

    def filled(self, launch):
        """Share of the schedulers that have work, from the first wave to the last."""
        items = math.prod(launch["local"]) or 64
        waves = math.prod(launch["global"]) / items * math.ceil(items / self.device.wave)
        places = self.device.units * self.device.schedulers
        return waves / (places * math.ceil(waves / places))

    def parts(self):
        """Seconds by what bounds them."""
        parts = {"operations": 0.0, "memory": 0.0, "launches": 0.0}
        for launch in self.launches:
            operations, memory = self.seconds(launch)
            parts["memory" if operations <= memory else "operations"] += max(operations, memory) / launch["every"]
            parts["launches"] += LAUNCH / launch["every"]
        return parts

    def means(self):
        """{family: its bound, weighted by the operations of its launches}."""
        flop, time = collections.Counter(), collections.Counter()
        for launch in self.launches:
            kernel = self.kernels.get(launch["kernel"])
            if is_judged(kernel):
                flop[family_of(kernel.name)] += launch["flop"] / launch["every"]
                time[family_of(kernel.name)] += launch["flop"] / launch["every"] / kernel.bound
        return {family: flop[family] / time[family] for family in flop if time[family]}


def read_step(args, recipe, device, folder):
    """Raises Refused."""
    variant = ["--variant", args.variant] if args.variant else []
    run(args.ganymede, "bench", "programs", recipe, "--device", device, "-o", folder, *variant)
    step = json.loads((folder / "launches.json").read_text())
    launches = [dict(launch, every=action["every"]) for action in step["actions"] for launch in action["launches"]]
    items, kernels, target = {}, {}, DEVICES[device]
    for launch in launches:
        items[launch["kernel"]] = max(items.get(launch["kernel"], 0), math.prod(launch["local"]))
    for path in sorted(folder.glob("program*.cl")):
        options = path.read_text().split("\n", 1)[0].removeprefix("// options: ").split()
        for kernel in COMPILERS[type(target)](target, path, options, folder, items):
            kernels[kernel.name] = kernel
    return Step(launches, kernels, target)


def family_of(kernel):
    """The part of a kernel's name that does not depend on its content."""
    return re.sub(r"_[0-9a-f]{16}$", "", kernel)


def is_judged(kernel):
    return kernel is not None and kernel.bound > 0 and family_of(kernel.name) in CONTRACTIONS


# ---- Reports ----

COLUMNS = {"all": "step", "fma": "fma", "matrix": "mma", "local": "ld.l", "local4": "x4", "global": "ld.g",
           "other": "other"}


def print_kernels(args, step):
    launched, flop, rows = collections.Counter(), collections.Counter(), collections.Counter()
    for launch in step.launches:
        launched[launch["kernel"]] += 1 / launch["every"]
        flop[launch["kernel"]] += launch["flop"] / launch["every"]
    intel, work = isinstance(step.device, Intel), max(1, sum(flop.values()))
    heads = [f"{'kernel':16} {'times':>5} {'flop':>5} {'items':>5} {'regs':>4} {'spill':>5} {'local':>6}"]
    heads += [f"{'simd':>6}"] if intel else [f"{'groups':>6} |", *(f"{head:>5}" for head in COLUMNS.values()), " bound"]
    print(" ".join(heads))
    shares = collections.Counter()
    for name in launched:
        kernel = step.kernels.get(name)
        family = family_of(name)
        if kernel and args.kernel in family and (kernel.spills or family in CONTRACTIONS + THIN):
            loop = (kernel.loop["simd"],) if intel else (kernel.groups, *(kernel.loop[kind] for kind in COLUMNS))
            key = family, kernel.items, kernel.registers, kernel.spills, kernel.local, *loop, kernel.bound
            rows[key] += launched[name]
            shares[key] += flop[name] / work
    for key, times in sorted(rows.items()):
        family, items, registers, spills, local, first, *loop, bound = key
        print(f"{family:16} {times:5.0f} {shares[key]:5.0%} {items:5} {registers:4} {spills:5} {local:6} {first:6}"
              + ("" if intel else " | " + " ".join(f"{figure:5}" for figure in loop) + f"  {bound:5.0%}"))


def faults_of(args, step, where):
    """What --check has against the step."""
    faults, worst, means = [], {}, step.means()
    for name in {launch["kernel"] for launch in step.launches}:
        kernel = step.kernels.get(name)
        if kernel and kernel.spills:
            faults.append(f"{name} spills {kernel.spills} bytes in {where}")
        if kernel and not kernel.bound and family_of(name) in CONTRACTIONS and not isinstance(step.device, Intel):
            faults.append(f"{name} in {where} has no loop: its function is called, not inlined")
        if is_judged(kernel):
            worst[family_of(name)] = min(worst.get(family_of(name), 1), kernel.bound)
    for family, mean in means.items():
        print(f"{family}: mean bound {mean:.0%} by operations, worst {worst[family]:.0%}")
        if worst[family] < WORST:
            faults.append(f"a kernel of {family} in {where} reaches {worst[family]:.0%} at most: under {WORST:.0%}")
    for family, floor in args.floors.get(where.split(" on ")[1], {}).items():
        if means.get(family, 1) < floor:
            faults.append(f"{family} in {where} reaches {means[family]:.0%} on average, the floor is {floor:.0%}")
    return faults


def report(args, recipe, device, cells):
    """Prints one recipe on one device, and puts its prediction into cells; returns what --check has against it."""
    where = f"{recipe.stem} on {device}"
    with tempfile.TemporaryDirectory() as name:
        try:
            step = read_step(args, recipe, device, pathlib.Path(name))
        except Refused as fault:
            print(f"{where}: {fault}")
            return [f"{where} was not built"]
    print(f"\n{where}")
    print_kernels(args, step)
    faults = faults_of(args, step, where)
    parts = step.parts()
    milliseconds = 1e3 * sum(parts.values())
    print(f"predicted step at most this fast: {milliseconds:.2f} ms ("
          + ", ".join(f"{what} {1e3 * seconds:.2f}" for what, seconds in parts.items())
          + (f"; bound assumed: {ASSUMED:.0%})" if isinstance(step.device, Intel) else ")"))
    cells[recipe.stem, device] = f"{milliseconds:.2f} {max(parts, key=parts.get)}"
    return faults


def write_table(args, devices, cells):
    """Puts a table in place of the first one in the file."""
    heads = [DEVICES[device].card + ("*" if isinstance(DEVICES[device], Intel) else "") for device in devices]
    lines = ["| recipe | " + " | ".join(heads) + " |", "|---|" + "---|" * len(devices)]
    for recipe in args.recipes:
        row = [recipe.stem, *(cells.get((recipe.stem, device), "–") for device in devices)]
        lines.append("| " + " | ".join(row) + " |")
    text = args.table.read_text()
    args.table.write_text(re.sub(r"(?m)(^\|.*\n)+", lambda _: "\n".join(lines) + "\n", text, count=1))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipes", nargs="+", type=pathlib.Path)
    parser.add_argument("--ganymede", default=ROOT / "build/tools/ganymede")
    parser.add_argument("--devices", default=",".join(TABLED), help="of " + ", ".join(DEVICES))
    parser.add_argument("--kernel", default="", help="shows those alone whose family's name has this in it")
    parser.add_argument("--variant", help="of all operations that have it: tile64, fast4, …; default: the planner's choice")
    parser.add_argument("--check", action="store_true", help="fail on what is not built, spills or is below its floor")
    parser.add_argument("--table", type=pathlib.Path, help="a Markdown file, whose first table becomes the prediction")
    args = parser.parse_args()
    if args.variant and args.table:
        parser.error("a table is of the planner's choices: leave out --variant")
    for needed in "/usr/bin/clang-16", "/usr/lib/clc/amdgcn--amdhsa.bc":
        if not os.path.exists(needed):
            print(f"{needed} is missing: apt-get install clang-16 libclc-15", file=sys.stderr)
            sys.exit(SKIP)
    args.floors = json.loads((ROOT / "tests/gpu_floors.json").read_text()) if args.check else {}
    devices, faults, cells = args.devices.split(","), [], {}
    for device in devices:
        if device not in DEVICES:
            parser.error(f"no device {device}: choose of {', '.join(DEVICES)}")
        for recipe in args.recipes:
            faults += report(args, recipe, device, cells)
    if args.table:
        write_table(args, devices, cells)
    for fault in faults if args.check else []:
        print(fault, file=sys.stderr)
    built = len(cells) == len(devices) * len(args.recipes)
    sys.exit(0 if built and not (args.check and faults) else 1)


if __name__ == "__main__":
    main()
