#!/usr/bin/env python3
"""The promise of exactness, on any job: the same history.csv, best.json and classes.csv on any number of ranks, and after kills.

Runs one search undisturbed on one rank; the same on each number of ranks given; then again, killed with SIGKILL at random
moments and resumed each time on another number of ranks. Each of the three must be byte for byte the first's.

    exactness.py VBQ JOB.toml --ranks 2,4,7 --kills 3 [--seed 1] [--set key=value]...
"""
import argparse
import pathlib
import random
import shutil
import tempfile
import time

from runs import finish, generations, kill_all, same, start


def killed_run(options, folder, seconds, dice):
    """Kills at options.kills random moments; returns the rank counts used."""
    used = []
    for kill in range(options.kills + 1):
        ranks = dice.choice([r for r in [1] + options.ranks if not used or r != used[-1]])
        used.append(ranks)
        process = start(options, ranks, folder, resume=kill > 0)
        if kill == options.kills:
            finish(process, f"the last start, on {ranks} ranks,")
            break
        moment = dice.uniform(0.1, 0.9) * seconds / (options.kills + 1) + 0.2
        deadline = time.monotonic() + moment
        while time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.01)
        if process.poll() is not None and process.returncode != 0:
            finish(process, f"start {kill} on {ranks} ranks")
        print(f"killed on {ranks} ranks after {moment:.1f} s, in generation {generations(folder) + 1}", flush=True)
        kill_all(process)
    return used


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("vbq")
    parser.add_argument("job")
    parser.add_argument("--ranks", default="2,4,7", type=lambda text: [int(word) for word in text.split(",")])
    parser.add_argument("--kills", default=3, type=int)
    parser.add_argument("--seed", default=1, type=int)
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--keep", help="leave the run folders here")
    options = parser.parse_args()
    work = pathlib.Path(options.keep or tempfile.mkdtemp(prefix="vbq_exactness_"))
    work.mkdir(parents=True, exist_ok=True)
    try:
        began = time.monotonic()
        finish(start(options, 1, work / "alone"), "the run on one rank")
        seconds = time.monotonic() - began
        for ranks in options.ranks:
            finish(start(options, ranks, work / f"ranks{ranks}"), f"the run on {ranks} ranks")
            same(work / f"ranks{ranks}", work / "alone", f"{ranks} ranks")
        if options.kills > 0:
            used = killed_run(options, work / "killed", seconds, random.Random(options.seed))
            same(work / "killed", work / "alone", f"killed {options.kills} times, on {', then '.join(map(str, used))} ranks")
    finally:
        if not options.keep:
            shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
