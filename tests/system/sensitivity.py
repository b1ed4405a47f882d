#!/usr/bin/env python3
"""vbq sensitivity: the same table and the same sensitivity.h5 on any number of ranks, and through a kill in its middle.

    sensitivity.py VBQ JOB.toml --ranks 2,4 [--set key=value]...
"""
import argparse
import json
import pathlib
import shutil
import subprocess
import tempfile
import time

from runs import fail, kill_all, start


def table(process, what):
    out, errors = process.communicate()
    if process.returncode != 0:
        fail(f"{what} ended with exit code {process.returncode}:\n{errors}")
    return json.loads(out)


def begin(options, ranks, folder):
    return start(options, ranks, folder, more=["--json"], stdout=subprocess.PIPE)


def same(mine, whole, found, expected, what):
    if mine != whole:
        fail(f"{what}: another table than on one rank:\n{mine}\n{whole}")
    if (found / "sensitivity.h5").read_bytes() != (expected / "sensitivity.h5").read_bytes():
        fail(f"{what}: another sensitivity.h5 than on one rank")
    print(f"same table: {what}", flush=True)


def killed(options, folder):
    """Kills one that has left a part of the table; whether it did."""
    process = begin(options, 1, folder)
    while process.poll() is None and not (folder / "sensitivity.h5").exists():
        time.sleep(0.002)
    if process.poll() is not None:
        return False
    kill_all(process)
    return True


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("vbq")
    parser.add_argument("job")
    parser.add_argument("--ranks", default="2,4", type=lambda text: [int(word) for word in text.split(",")])
    parser.add_argument("--set", action="append", default=[])
    options = parser.parse_args()
    options.command = "sensitivity"
    work = pathlib.Path(tempfile.mkdtemp(prefix="vbq_sensitivity_"))
    try:
        whole = table(begin(options, 1, work / "alone"), "the command on one rank")
        if not whole["allocation"]:
            fail("there is no allocation to compare")
        for ranks in options.ranks:
            folder = work / f"ranks{ranks}"
            same(table(begin(options, ranks, folder), f"{ranks} ranks"), whole, folder, work / "alone", f"{ranks} ranks")
        if not killed(options, work / "killed"):
            fail("the command ended before it could be killed: a longer one was expected")
        if (work / "killed" / "sensitivity.h5").read_bytes() == (work / "alone" / "sensitivity.h5").read_bytes():
            fail("the table was whole before the command was killed: a longer one was expected")
        same(table(begin(options, options.ranks[0], work / "killed"), "the command after a kill"), whole, work / "killed",
             work / "alone", "killed on 1 rank, gone on with on " + str(options.ranks[0]))
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
