#!/usr/bin/env python3
"""Searches that are stopped, crippled or hindered, each told apart by exit code and words, and each gone on with afterwards: nothing that was
finished may be lost, and the result is the undisturbed run's, byte for byte.

    stops.py VBQ JOB.toml CASE [--set key=value]...
"""
import argparse
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import tempfile
import time

import runs

SKIPPED = 77  # CTest's SKIP_RETURN_CODE here


def end(process, code, sentence, what, seconds=60):
    """The run must end by itself with `code` (None: any that is not 0, 1 or 75), saying `sentence` (a regular expression) once."""
    began = time.monotonic()
    try:
        _, errors = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        runs.kill_all(process)
        runs.fail(f"{what}: not ended {seconds} s later")
    good = process.returncode == code if code is not None else process.returncode not in (0, 1, 75)
    if not good:
        runs.fail(f"{what}: exit code {process.returncode} ({code} was expected):\n{errors}")
    said = len(re.findall(sentence, errors))
    if said != 1:
        runs.fail(f"{what}: said {said} times (once was expected): {sentence}\n{errors}")
    print(f"{what}: ended after {time.monotonic() - began:.1f} s, exit code {process.returncode}", flush=True)


def expect_nothing_lost(folder, what):
    """The newest checkpoint is of the last generation in history.csv."""
    newest = int(runs.checkpoints(folder)[-1].stem.split("-")[1])
    if newest != runs.generations(folder):
        runs.fail(f"{what}: {runs.generations(folder)} generations are finished, the newest checkpoint is of generation {newest}")


def go_on(options, work, what, ranks=2):
    runs.finish(runs.start(options, ranks, work / "run", True), f"{what}: the start after it")
    runs.same(work / "run", work / "alone", what)


def signals(options, work):
    folder = work / "run"
    for ranks, rank, number in ((3, 0, signal.SIGTERM), (3, 2, signal.SIGUSR1), (2, 1, signal.SIGINT), (1, 0, signal.SIGUSR1)):
        before = runs.generations(folder)
        process = runs.start(options, ranks, folder, before > 0)
        runs.wait_for_generation(process, folder, before + 2)
        # Enough of them that a batch system and a launcher which both send one make no difference.
        for _ in range(1 if number == signal.SIGINT else 2):
            runs.send(process.pid if ranks == 1 else runs.process_of_rank(process, rank), number)
        what = f"{number.name} to rank {rank} of {ranks}"
        end(process, 75, r"stopped by a signal( on another rank)? after generation \d+\ngo on with: vbq search --resume ", what)
        expect_nothing_lost(folder, what)
    go_on(options, work, "stopped by signals four times")


def twice(options, work):
    """The second SIGINT ends a process at once, in the midst of work that takes long: one block on the reference engine."""
    options.set += ["data.search=900", "data.block=900", "search.population=4", "search.generations=50", "run.checkpoint=1"]
    for attempt in range(4):  # a first signal between two blocks is obeyed before the second comes: then again
        folder = work / f"slow{attempt}"
        process = runs.start(options, 1, folder, more=["--engine", "reference"])
        runs.wait_for_generation(process, folder, 1)
        time.sleep(0.1)  # the generation's checkpoint is being written
        for _ in range(2):
            runs.send(process.pid, signal.SIGINT)
            time.sleep(0.02)
        process.communicate(timeout=60)
        if process.returncode != 75:
            break
    if process.returncode != -signal.SIGINT:
        runs.fail(f"two SIGINTs: exit code {process.returncode} ({-signal.SIGINT} was expected)")
    for checkpoint in runs.checkpoints(folder):
        subprocess.run([options.vbq, "info", str(checkpoint)], check=True, stdout=subprocess.DEVNULL)


def time_limit(options, work):
    options.set.append("search.generations=1000000")
    process = runs.start(options, 2, work / "run", environment={"SLURM_JOB_END_TIME": str(int(time.time()) + 4)})
    end(process, 75, r"stopped before the job's time limit after generation \d+\ngo on with: vbq search --resume ", "a time limit")
    expect_nothing_lost(work / "run", "a time limit")
    # One that a worker meets first, since its clock or its start is ahead.
    wrapper = work / "vbq"
    wrapper.write_text(f'#!/bin/sh\n[ "$OMPI_COMM_WORLD_RANK" = 1 ] && export SLURM_JOB_END_TIME={int(time.time()) + 4}\nexec {pathlib.Path(options.vbq).resolve()} "$@"\n')
    wrapper.chmod(0o755)
    options.vbq = str(wrapper)
    process = runs.start(options, 2, work / "other")
    end(process, 75, r"stopped before the job's time limit after generation \d+\ngo on with: vbq search --resume ", "a worker's time limit")


def lost(options, work):
    folder = work / "run"
    for ranks, rank in ((4, 2), (3, 0)):
        before = runs.generations(folder)
        process = runs.start(options, ranks, folder, before > 0)
        runs.wait_for_generation(process, folder, before + 2)
        runs.send(runs.process_of_rank(process, rank), signal.SIGKILL)
        end(process, None, rf"error: rank {rank} on \S+ is lost: its process ended without a word", f"rank {rank} of {ranks} killed")
        if rank != 0:
            expect_nothing_lost(folder, "a worker killed")
    go_on(options, work, "a worker, then the master killed")


def hang(options, work):
    process = runs.start(options, 3, work / "run")
    runs.wait_for_generation(process, work / "run", 2)
    runs.send(runs.process_of_rank(process, 1), signal.SIGSTOP)
    end(process, None, r"error: rank 1 on \S+ is lost: no sign of life for 3\d\S* s", "a worker that hangs")
    expect_nothing_lost(work / "run", "a worker that hangs")
    go_on(options, work, "after a worker that hung")


def two_at_once(options, work):
    folder = work / "run"
    first = runs.start(options, 2, folder)
    runs.wait_for_generation(first, folder, 1)
    runs.send(runs.process_of_rank(first, 0), signal.SIGSTOP)  # so that it is not at its end before the other has tried
    end(runs.start(options, 1, folder, True), 1, r"error: folder \S+ is in use by another run \(process \d+ on \S+\)", "a second run in a folder")
    runs.send(runs.process_of_rank(first, 0), signal.SIGCONT)
    runs.finish(first, "the first run in a folder")
    runs.same(folder, work / "alone", "with a second run in its folder")


def full_disk(options, work):
    """A limit on a file's size, which needs no privileges; tests/store has real file systems that are full."""
    folder = work / "run"
    runs.wait_for_generation(process := runs.start(options, 2, folder), folder, 2)
    runs.send(runs.process_of_rank(process, 0), signal.SIGTERM)
    process.communicate()
    size = runs.checkpoints(folder)[-1].stat().st_size
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, size + 100))  # the next checkpoint is larger
    end(runs.start(options, 1, folder, True, preexec_fn=limit), 1, r"error: cannot write \S*checkpoint-\d+\.h5\S*: File too large", "a full disk")
    if list(folder.glob(".*.vbq-part")):
        runs.fail("a full disk: temporary files are left")
    go_on(options, work, "after a full disk")


def read_only(options, work):
    folder = work / "run"
    process = runs.start(options, 1, folder)
    runs.wait_for_generation(process, folder, 2)
    runs.send(process.pid, signal.SIGSTOP)
    set_immutable = lambda sign: subprocess.run(["chattr", f"{sign}i", str(folder)], stderr=subprocess.DEVNULL).returncode == 0
    folder.chmod(0o555)
    immutable = set_immutable("+")  # stops root, too
    try:
        (folder / "probe").touch()
        runs.kill_all(process)
        print("skipped: this user may write everywhere, and this file system knows no immutable folders")
        return SKIPPED
    except OSError:
        pass
    try:
        runs.send(process.pid, signal.SIGCONT)
        end(process, 1, r"error: cannot write \S*checkpoint-\d+\.h5\S*: (Operation not permitted|Permission denied)", "a folder turned read-only")
    finally:
        if immutable:
            set_immutable("-")
        folder.chmod(0o755)
    go_on(options, work, "after a folder turned read-only")
    return 0


def truncated(options, work):
    folder = work / "run"
    options.set.append("run.checkpoint=1")  # one before it is there
    for length in (0.5, -1):
        before = runs.generations(folder)
        process = runs.start(options, 2, folder, before > 0)
        runs.wait_for_generation(process, folder, before + 2)
        runs.send(runs.process_of_rank(process, 0), signal.SIGTERM)
        process.communicate()
        newest = runs.checkpoints(folder)[-1]
        content = newest.read_bytes()
        newest.write_bytes(content[:int(length * len(content)) if isinstance(length, float) else length])
    go_on(options, work, "newest checkpoint cut off twice")


def main():
    cases = {case.__name__: case for case in (signals, twice, time_limit, lost, hang, two_at_once, full_disk, read_only, truncated)}
    parser = argparse.ArgumentParser()
    parser.add_argument("vbq")
    parser.add_argument("job")
    parser.add_argument("case", choices=cases)
    parser.add_argument("--set", action="append", default=[])
    options = parser.parse_args()
    options.log = "info"
    work = pathlib.Path(tempfile.mkdtemp(prefix="vbq_stops_"))
    try:
        if options.case not in ("twice", "time_limit"):
            runs.finish(runs.start(options, 1, work / "alone"), "the run on one rank")
        return cases[options.case](options, work)
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    raise SystemExit(main())
