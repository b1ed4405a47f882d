#!/usr/bin/env python3
"""The batch scripts of jobs/, submitted to a real Slurm of two made-up nodes (cluster/slurm-test), which this starts and stops.

Every search must end as COMPLETED with the best.json and history.csv of an undisturbed run, byte for byte, whatever happens to its job.

    slurm.py VBQ SOURCE_FOLDER [--set key=value]...
"""
import argparse
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "system"))
import runs

SKIPPED = 77  # CTest's SKIP_RETURN_CODE here
OVER = {"COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "OUT_OF_MEMORY", "BOOT_FAIL", "DEADLINE"}


def output(*words):
    return subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


class Job:
    """One batch job of its own folder below `work`."""

    def __init__(self, options, work, name, script="jobs/digits/submit.sbatch", batch=(), words=(), last=(), **environment):
        self.name, self.folder, self.log = name, work / name, work / f"{name}.out"
        self.waiting = {}  # since when, by job
        environment = dict(os.environ, RUN=str(self.folder), VBQ=options.vbq, VBQ_ROOT=options.source, RUNS=str(self.folder), **environment)
        changes = [word for change in options.set for word in ("--set", change)]
        command = ["sbatch", "--parsable", "--nodes=1", "--ntasks=3", "--time=10", f"--output={self.log}", *batch,
                   f"{options.source}/{script}", *words, *changes, *last]
        self.id = subprocess.run(command, check=True, env=environment, stdout=subprocess.PIPE, text=True).stdout.strip()

    def facts(self):
        """What scontrol says of it (of an array: of each element)."""
        text = output("scontrol", "show", "job", "--oneliner", self.id)
        return [dict(word.split("=", 1) for word in line.split() if "=" in word) for line in text.splitlines()]

    def states(self):
        facts = self.facts()
        for one in facts:
            # Slurm lets a job wait for two minutes before it starts again; tests do not. But some seconds are needed: a start
            # that meets the last one's steps still ending loses its own.
            if one["JobState"] != "PENDING" or one["Reason"] != "BeginTime":
                self.waiting.pop(one["JobId"], None)
            elif time.monotonic() > self.waiting.setdefault(one["JobId"], time.monotonic()) + 6:
                subprocess.run(["scontrol", "update", f"JobId={one['JobId']}", "StartTime=now"], check=False)
        return {one["JobState"] for one in facts}

    def fail(self, what):
        runs.fail(f"job {self.name}: {what}; its output:\n{self.log.read_text() if self.log.exists() else ''}")

    def expect_said(self, sentence):
        if sentence not in self.log.read_text():
            self.fail(f"it was expected to say '{sentence}'")

    def wait_for_generation(self, count):
        deadline = time.monotonic() + 120
        while runs.generations(self.folder) < count:
            if self.states() & OVER or time.monotonic() > deadline:
                self.fail(f"{self.states()} after {runs.generations(self.folder)} generations, {count} were expected")
            time.sleep(0.05)

    def end(self, state="COMPLETED", starts=1):
        """Waits until it is over, in that state and after that many starts."""
        deadline = time.monotonic() + 240
        seen = 0  # a job on its way back into the queue looks like one that is over, for a moment
        while seen < 5:
            if time.monotonic() > deadline:
                self.fail(f"not over: {self.facts()}")
            # So does one that was stopped; a search that was gone on with is over when its summary is there.
            over = self.states() <= OVER  # asked each time: it also hurries a job that waits to start again
            done = starts == 1 or (self.folder / "summary.json").exists()
            seen = seen + 1 if done and over else 0
            time.sleep(0.3)
        facts = self.facts()
        if self.states() != {state}:
            self.fail(f"{self.states()}, {state} was expected")
        if {int(one["Restarts"]) + 1 for one in facts} != {starts}:
            self.fail(f"{[one['Restarts'] for one in facts]} restarts, {starts - 1} expected")
        print(f"{self.name}: {state} after {starts} start{'s' if starts > 1 else ''}", flush=True)

    def rank(self, number):
        """The process of a rank, under srun."""
        for entry in pathlib.Path("/proc").iterdir():
            try:
                words = (entry / "environ").read_bytes().split(b"\0") if entry.name.isdigit() else []
                comm = (entry / "comm").read_text().strip() if words else ""
            except OSError:
                continue
            if comm == "vbq" and f"SLURM_JOB_ID={self.id}".encode() in words and f"SLURM_PROCID={number}".encode() in words:
                return int(entry.name)
        self.fail(f"rank {number} has no process")


def scenarios(options, work):
    alone = work / "alone"
    runs.finish(runs.start(options, 1, alone), "the run on one rank")

    refused = Job(options, work, "refused", words=["--set", "search.generation=1"])
    array = Job(options, work, "array", script="jobs/common/sweep.sbatch", batch=["--array=0-2"],
                words=[f"{options.source}/jobs/digits/search.toml"], BITS="3", SEEDS="1 2 3")
    refused.end("FAILED")
    if "did you mean" not in refused.log.read_text():
        refused.fail("the key's right name was expected")
    array.end()
    bests = {(array.folder / f"bits3-seed{seed}" / "best.json").read_bytes() for seed in (1, 2, 3)}
    if len(bests) != 3:
        runs.fail("array: three seeds gave the same result")
    runs.same(array.folder / "bits3-seed1", alone, "first element of an array")

    bound = Job(options, work, "bound", batch=["--gres=gpu:2"], VBQ_SHOW_BINDING="1")
    bound.end()
    said = sorted(re.findall(r"^rank (\d+): GPU '(\d*)'$", bound.log.read_text(), re.MULTILINE))
    if [rank for rank, _ in said] != ["0", "1", "2"] or said[0][1] != "" or len({said[1][1], said[2][1]} - {""}) != 2:
        bound.fail(f"a GPU of its own for ranks 1 and 2, none for 0, were expected: {said}")
    runs.same(bound.folder, alone, "a GPU each")

    for launcher in ("srun", "mpirun"):
        job = Job(options, work, f"signalled-{launcher}", LAUNCHER=launcher)
        job.wait_for_generation(2)
        subprocess.run(["scancel", "--signal=TERM", "--batch", job.id], check=True)
        job.end(starts=2)
        runs.same(job.folder, alone, f"SIGTERM under {launcher}")

    requeued = Job(options, work, "requeued")
    requeued.wait_for_generation(2)
    subprocess.run(["scontrol", "requeue", requeued.id], check=True)
    requeued.end(starts=2)
    runs.same(requeued.folder, alone, "scontrol requeue")

    killed = Job(options, work, "killed")
    killed.wait_for_generation(2)
    runs.send(killed.rank(2), signal.SIGKILL)
    killed.end(starts=2)
    if killed.log.read_text().count("error: rank 2 on ") != 1:
        killed.fail("one message that names the rank was expected")
    runs.same(killed.folder, alone, "a worker killed")

    # Where Slurm does not put a job back, it starts again in its allocation.
    kept = Job(options, work, "kept", batch=["--no-requeue"])
    kept.wait_for_generation(2)
    runs.send(kept.rank(2), signal.SIGKILL)
    kept.end()
    kept.expect_said("Slurm refuses to put this job back; starting again (restart 1 of at most 20)")
    runs.same(kept.folder, alone, "a worker killed in a job that is not put back")

    if subprocess.run(["unshare", "--uts", "true"], stderr=subprocess.DEVNULL).returncode == 0:  # else the second node is not there
        halved = Job(options, work, "halved", batch=["--no-requeue", "--no-kill", "--nodes=2", "--ntasks=4"])
        halved.wait_for_generation(2)
        output("scontrol", "update", f"NodeName={os.uname().nodename.split('.')[0]}-b", "State=DOWN", "Reason=test")
        halved.end()
        halved.expect_said("1 of 2 nodes are left; the search goes on with 2 of 4 ranks")
        runs.same(halved.folder, alone, "a node lost in a job that is not put back")

    limited = Job(options, work, "limited", MAX_RESTARTS="0")
    limited.wait_for_generation(2)
    runs.send(limited.rank(1), signal.SIGKILL)
    limited.end("FAILED")

    if options.long:
        # Slurm's shortest limit is a minute, and the search must be longer than what vbq leaves of it.
        long = Job(options, work, "out-of-time", batch=["--time=1", "--signal=B:TERM@1"], last=["--set", "search.generations=100000"])
        while not runs.checkpoints(long.folder) or "stopped before the job's time limit" not in long.log.read_text():
            if long.states() & OVER:
                long.fail(f"{long.states()} before it was put back")
            time.sleep(1)
        long.wait_for_generation(runs.generations(long.folder) + 1)  # on the next start
        output("scancel", long.id)
        print("out-of-time: put back before its limit, and gone on with", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("vbq")
    parser.add_argument("source")
    parser.add_argument("--long", action="store_true", help="a time limit, too, which takes a minute")
    parser.add_argument("--set", action="append", default=[])
    options = parser.parse_args()
    options.vbq = os.path.realpath(options.vbq)
    options.job, options.source = f"{options.source}/jobs/digits/search.toml", os.path.realpath(options.source)
    slurm = f"{options.source}/cluster/slurm-test/slurm.sh"
    checked = subprocess.run([slurm, "check"], stderr=subprocess.PIPE, text=True)
    if checked.returncode != 0:
        print(f"skipped: {checked.stderr.strip()}")
        return SKIPPED
    work = pathlib.Path(tempfile.mkdtemp(prefix="vbq_slurm_"))
    os.environ["SLURM_CONF"] = str(work / "slurm" / "slurm.conf")
    os.environ["PATH"] += ":/usr/sbin"
    for name in [name for name in os.environ if name.startswith("OMPI_") or name.startswith("SLURM_") and name != "SLURM_CONF"]:
        del os.environ[name]
    try:
        subprocess.run([slurm, "start", str(work / "slurm")], check=True)
        scenarios(options, work)
    finally:
        subprocess.run(["scancel", "--user=root"], check=False)
        subprocess.run([slurm, "stop", str(work / "slurm")], check=False)
        shutil.rmtree(work, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
