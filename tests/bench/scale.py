#!/usr/bin/env python3
"""What more workers are worth: bench_scale over many ranks, a model fitted to it, and both as a plot.

    tests/bench/scale.py BENCH_SCALE [--workers 1,2,4,8,16,32] [--milliseconds 200] [--generations 20] --plot docs/scaling.png

Measured: what a generation takes beyond the workers' own time (they sleep), `cost`. All ranks share this machine's cores, so that
it grows with the processor time of them all: cost = base + share * N / cores is fitted to it (least squares). On a cluster each rank
has a core of its own, and messages go down and up a tree: predicted is cost(N) = base + (levels of the tree) * share, and
efficiency = evenness * work / (work + cost), where evenness is that of the true division of genomes and blocks
(bench_scale --cut), and work is the time a worker infers at the given speed. Needs numpy and matplotlib."""
import argparse
import math
import os
import pathlib
import subprocess

CASES = [  # network, layers, levels, images, in blocks of, images a second of a worker
    ("ResNet-50, 50,000 images, 1,000 images/s a worker", 54, 16, 50_000, 50, 1000),
    ("ResNet-50, 50,000 images, 2,500 images/s a worker", 54, 16, 50_000, 50, 2500),
    ("ResNet-20, 2,000 images, 2,800 images/s a worker", 22, 8, 2_000, 50, 2800),
]
GENOMES = 50
PREDICTED = [2 ** k for k in range(11)]


def measure(program, ranks, layers, levels, generations, milliseconds):
    command = ["mpirun", "--oversubscribe", "-n", str(ranks), program, str(layers), str(levels), str(generations), str(milliseconds)]
    line = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip().splitlines()[-1]
    workers, whole, cost, size = line.split(",")
    return int(workers), float(cost), int(size)


def fit(workers, costs, cores):
    import numpy
    matrix = numpy.stack([numpy.ones(len(workers)), numpy.asarray(workers) / cores], axis=1)
    (base, share), *_ = numpy.linalg.lstsq(matrix / numpy.asarray(costs)[:, None], numpy.ones(len(costs)), rcond=None)
    return max(base, 0.0), share


def evenness(program, workers, images, block):
    blocks = -(-images // block)
    return float(subprocess.run([program, "--cut", str(workers), str(GENOMES), str(blocks)], check=True, capture_output=True,
                                text=True).stdout)


def efficiency(program, base, share, workers, images, block, rate):
    work = GENOMES * images / rate / workers
    cost = base + share * math.ceil(math.log2(workers + 1))
    return evenness(program, workers, images, block) * work / (work + cost)


def draw(path, measured, fitted, predicted):
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 4))
    for (name, workers, costs), (base, share), colour in zip(measured, fitted, ("tab:blue", "tab:orange")):
        left.plot(workers, [1e3 * c for c in costs], "o", color=colour, label=f"{name}, measured")
        cores = os.cpu_count()
        left.plot(workers, [1e3 * (base + share * w / cores) for w in workers], "-", color=colour, label="fit")
    left.set(xscale="log", yscale="log", xlabel="workers, all on the same cores", ylabel="ms a generation beside the work")
    left.set_title("measured here")
    left.legend()
    for name, values in predicted:
        right.plot(PREDICTED, [100 * v for v in values], ".-", label=name)
    right.axhline(95, color="grey", linewidth=0.8)
    right.set(xscale="log", xlabel="workers, a core and a GPU each", ylabel="efficiency, %", ylim=(0, 103))
    right.set_title("predicted by the model, not measured")
    right.legend(fontsize=8, loc="lower left")
    figure.tight_layout()
    figure.savefig(path, dpi=110)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("--workers", default="1,2,4,8,16,32")
    parser.add_argument("--milliseconds", type=int, default=200)
    parser.add_argument("--generations", type=int, default=20)
    parser.add_argument("--plot", type=pathlib.Path)
    options = parser.parse_args()
    counts = [int(w) for w in options.workers.split(",")]
    cores = os.cpu_count()
    measured, fitted = [], []
    print("| network | workers | ms a generation beside the work | genomes a second, of workers that take no time | kB a generation |\n|---|---|---|---|---|")
    for name, layers, levels in (("ResNet-50", 54, 16), ("ResNet-20", 22, 8)):
        costs = []
        for workers in counts:
            _, cost, size = measure(options.program, workers + 1, layers, levels, options.generations, options.milliseconds)
            _, bare, _ = measure(options.program, workers + 1, layers, levels, options.generations, 0)
            costs.append(cost)
            print(f"| {name} | {workers} | {1e3 * cost:.1f} | {GENOMES / bare:,.0f} | {size / 1e3:.0f} |", flush=True)
        measured.append((name, counts, costs))
        fitted.append(fit(counts, costs, cores))
        print(f"\n{name}: cost = {1e3 * fitted[-1][0]:.2f} ms + {1e3 * fitted[-1][1]:.2f} ms * workers / {cores} cores\n")
    predicted = []
    print("| predicted efficiency | 64 | 256 | 1,024 |\n|---|---|---|---|")
    for name, layers, levels, images, block, rate in CASES:
        base, share = fitted[0 if layers == 54 else 1]
        predicted.append((name, [efficiency(options.program, base, share, w, images, block, rate) for w in PREDICTED]))
        at = dict(zip(PREDICTED, predicted[-1][1]))
        print(f"| {name} | {100 * at[64]:.1f} % | {100 * at[256]:.1f} % | {100 * at[1024]:.1f} % |")
    if options.plot:
        draw(options.plot, measured, fitted, predicted)


if __name__ == "__main__":
    main()
