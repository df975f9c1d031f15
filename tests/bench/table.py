#!/usr/bin/env python3
"""Times Ganymede beside OpenBLAS (through NumPy) and PyTorch on this machine, in turn, and writes RESULTS.md.

    /usr/bin/python3 tests/bench/table.py --ganymede build/tools/ganymede [--peer PEER_STEP.py --python PYTHON]
                                          [--rounds 5] [--only gemm,conv,memory,step,layers,scale,width,start,measure] [-o RESULTS.md]

Machines are noisy: each row runs ours and the peer alternately, `rounds` times, and reports medians, and of ratios the
median over the rounds. Needs python3-numpy with OpenBLAS (libopenblas0), and for the sections `step`, `layers` and
`measure` the newest PyTorch:

    python3 -m venv peer && peer/bin/pip install torch            # --python peer/bin/python

PEER_STEP.py times a step of MODEL: `PEER_STEP.py MODEL --mode best|bf16 --batch N --steps N` prints JSON objects, the
last of which has median_ms, mode and torch. Where the CPU has no bf16 instructions PyTorch emulates them, at a hundredth
of the speed: that mode is left out there.
"""
import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time


def ganymede(args, *words, env=None):
    """One JSON object of a bench command."""
    out = subprocess.run([args.ganymede, "bench", *map(str, words), "--json"], capture_output=True, text=True,
                         env={**os.environ, **(env or {})})
    if out.returncode != 0:
        sys.exit(f"ganymede bench {' '.join(map(str, words))}: {out.stderr.strip()}")
    return json.loads(out.stdout)


def numpy_gemm(m, n, k):
    """GFLOP/s of OpenBLAS in a process of its own, so that its threads never meet ours."""
    code = (f"import numpy as np, time\n"
            f"a = np.random.rand({m}, {k}).astype(np.float32); b = np.random.rand({k}, {n}).astype(np.float32)\n"
            f"c = a @ b; t = []\n"
            f"if 'openblas' not in open('/proc/self/maps').read(): exit('NumPy has no OpenBLAS: apt-get install libopenblas0')\n"
            f"repeat = max(1, int(2e9 / (2 * {m} * {n} * {k})))\n"
            f"for _ in range(9):\n"
            f"    s = time.perf_counter()\n"
            f"    for _ in range(repeat): np.matmul(a, b, out=c)\n"
            f"    t.append((time.perf_counter() - s) / repeat)\n"
            f"print(2e-9 * {m} * {n} * {k} / sorted(t)[4])\n")
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    if out.returncode != 0:
        sys.exit(out.stderr.strip())
    return float(out.stdout)


def torch_step(args, model, batch, mode, steps):
    # OpenBLAS's variables for Debian's NumPy are none of PyTorch's.
    env = {name: value for name, value in os.environ.items() if not name.startswith("OPENBLAS_")}
    here = [name for name, models in PEERS.items() if model in models]
    peer = os.path.join(os.path.dirname(__file__), here[0]) if here else args.peer
    out = subprocess.run([args.python, peer, model, "--mode", mode, "--batch", str(batch), "--steps", str(steps)],
                         capture_output=True, text=True, env=env)
    if out.returncode != 0:
        sys.exit(f"{peer} {model}: {out.stderr.strip()[-500:]}")
    return json.loads(out.stdout.strip().splitlines()[-1])


def median(values):
    return statistics.median(values)


def in_turn(rounds, ours, peer):
    """Medians of both, each round running one after the other."""
    left, right = [], []
    for _ in range(rounds):
        left.append(ours())
        right.append(peer())
    return median(left), median(right)


def gemm_rows(args):
    yield "## Matrix products beside OpenBLAS (GFLOP/s)", ["M N K", "operands", "Ganymede", "OpenBLAS", "ratio", "asked"]
    cases = [((1024, 1024, 1024), None, .8), ((128, 4096, 800), None, .8), ((2048, 256, 512), None, .8),
             ((64, 4096, 1024), None, .7), ((1024, 1024, 1024), "b", .9), ((128, 4096, 800), "b", .9),
             ((2048, 256, 512), "b", .9), ((64, 4096, 1024), "b", .9)]
    for (m, n, k), constant, asked in cases:
        extra = ["--constant", constant] if constant else []
        ours, peer = in_turn(args.rounds, lambda: ganymede(args, "gemm", m, n, k, *extra)["gflops"],
                             lambda: numpy_gemm(m, n, k))
        yield [f"{m} {n} {k}", f"{constant} constant" if constant else "both packed every time", f"{ours:.0f}",
               f"{peer:.0f}", f"{ours / peer:.2f}", f"{asked}"]


CONVOLUTIONS = [
    # name, command, sizes, asked: how many times as fast as the direct kernels
    ("64 -> 128 at 16", "conv", (64, 64, 16, 16, 128, 4, 4, 2, 1), 1.6),
    ("128 -> 256 at 8", "conv", (64, 128, 8, 8, 256, 4, 4, 2, 1), None),
    ("128 -> 256 at 16", "conv", (64, 128, 16, 16, 256, 4, 4, 2, 1), 1.6),
    ("256 -> 512 at 8", "conv", (64, 256, 8, 8, 512, 4, 4, 2, 1), None),
    ("3x3 64 at 16", "conv", (64, 64, 16, 16, 64, 3, 3, 1, 1), 1.7),
    ("3x3 128 at 8", "conv", (64, 128, 8, 8, 128, 3, 3, 1, 1), 1.7),
    ("256 -> 128 transposed", "conv_transpose", (64, 256, 4, 4, 128, 4, 4, 2, 1), None),
    ("128 -> 64 transposed", "conv_transpose", (64, 128, 8, 8, 64, 4, 4, 2, 1), None),
    ("1 -> 64 at 32 (thin)", "conv", (64, 1, 32, 32, 64, 4, 4, 2, 1), None),
    ("64 -> 1 transposed (thin)", "conv_transpose", (64, 64, 16, 16, 1, 4, 4, 2, 1), None),
    ("256 -> 1 at 4 (thin)", "conv", (64, 256, 4, 4, 1, 4, 4, 1, 0), None),
    ("100 -> 256 transposed", "conv_transpose", (64, 100, 1, 1, 256, 4, 4, 1, 0), None),
]


def conv_rows(args):
    """The direct kernels also beside OpenBLAS's product of 1024."""
    yield "## Convolutions (the default beside the direct kernels; GFLOP are the direct algorithm's)", \
        ["layer", "direction", "ms", "direct ms", "ratio", "asked", "direct GFLOP/s", "of OpenBLAS's 1024"]
    for name, command, sizes, asked in CONVOLUTIONS:
        for direction in ("forward", "input", "weight"):
            ours, direct, blas = [], [], []
            for _ in range(args.rounds):
                ours.append(ganymede(args, command, *sizes, "--direction", direction))
                direct.append(ganymede(args, command, *sizes, "--direction", direction, "--variant", "direct"))
                blas.append(numpy_gemm(1024, 1024, 1024))
            yield [name, direction, f"{median([r['median_ms'] for r in ours]):.3f}",
                   f"{median([r['median_ms'] for r in direct]):.3f}",
                   f"{median([d['median_ms'] / o['median_ms'] for d, o in zip(direct, ours)]):.2f}", str(asked or ""),
                   f"{median([r['gflops'] for r in direct]):.0f}",
                   f"{median([r['gflops'] / b for r, b in zip(direct, blas)]):.2f}"]


def memory_rows(args):
    yield "## Memory-bound kernels (share of the triad at the same number of bytes)", \
        ["kernel", "bytes", "GB/s", "share", "asked"]
    for size in (4 << 20, 64 << 20):
        for words, asked in ((("elementwise", "--bytes", size), .8), (("reduce", "--bytes", size), .65)):
            rows = [ganymede(args, *words) for _ in range(args.rounds)]
            yield [words[0], f"{size >> 20} MiB", f"{median([r['gbps'] for r in rows]):.1f}",
                   f"{median([r['fraction_of_peak'] for r in rows]):.2f}", f"{asked}"]


STEPS = [  # recipe, the peer's model, batch, steps timed, ratio asked
    ("samples/dcgan-fashion.yaml", "dcgan32", 64, 10, 2.4), ("tests/bench/dcgan64.yaml", "dcgan64", 64, 4, 2.0),
    ("samples/wgan-gp-fashion.yaml", "wgan_gp", 64, 8, 2.8), ("samples/r3gan-fashion.yaml", "r3gan", 64, 8, 1.9),
    ("samples/mlp-fashion.yaml", "mlp", 100, 100, 2.2), ("samples/edges-fashion.yaml", "edges", 32, 20, 1.8),
    ("samples/trousers-dresses.yaml", "trousers", 16, 20, 1.8), ("samples/video-clothes.yaml", "video", 32, 10, 1.5),
    ("samples/text-wgan.yaml", "text-wgan", 64, 8, 1.5), ("samples/text-lm.yaml", "text-lm", 64, 10, 1.0),
    ("samples/wavegan-digits.yaml", "wavegan", 64, 8, 1.5)]
PEERS = {"peer_translation.py": ("edges", "trousers"),  # beside this file; all others are args.peer's
         "peer_sequences.py": ("video", "text-wgan", "text-lm", "wavegan")}


def has_bf16():
    with open("/proc/cpuinfo") as file:
        return re.search(r"\b(avx512_bf16|amx_bf16|bf16)\b", file.read()) is not None


def step_rows(args):
    """After `ganymede tune`, which takes the time that a first start does not."""
    yield "## Training steps beside PyTorch (ms; its fastest of eager, channels last and compiled; and in bf16 by autocast " \
        "while we compute in float32; GFLOP are counted as the direct algorithm's)", \
        ["recipe", "batch", "Ganymede", "GFLOP/s", "PyTorch", "mode", "ratio", "asked", "bf16", "ratio"]
    for recipe, model, batch, steps, asked in STEPS:
        if subprocess.run([args.ganymede, "train", recipe, "--dry-run"], capture_output=True).returncode != 0:
            print(f"{recipe}: left out, it or its data are not here", file=sys.stderr)
            continue
        subprocess.run([args.ganymede, "tune", recipe], check=True, capture_output=True)
        modes = ("best", "bf16") if has_bf16() else ("best",)
        runs = {"ours": [], **{mode: [] for mode in modes}}
        for _ in range(args.rounds):
            runs["ours"].append(ganymede(args, "step", recipe, "--steps", steps))
            for mode in modes:
                runs[mode].append(torch_step(args, model, batch, mode, steps))
        time = {what: [run["median_ms"] for run in of] for what, of in runs.items()}
        ratio = {what: median([peer / ours for peer, ours in zip(time[what], time["ours"])]) for what in time}
        fastest = [run["mode"] for run in runs["best"]]
        flop = median([run["gflop_per_step"] / run["median_ms"] * 1e3 for run in runs["ours"]])
        yield [os.path.basename(recipe).removesuffix(".yaml"), str(batch), f"{median(time['ours']):.1f}", f"{flop:.0f}",
               f"{median(time['best']):.1f}", max(set(fastest), key=fastest.count), f"{ratio['best']:.2f}", f"{asked}",
               *((f"{median(time['bf16']):.1f}", f"{ratio['bf16']:.2f}") if "bf16" in modes else ("–", "–"))]


LAYERS = [  # what, PyTorch's in peer_layers.py, ours, asked
    ("conv, 64 to 128, width 25, stride 4, length 4096, batch 16", "conv1d",
     ["layers", "conv: { channels: 128, kernel: 25, stride: 4, padding: 11 }", 16, 64, 4096], "1.5"),
    ("conv, 32 to 64, 4 x 4 x 4, stride 2, 8 x 16 x 16, batch 16", "conv3d",
     ["layers", "conv: { channels: 64, kernel: 4, stride: 2, padding: 1 }", 16, 32, 8, 16, 16, "--channels-last"], "1.5"),
    ("gru of 256, 64 positions, batch 64", "gru", ["layers", "gru: 256", 64, 256, 64], "1.0"),
    ("attention, 256 positions, 64 channels, batch 64", "attention",
     ["layers", "attention: { key: 64, gate: false, bias: true }", 64, 64, 256], "1.0"),
    ("256 products of 64 x 64", "products", ["gemm", 64, 64, 64, "--batch", 256, "--gradients"], "1.0"),
]


def torch_layer(args, name):
    peer = os.path.join(os.path.dirname(os.path.abspath(__file__)), "peer_layers.py")
    env = {key: value for key, value in os.environ.items() if not key.startswith("OPENBLAS_")}
    out = subprocess.run([args.python, peer, name], capture_output=True, text=True, env=env)
    if out.returncode != 0:
        sys.exit(f"{peer} {name}: {out.stderr.strip()[-500:]}")
    return json.loads(out.stdout)["median_ms"]


def layer_rows(args):
    """Volumes have their channels last on both sides; else input and output lie in row-major order, on both sides, too,
    and what a step keeps in another is converted here."""
    yield "## Layers forward and back beside PyTorch (ms)", ["layer", "Ganymede", "GFLOP/s", "PyTorch", "ratio", "asked"]
    for what, peer, words, asked in LAYERS:
        ours, theirs = [], []
        for _ in range(args.rounds):
            ours.append(ganymede(args, *words))
            theirs.append(torch_layer(args, peer))
        times = [run["median_ms"] for run in ours]
        yield [what, f"{median(times):.1f}", f"{median([run['gflops'] for run in ours]):.0f}", f"{median(theirs):.1f}",
               f"{median([peer / own for peer, own in zip(theirs, times)]):.2f}", asked]


def steps_in_turn(args, cases):
    """{case: its runs' results}; every round runs all cases, since machines change their pace."""
    results = {case: [] for case in cases}
    for _ in range(args.rounds):
        for case, words in cases.items():
            results[case].append(ganymede(args, "step", *words, "--steps", 8))
    return results


def step_figures(runs):
    return (median([r["images_per_s"] for r in runs]),
            median([r["gflop_per_step"] / r["median_ms"] * 1e3 for r in runs]))


def scale_rows(args):
    yield "## Cost grows with the work (dcgan-fashion; asked: within 15 % of batch 64)", \
        ["batch", "images/s", "of batch 64", "GFLOP/s", "device MB", "unplanned MB"]
    runs = steps_in_turn(args, {b: ("samples/dcgan-fashion.yaml", "--batch", b) for b in (32, 64, 128, 256)})
    for batch, rows in runs.items():
        images, gflops = step_figures(rows)
        share = median([r["images_per_s"] / base["images_per_s"] for r, base in zip(rows, runs[64])])
        yield [str(batch), f"{images:.0f}", f"{share:.2f}", f"{gflops:.0f}", f"{rows[0]['device_bytes'] / 1e6:.0f}",
               f"{rows[0]['unplanned_bytes'] / 1e6:.0f}"]


def width_rows(args):
    yield "## Wider networks (dcgan-fashion with other channels; asked: GFLOP/s keep or rise)", \
        ["channels", "images/s", "GFLOP/s"]
    with open("samples/dcgan-fashion.yaml") as file:
        recipe = file.read()
    with tempfile.TemporaryDirectory() as folder:
        cases = {}
        for width in (32, 64, 128):
            path = os.path.join(folder, f"width{width}.yaml")
            with open(path, "w") as file:
                file.write(re.sub(r"channels: (64|128|256)\b", lambda m: f"channels: {int(m[1]) * width // 64}", recipe))
            cases[width] = (path,)
        for width, rows in steps_in_turn(args, cases).items():
            images, gflops = step_figures(rows)
            yield [f"{width}-{2 * width}-{4 * width}", f"{images:.0f}", f"{gflops:.0f}"]


def start_rows(args):
    yield "## Starting (seconds for `train samples/dcgan-fashion.yaml --steps 1`, all of the command)", \
        ["caches", "seconds", "asked"]
    cold, warm = [], []
    for _ in range(max(1, args.rounds // 2)):
        folder = tempfile.mkdtemp()
        env = {**os.environ, "POCL_CACHE_DIR": folder, "XDG_CACHE_HOME": folder}
        for times in (cold, warm):
            start = time.perf_counter()
            subprocess.run([args.ganymede, "train", "samples/dcgan-fashion.yaml", "--steps", "1", "--quiet", "--out",
                            os.path.join(folder, f"run{len(cold)}{len(warm)}")], check=True, env=env)
            times.append(time.perf_counter() - start)
        shutil.rmtree(folder)
    yield ["cold", f"{median(cold):.1f}", "8"]
    yield ["warm", f"{median(warm):.2f}", "0.5"]


NORMALS = "import numpy as np; g = np.random.default_rng({seed}); x = g.standard_normal((10000, 16), np.float32)\n"
SEARCH = ("import torch, time; x = torch.from_numpy(x); t = []\n"
          "for _ in range(5):\n"
          "    s = time.perf_counter(); torch.cdist(x, x).topk(6, largest=False); t.append(time.perf_counter() - s)\n"
          "print(sorted(t)[2])\n")


def measure_rows(args):
    """A peer's search alone beside ours with the start of the command, its files and the estimate."""
    yield "## Measures of 10,000 against 10,000 normal samples of 16 values (seconds for all of the command)", \
        ["what", "seconds", "PyTorch", "asked"]
    times, peer = {}, []
    with tempfile.TemporaryDirectory() as folder:
        files = [os.path.join(folder, f"{side}.npy") for side in "ab"]
        for seed, path in enumerate(files):
            subprocess.run([sys.executable, "-c", NORMALS.format(seed=seed) + f"np.save({path!r}, x)"], check=True)
        for i in range(args.rounds):
            caches = {"POCL_CACHE_DIR": f"{folder}/{i}", "XDG_CACHE_HOME": f"{folder}/{i}"}
            for what, words in (("all of `measure`, nothing cached", []), ("all of `measure`, kernels cached", []),
                                ("`--metrics entropy_fake`: 5 nearest neighbours", ["--metrics", "entropy_fake"])):
                start = time.perf_counter()
                subprocess.run([args.ganymede, "measure", *files, *words], check=True, capture_output=True,
                               env={**os.environ, **caches})
                times.setdefault(what, []).append(time.perf_counter() - start)
            code = NORMALS.format(seed=0) + SEARCH
            peer.append(float(subprocess.run([args.python, "-c", code], capture_output=True, check=True).stdout))
    for what, asked in zip(times, ("30", "30", "2")):
        yield [what, f"{median(times[what]):.2f}", f"{median(peer):.2f}" if asked == "2" else "–", asked]


SECTIONS = {"gemm": gemm_rows, "conv": conv_rows, "memory": memory_rows, "step": step_rows, "layers": layer_rows,
            "scale": scale_rows,
            "width": width_rows, "start": start_rows, "measure": measure_rows}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ganymede", default="build/tools/ganymede")
    parser.add_argument("--peer", help="a script that times one step of PyTorch (see above)")
    parser.add_argument("--python", default=sys.executable, help="the Python that has PyTorch")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default=",".join(SECTIONS))
    parser.add_argument("-o", "--output", default="tests/bench/RESULTS.md")
    args = parser.parse_args()
    if "step" in args.only.split(",") and not args.peer:
        parser.error("the section `step` needs --peer")
    peak = ganymede(args, "peak")
    versions = [subprocess.run([args.ganymede, "--version"], capture_output=True, text=True).stdout.strip()]
    torch = subprocess.run([args.python, "-c", "import torch; print(torch.__version__)"], capture_output=True, text=True)
    if torch.returncode == 0:
        versions.append(f"PyTorch {torch.stdout.strip()}")
    lines = ["# Measured", "",
             f"Device: {peak['device']}, {os.cpu_count()} cores. Written by `tests/bench/table.py --rounds "
             f"{args.rounds}`; medians. {', '.join(versions)}; NumPy and OpenBLAS are Debian's. On a shared machine the pace "
             "changes by up to two times within minutes: times of different rows do not compare, ratios come from runs in "
             "turns, and even of those a third may be chance.", "",
             f"Ceilings (`ganymede bench peak`): {peak['fma_gflops']:.0f} GFLOP/s of multiply-adds in registers, "
             f"{peak['gemm_gflops']:.0f} GFLOP/s for the matrix kernel in the cache, {peak['triad_gbps']:.1f} GB/s "
             "for the triad in memory.", ""]
    for name in args.only.split(","):
        rows = SECTIONS[name](args)
        title, head = next(rows)
        lines += [title, "", "| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
        print(title, flush=True)
        for row in rows:
            lines.append("| " + " | ".join(row) + " |")
            print("  " + "  ".join(row), flush=True)
        lines.append("")
    with open(args.output, "w") as file:
        file.write("\n".join(lines))


if __name__ == "__main__":
    main()
