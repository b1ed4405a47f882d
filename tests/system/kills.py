#!/usr/bin/env python3
"""Killed again and again: the result is that of an undisturbed run, byte for byte.

A search on one rank, undisturbed. Then searches that are hit, over and over: SIGKILL to one random rank at a random moment (alone: to the
one process), then resumed on a random number of ranks from 1 to 6, until the search is done; and from the beginning, until there have
been enough kills. Every history.csv and best.json must be the undisturbed run's. All ranks of a run of which one is killed must end by themselves, with a code
other than 0, 1 and 75, and say which rank is lost.

    kills.py VBQ JOB.toml --kills 200 [--seed 1] [--set key=value]...
"""
import argparse
import pathlib
import random
import shutil
import signal
import subprocess
import tempfile
import time

import runs

ENDS_WITHIN = 60  # seconds, after a rank is killed


def kill_once(process, ranks, moment, dice):
    """Kills one rank after `moment` seconds, and gives it; None when the run was done, or the rank not there yet."""
    time.sleep(moment)
    rank = dice.randrange(ranks)
    victim = process.pid if ranks == 1 else runs.process_of_rank(process, rank)
    if process.poll() is not None or victim is None:
        return None
    runs.send(victim, signal.SIGKILL)
    return rank


def one_start(options, folder, resume, seconds, dice):
    """One start with one kill: (done, killed)."""
    ranks = dice.randint(1, 6)
    process = runs.start(options, ranks, folder, resume)
    rank = kill_once(process, ranks, dice.uniform(0.0, seconds), dice)
    began = time.monotonic()
    try:
        _, errors = process.communicate(timeout=ENDS_WITHIN if rank is not None else 600)
    except subprocess.TimeoutExpired:
        if rank is not None and ranks > 1 and runs.only_launcher_left(process):
            runs.kill_all(process)
            print(f"rank {rank} of {ranks} killed: all ranks ended, mpirun itself hung and was killed", flush=True)
            return False, True
        runs.kill_all(process)
        runs.fail(f"{ranks} ranks did not end within {ENDS_WITHIN} s after rank {rank} was killed")
    if process.returncode == 0:
        return True, False  # the kill came too late, or never
    if rank is None:
        runs.fail(f"an undisturbed start on {ranks} ranks ended with exit code {process.returncode}:\n{errors}")
    if process.returncode in (1, 75):
        runs.fail(f"after rank {rank} of {ranks} was killed, exit code {process.returncode}:\n{errors}")
    said = errors.count(" is lost: ")
    print(f"rank {rank} of {ranks} killed in generation {runs.generations(folder) + 1}, ended {time.monotonic() - began:.1f} s "
          f"later, exit code {process.returncode}, named {said} time{'s' if said != 1 else ''}", flush=True)
    if said > 1:
        runs.fail(f"one message was expected:\n{errors}")
    return False, True


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("vbq")
    parser.add_argument("job")
    parser.add_argument("--kills", default=200, type=int)
    parser.add_argument("--seed", default=1, type=int)
    parser.add_argument("--set", action="append", default=[])
    options = parser.parse_args()
    dice = random.Random(options.seed)
    work = pathlib.Path(tempfile.mkdtemp(prefix="vbq_kills_"))
    kills = searches = 0
    try:
        began = time.monotonic()
        runs.finish(runs.start(options, 1, work / "alone"), "the run on one rank")
        seconds = time.monotonic() - began
        while kills < options.kills:
            folder = work / f"run{searches}"
            here, done = 0, False
            while not done:
                if kills == options.kills:  # enough: to the end undisturbed
                    runs.finish(runs.start(options, dice.randint(1, 6), folder, folder.exists()), "the last start")
                    break
                left = 1 - runs.generations(folder) / runs.generations(work / "alone")
                done, killed = one_start(options, folder, folder.exists(), seconds * left + 1, dice)
                kills += killed
                here += killed
            runs.same(folder, work / "alone", f"search {searches}, killed {here} times ({kills} in all)")
            shutil.rmtree(folder)
            searches += 1
    finally:
        shutil.rmtree(work, ignore_errors=True)
    print(f"{kills} of {options.kills} kills, {searches} searches, each with the undisturbed run's bytes", flush=True)


if __name__ == "__main__":
    main()
