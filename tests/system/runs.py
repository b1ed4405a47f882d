"""Starting, disturbing and comparing searches: what the programs of this folder have in common."""
import os
import pathlib
import signal
import subprocess
import sys
import time


def fail(what):
    sys.exit(f"FAILED: {what}")


def command(options, ranks, folder, resume):
    words = [options.vbq, getattr(options, "command", "search"), options.job, "--run", str(folder), "--log", getattr(options, "log", "warning")]
    if resume:
        words.append("--resume")
    for change in options.set:
        words += ["--set", change]
    if ranks > 1:
        words = getattr(options, "launcher", ["mpirun"]) + ["--oversubscribe", "--bind-to", "none", "-n", str(ranks)] + words
    return words


def as_root(more=None):
    """The environment in which Open MPI 4 and 5 run as root, too."""
    allowed = {f"{name}_ALLOW_RUN_AS_ROOT{confirm}": "1" for name in ("OMPI", "PRTE") for confirm in ("", "_CONFIRM")}
    return {**os.environ, **allowed, **(more or {})}


def start(options, ranks, folder, resume=False, environment=None, more=(), **popen):
    # A session of its own, so that a kill reaches mpirun and every rank at once.
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, **popen}
    return subprocess.Popen(command(options, ranks, folder, resume) + list(more), env=as_root(environment), start_new_session=True, text=True, **pipes)


def finish(process, what):
    _, errors = process.communicate()
    if process.returncode != 0:
        fail(f"{what} ended with exit code {process.returncode}:\n{errors}")


def processes_of_session(session):
    """Open MPI gives each rank a process group of its own, but all stay in mpirun's session or below it."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[3]) == session:
            found.append(int(entry.name))
    return found


def process_of_rank(process, rank):
    """None as long as it has not started."""
    return one_of_rank(processes_of_session(process.pid), rank)


def one_of_rank(pids, rank):
    for pid in pids:
        try:
            words = pathlib.Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if f"OMPI_COMM_WORLD_RANK={rank}".encode() in words:
            return pid
    return None


def only_launcher_left(process):
    """Every rank is gone, but mpirun hangs: Open MPI 4.1's sometimes does in PMIx_server_finalize, when a rank was killed early."""
    alive = []
    for pid in processes_of_session(process.pid):
        try:
            state = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except OSError:
            continue
        if state != "Z":
            alive.append(pid)
    return alive == [process.pid]


def send(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def kill_all(process):
    for pid in processes_of_session(process.pid):
        send(pid, signal.SIGKILL)
    process.communicate()


def generations(folder):
    """Finished generations, by history.csv."""
    path = folder / "history.csv"
    return max(0, path.read_bytes().count(b"\n") - 1) if path.exists() else 0


def checkpoints(folder):
    return sorted(folder.glob("checkpoint-*.h5"))


def wait_for_generation(process, folder, count, seconds=60):
    """Fails when the run ends, or does not come that far."""
    deadline = time.monotonic() + seconds
    while generations(folder) < count:
        if process.poll() is not None:
            finish(process, "a run that should still be going")
            fail(f"a run that should still be going is at its end, after {generations(folder)} generations")
        if time.monotonic() > deadline:
            kill_all(process)
            fail(f"generation {count} not reached in {seconds} s")
        time.sleep(0.01)


def same(folder, expected, what):
    points = sorted(str(path.relative_to(expected)) for path in expected.glob("front/*/best.json"))
    if points != sorted(str(path.relative_to(folder)) for path in folder.glob("front/*/best.json")):
        fail(f"{what}: a front of other points than the undisturbed run's, {points}")
    for name in ["history.csv", "best.json", "classes.csv"] + (["front.csv"] + points if points else []):
        mine, whole = (folder / name).read_bytes().splitlines(), (expected / name).read_bytes().splitlines()
        if mine != whole:
            line = next((i for i, (a, b) in enumerate(zip(mine, whole)) if a != b), min(len(mine), len(whole)))
            fail(f"{what}: {name} differs from the undisturbed run's, first in line {line + 1}:\n{mine[line:line + 1]}\n{whole[line:line + 1]}")
    if (expected / "sensitivity.h5").exists() and (folder / "sensitivity.h5").read_bytes() != (expected / "sensitivity.h5").read_bytes():
        fail(f"{what}: sensitivity.h5 differs from the undisturbed run's")
    print(f"same bytes: {what}", flush=True)
