#!/usr/bin/env python3
"""`vbq compare`: the same table and the same searches on any number of ranks, and after a kill.

Runs one comparison undisturbed on one rank; the same on each number of ranks given; then again, killed with SIGKILL at a random moment
and resumed on another number of ranks. compare.csv must be the first's but for the last column, which is seconds; history.csv and
best.json of every search, and every row's best.json, byte for byte.

    compare.py VBQ JOB.toml [--ranks 2,4] [--seed 1] [--set key=value]...
"""
import argparse
import pathlib
import random
import tempfile
import time

import runs


SEARCHES = {False: 5, True: 1}  # whether there is a budget


def budget(folder):
    return "\nbudget = " in (folder / "job.toml").read_text()


def table(folder):
    return [line.rsplit(",", 1)[0] for line in (folder / "compare.csv").read_text().splitlines()]


def same(folder, expected, what):
    mine, whole = table(folder), table(expected)
    if mine != whole:
        line = next((i for i, (a, b) in enumerate(zip(mine, whole)) if a != b), min(len(mine), len(whole)))
        runs.fail(f"{what}: compare.csv differs, first in line {line + 1}:\n{mine[line:line + 1]}\n{whole[line:line + 1]}")
    searches = sorted(path.parent.name for path in expected.glob("*/history.csv"))
    if len(searches) != SEARCHES[budget(expected)]:
        runs.fail(f"{what}: five searches, or one within a budget, were expected, {searches} are there")
    rows = sorted(path.relative_to(expected) for path in expected.glob("rows/*/best.json"))
    if len(rows) != len(whole) - 2:  # but for the header and the network as trained
        runs.fail(f"{what}: {len(whole) - 2} rows have no best.json each: {rows}")
    for row in rows:
        if (folder / row).read_bytes() != (expected / row).read_bytes():
            runs.fail(f"{what}: {row} differs")
    for search in searches:
        runs.same(folder / search, expected / search, f"{what}, {search}")


def killed(options, folder, seconds, dice):
    """Killed once, at a random moment, on the first number of ranks; resumed on the last."""
    process = runs.start(options, options.ranks[0], folder)
    moment = dice.uniform(0.2, 0.8) * seconds
    time.sleep(moment)
    if process.poll() is not None:
        runs.finish(process, "the comparison that was to be killed")
        runs.fail("a comparison was at its end before it could be killed")
    rows = len(table(folder)) - 1 if (folder / "compare.csv").exists() else 0
    runs.kill_all(process)
    print(f"killed on {options.ranks[0]} ranks after {moment:.1f} s, with {rows} rows", flush=True)
    runs.finish(runs.start(options, options.ranks[-1], folder, resume=(folder / "job.toml").exists()), f"going on on {options.ranks[-1]} ranks")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("vbq")
    parser.add_argument("job")
    parser.add_argument("--ranks", default="2,4", type=lambda text: [int(n) for n in text.split(",")])
    parser.add_argument("--seed", default=1, type=int)
    parser.add_argument("--set", action="append", default=[])
    options = parser.parse_args()
    options.command = "compare"
    with tempfile.TemporaryDirectory() as name:
        work = pathlib.Path(name)
        start = time.monotonic()
        runs.finish(runs.start(options, 1, work / "alone"), "alone")
        seconds = time.monotonic() - start
        for ranks in options.ranks:
            runs.finish(runs.start(options, ranks, work / str(ranks)), f"on {ranks} ranks")
            same(work / str(ranks), work / "alone", f"on {ranks} ranks")
        killed(options, work / "killed", seconds, random.Random(options.seed))
        same(work / "killed", work / "alone", "after a kill")


if __name__ == "__main__":
    main()
