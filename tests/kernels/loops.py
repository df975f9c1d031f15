#!/usr/bin/env python3
"""Judges the CPU kernels' hot loops for CPUs that are not here, by clang's code and llvm-mca's model of each CPU.

    loops.py FOLDER_OF_CL_FILES [--verbose]

Of the loop with the most multiply-adds of each kernel: no vector is read from or written to the stack, and nine tenths of
the time that the model gives it (where ASKED and LESS do not say otherwise) are what its multiply-adds need by
themselves. The width is what a device of
that CPU reports, as GM_WIDTH. Runs nothing: no device is needed.
"""
import argparse
import re
import shutil
import subprocess
import sys
import tempfile

# Target, CPU, floats of a register.
CPUS = [
    ("x86_64-linux-gnu", "haswell", 8),
    ("x86_64-linux-gnu", "znver3", 8),
    ("x86_64-linux-gnu", "alderlake", 8),
    ("x86_64-linux-gnu", "skylake-avx512", 16),
    ("x86_64-linux-gnu", "sapphirerapids", 16),
    ("aarch64-linux-gnu", "neoverse-n1", 4),
    ("aarch64-linux-gnu", "apple-m1", 4),
]

# The share that is asked, and where less is known to be what there is.
ASKED = .9
LESS = {
    # The model lets the counter of the loop wait for the multiply-adds' ports. Unrolled by two it says .89.
    ("skylake-avx512", "rows"): .87,
    ("skylake-avx512", "outer"): .87,
    ("skylake-avx512", "fast_outer"): .87,
    ("sapphirerapids", "rows"): .87,
    ("sapphirerapids", "outer"): .87,
    ("sapphirerapids", "fast_outer"): .87,
    # The model is that of an older core, with fewer loads a cycle.
    ("apple-m1", "outer"): .83,
}

# fma as an expression, which clang contracts: the function is the driver's.
PRELUDE = "#define fma(a, b, c) ((a) * (b) + (c))\n"
# Kernels as functions: not every target has a convention for calling the former.
KERNEL = re.compile(r"\bkernel __attribute__\(\(reqd_work_group_size\(1, 1, 1\)\)\) void")
# The transforms stand outside the loops: any will do.
TRANSFORM = """
static void any(const float16 *s, const int ss, float16 *t, const int ts) { t[0] = s[0] + s[ss], t[ts] = s[ss]; }
#define GM_FAST_M 2
#define GM_FAST_J 2
#define GM_FAST_N 3
#define GM_FAST_DATA any
#define GM_FAST_SPREAD any
#define GM_FAST_GATHER any
#define GM_FAST_RESULT any
"""
KERNELS = [
    ("rows", "contract_cpu.cl", "#define GM_CONTRACT_ROWS_CPU\n"),
    ("outer", "outer_cpu.cl", "#define GM_CONTRACT_OUTER_CPU\n"),
    ("fast_rows", "fast_cpu.cl", TRANSFORM + "#define GM_FAST_ROWS_CPU\n"),
    ("fast_outer", "fast_cpu.cl", TRANSFORM + "#define GM_FAST_OUTER_CPU\n"),
]

ITERATIONS = 200
MULTIPLY_ADD = re.compile(r"^\s*(vfn?m(add|sub)\w+|fmla|fmadd)\b")
LABEL = re.compile(r"^(\.?L?[\w.$]+):")
BRANCH = re.compile(r"^\s*(j\w+|b(?:\.\w+)?|cbn?z|tbn?z)\s+(?:[xw]\d+, )?(?:#\d+, )?(\.?L[\w.]+)")
SPILL = re.compile(r"^\s*(v.*\(%rsp\b.*mm\d|v.*mm\d.*\(%rsp\b|(ld|st)[rp]u?r?\s+[qv]\d.*\[(sp|x29)\b)")


def compilers():
    """clang and llvm-mca of one version."""
    for version in ("", "-19", "-18", "-17", "-16", "-15", "-14"):
        found = shutil.which("clang" + version), shutil.which("llvm-mca" + version)
        if all(found):
            return found
    print("SKIP: there is no clang with its llvm-mca (apt-get install clang llvm)")
    sys.exit(77)


def hot_loop(text):
    """The lines of the innermost loop with the most multiply-adds: a block that branches to its own label."""
    best, label, lines = [], None, []
    for line in text.splitlines():
        found = LABEL.match(line)
        if found:
            label, lines = found[1], []
            continue
        lines.append(line)
        branch = BRANCH.match(line)
        if branch and branch[2] == label and count(lines) > count(best):
            best = lines[:]
    return best


def count(lines):
    return sum(1 for line in lines if MULTIPLY_ADD.match(line))


def model(mca, target, cpu, lines, figure):
    """A figure of llvm-mca's summary."""
    out = subprocess.run([mca, f"-mtriple={target}", f"-mcpu={cpu}", f"-iterations={ITERATIONS}"], text=True,
                         input="\n".join(lines), capture_output=True)
    found = re.search(rf"^{figure}:\s+([\d.]+)", out.stdout, re.M)
    if not found:
        sys.exit(f"{mca} for {cpu}: {out.stderr.strip()[:500]}")
    return float(found[1])


def share_of_peak(mca, target, cpu, lines):
    """What a loop's multiply-adds need by themselves, their operands in registers, as a share of what the loop takes."""
    code = [line.split("#", 1)[0] if target.startswith("x86") else line.split("//", 1)[0] for line in lines]
    code = [line for line in code if line.strip() and not line.strip().startswith(".")]
    alone = [re.sub(r"\S*\([^)]*\)(\{1to\d+\})?", "%zmm31" if "zmm" in line else "%ymm15", line)
             for line in code if MULTIPLY_ADD.match(line)]
    return (model(mca, target, cpu, alone, "Block RThroughput") * ITERATIONS /
            model(mca, target, cpu, code, "Total Cycles"))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("cl")
    parser.add_argument("--verbose", action="store_true", help="print the loops")
    args = parser.parse_args()
    clang, mca = compilers()
    judged = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for target, cpu, width in CPUS:
            for kernel, file, macros in KERNELS:
                source = f"{folder}/{kernel}.cl"
                with open(source, "w") as out:
                    out.write(PRELUDE)
                    for name in ("common.cl", "contract.cl"):
                        out.write(open(f"{args.cl}/{name}").read())
                    out.write(f"{macros}#define GM_NAME {kernel}\n#define GM_EPILOGUE_PARAMS\n")
                    for lanes in (1, 8):
                        out.write(f"#define GM_EPILOGUE{lanes}(v, h, w, n, k) (v)\n")
                    out.write(KERNEL.sub("void", open(f"{args.cl}/{file}").read()))
                flag = "-mcpu=" if target.startswith("aarch64") else "-march="
                built = subprocess.run(
                    [clang, "-x", "cl", "-cl-std=CL1.2", "-target", target, flag + cpu, "-O3", "-cl-mad-enable",
                     "-ffp-contract=fast", "-mprefer-vector-width=512", f"-DGM_WIDTH={width}", "-w", "-S", "-o", "-",
                     source], capture_output=True, text=True)
                if built.returncode != 0:
                    if "unknown target CPU" in built.stderr or "unsupported argument" in built.stderr:
                        print(f"SKIP {cpu}: {clang} does not know it")
                        break
                    sys.exit(built.stderr[:2000])
                loop = hot_loop(built.stdout)
                fmas = count(loop)
                spills = sum(1 for line in loop if SPILL.match(line))
                share = share_of_peak(mca, target, cpu, loop) if fmas else 0
                good = fmas >= 8 and not spills and share >= LESS.get((cpu, kernel), ASKED)
                judged += 1
                failed += not good
                print(f"{'ok  ' if good else 'FAIL'} {cpu:15} {kernel:10} {fmas:3} multiply-adds, {share:.2f} of the "
                      f"peak, {spills} spills")
                if args.verbose or not good:
                    print("\n".join(loop))
    print(f"{judged} loops judged by {mca}")
    sys.exit(1 if failed or judged == 0 else 0)


if __name__ == "__main__":
    main()
