"""Seconds of a whole `vbq compare` by two programs, in turn, in one run: what rows share.

    compare_rows.py BEFORE AFTER JOB.toml [--pairs 2] [--threads 2] [--ranks 1] [--set key=value]...

For each: wall seconds from start to end, and the processor seconds of all its processes, which other programs on the machine change
less. Both must give the same tallies for every row (in compare.csv all but sizes, which a version may count otherwise, and seconds).
"""
import argparse
import csv
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time

TALLIES = ("width", "codebook", "assignment", "matching", "held_out_top1", "held_out_top5", "search_top1", "search_top5", "search_divergence",
           "evaluations")


def run(options, program, folder):
    words = [program, "compare", str(options.job), "--run", str(folder), "--threads", str(options.threads), "--log", "error"]
    for change in options.set:
        words += ["--set", change]
    if options.ranks > 1:
        words = ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", str(options.ranks)] + words
    environment = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(words, check=True, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    wall, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    with open(folder / "compare.csv") as file:
        rows = [[row[name] for name in TALLIES] for row in csv.DictReader(file)]
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, rows


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("before")
    parser.add_argument("after")
    parser.add_argument("job", type=pathlib.Path)
    parser.add_argument("--pairs", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--ranks", type=int, default=1)
    parser.add_argument("--set", action="append", default=[])
    options = parser.parse_args()
    walls, busy = [], []
    with tempfile.TemporaryDirectory() as name:
        for pair in range(options.pairs):
            long, long_busy, expected = run(options, options.before, pathlib.Path(name) / f"before{pair}")
            short, short_busy, rows = run(options, options.after, pathlib.Path(name) / f"after{pair}")
            if rows != expected:
                different = next((a for a, b in zip(rows, expected) if a != b), None)
                sys.exit(f"the tables differ: {len(rows)} rows and {len(expected)}; the first that differs is {different}")
            walls.append((long, short))
            busy.append((long_busy, short_busy))
            print(f"{len(rows)} rows: before {long:.1f} s ({long_busy:.1f} s of processors), after {short:.1f} s ({short_busy:.1f} s): "
                  f"{long / short:.2f} times ({long_busy / short_busy:.2f})", flush=True)
    for what, pairs in (("wall", walls), ("processors", busy)):
        print(f"{what}: before {statistics.median(a for a, _ in pairs):.1f} s, after {statistics.median(b for _, b in pairs):.1f} s, "
              f"median of ratios {statistics.median(a / b for a, b in pairs):.2f}")


if __name__ == "__main__":
    main()
