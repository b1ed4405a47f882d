#!/usr/bin/env python3
"""What more workers are worth: bench_scale over many ranks, a made-up cluster under the same schedule, and both as tables.

    tests/bench/scale.py BENCH_SCALE --resnet20 NETWORK.onnx --resnet50 NETWORK.onnx [--workers 1,2,4,8,16,32] [--plot docs/scaling.png]

Measured: a generation of 50 genomes with the true master, messages, archives, making of nearest levels, and packed networks that are
handed over; only inference (and a pass) is slept. All ranks share this machine's cores, so what a generation takes beyond the sleep
grows with the processor time of all of them. The same generation is played on a made-up cluster (bench_scale --simulate: the true
Schedule, event by event), once with a core for all, to be held against what was measured, and once with a core and a device a
worker, which is the prediction. ResNet-50's network may be one with made-up weights (tests/zoo/graphs.py). Needs matplotlib for --plot."""
import argparse
import os
import pathlib
import subprocess

GENOMES = 50
PREDICTED = [2 ** k for k in range(11)]
# network, assignment, blocks of 50 images, parts, seconds to make a network and to infer a block
CASES = [
    ("ResNet-20, 2,000 images", "resnet20", 40, 1, {"nearest": 0.004, "compensated": 0.03, "sequential": 1.4}, 50 / 2800),
    ("ResNet-50, 50,000 images", "resnet50", 1000, 8, {"nearest": 0.1, "compensated": 6.0, "sequential": 60.0}, 50 / 1000),
]


def run(program, arguments, ranks=0):
    command = (["mpirun", "--oversubscribe", "-n", str(ranks)] if ranks else []) + [str(program)] + [str(a) for a in arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip().splitlines()[-1].split(",")


def simulate(program, workers, blocks, parts, make, block, size, message, latency=100e-6, bandwidth=1.25e9):
    seconds, efficiency, handed = run(program, ["--simulate", workers, GENOMES, blocks, parts, 1e3 * make, 1e3 * block, size,
                                                1e6 * latency, 1e6 * message, bandwidth / 1e9])
    return float(seconds), float(efficiency), int(handed)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("--resnet20", required=True)
    parser.add_argument("--resnet50", required=True)
    parser.add_argument("--workers", default="1,2,4,8,16,32")
    parser.add_argument("--generations", type=int, default=5)
    parser.add_argument("--plot", type=pathlib.Path)
    options = parser.parse_args()
    counts = [int(w) for w in options.workers.split(",")]
    networks = {"resnet20": options.resnet20, "resnet50": options.resnet50}
    sizes, measured = {}, []
    print(f"{os.cpu_count()} cores\n")
    print("| network | making | workers | s a generation | work slept / workers | simulated | sent by rank 0, kB | networks handed over | "
          "of bytes each |\n|---|---|---|---|---|---|---|---|---|")
    for name, network, levels, making, make, block, blocks in (
            ("ResNet-20", "resnet20", 8, "nearest", 0, 0.005, 40), ("ResNet-20", "resnet20", 8, "sequential", 0.1, 0.005, 40),
            ("ResNet-50", "resnet50", 8, "sequential", 0.2, 0.005, 40)):
        for workers in counts:
            if network == "resnet50" and workers > 8:
                continue  # each rank holds the network several times
            _, seconds, work, sent, handed, size = run(options.program, [networks[network], making, levels, GENOMES, blocks,
                                                                         options.generations, 1e3 * make, 1e3 * block], workers + 1)
            sizes[network] = int(size)
            told, _, _ = simulate(options.program, workers, blocks, 1, make, block, int(size), 50e-6 * max(1, workers / os.cpu_count()))
            measured.append((name, making, workers, float(seconds), float(work) / workers, told))
            print(f"| {name} | {making} | {workers} | {float(seconds):.3f} | {float(work) / workers:.3f} | {told:.3f} | "
                  f"{int(sent) / 1e3:.0f} | {float(handed):.1f} | {int(size):,} |", flush=True)
    predicted = []
    print("\n| predicted efficiency | making, s | 64 | 256 | 1,024 |\n|---|---|---|---|---|")
    for name, network, blocks, parts, makes, block in CASES:
        for making, make in makes.items():
            values = [simulate(options.program, w, blocks, parts, make, block, sizes[network], 50e-6)[1] for w in PREDICTED]
            predicted.append((f"{name}, {making}", values))
            at = dict(zip(PREDICTED, values))
            print(f"| {name}, {making} | {make} | {100 * at[64]:.1f} % | {100 * at[256]:.1f} % | {100 * at[1024]:.1f} % |")
    if options.plot:
        draw(options.plot, measured, predicted)


def draw(path, measured, predicted):
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 4))
    for key in dict.fromkeys((m[0], m[1]) for m in measured):
        rows = [m for m in measured if (m[0], m[1]) == key]
        line, = left.plot([m[2] for m in rows], [m[3] for m in rows], "o", label=", ".join(key))
        left.plot([m[2] for m in rows], [m[5] for m in rows], "-", color=line.get_color())
    left.set(xscale="log", yscale="log", xlabel="workers, all on the same cores", ylabel="s a generation (dots; line: simulated)")
    left.set_title("measured here")
    left.legend()
    for name, values in predicted:
        right.plot(PREDICTED, [100 * v for v in values], ".-", label=name)
    right.axhline(90, color="grey", linewidth=0.8)
    right.set(xscale="log", xlabel="workers, a core and a device each", ylabel="efficiency, %", ylim=(0, 103))
    right.set_title("predicted by the model, not measured")
    right.legend(fontsize=7, loc="lower left")
    figure.tight_layout()
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
