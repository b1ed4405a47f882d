"""Images a second of one and of two workers, in turn, in one run: what a second worker is worth.

    workers.py VBQ NETWORK.onnx DATA.h5 [--pairs 2] [--images 2000] [--networks 28] [--slow 3]

--slow F: the second worker is F times as slow as the first (it is stopped for a part of each 30 ms), and what both do together is told
beside the sum of their speeds.

Each run is a random search of one generation (so that nothing but the evaluation counts) under mpirun, one thread a worker;
the time is that of timing.csv: from the master's sending the genomes to its having all tallies. Needs a core a worker.
"""
import argparse
import csv
import json
import os
import pathlib
import signal
import statistics
import subprocess
import tempfile
import threading
import time

PERIOD = 0.03  # seconds
RANK = b"OMPI_COMM_WORLD_RANK=%d\0"


def process_of(rank, name):
    """The process id of that rank of the run that holds `name` among its arguments; None while there is none."""
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            arguments = (folder / "cmdline").read_bytes().split(b"\0")
            if name.encode() in arguments and RANK % rank in (folder / "environ").read_bytes():
                return int(folder.name)
        except OSError:  # it has ended
            continue
    return None


def slow_down(rank, name, factor, done):
    """Lets the rank work for 1/factor of the time, until `done` is set or it ends."""
    while not done.is_set() and not (process := process_of(rank, name)):
        time.sleep(0.02)
    try:
        while not done.is_set():
            os.kill(process, signal.SIGSTOP)
            time.sleep(PERIOD * (1 - 1 / factor))
            os.kill(process, signal.SIGCONT)
            time.sleep(PERIOD / factor)
    except ProcessLookupError:
        pass


def rate(options, workers, folder, slow=1.0):
    """Images a second, and seconds. slow: what the last worker is slowed down by."""
    job = folder / "job.toml"
    job.write_text(
        f'[network]\npath = "{options.network.resolve()}"\n[data]\npath = "{options.data.resolve()}"\n'
        f'search = {options.images}\n[format]\nbits = 3\nscale = "none"\nassignment = "nearest"\nmatching = "never"\n'
        f'[search]\nmethod = "random"\npopulation = {options.networks}\ngenerations = 1\n'
    )
    run = folder / f"run{len(list(folder.iterdir()))}"
    environment = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
    command = ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", str(workers + 1), options.vbq, "search", str(job)]
    command += ["--run", str(run), "--threads", "1", "--log", "warning"]
    done = threading.Event()
    brake = threading.Thread(target=slow_down, args=(workers, str(run), slow, done))
    if slow > 1:
        brake.start()
    try:
        subprocess.run(command, check=True, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    finally:
        done.set()
        if slow > 1:
            brake.join()
    images = json.loads((run / "summary.json").read_text())["images_inferred"]
    with open(run / "timing.csv") as file:
        seconds = sum(float(row["seconds"]) for row in csv.DictReader(file))
    return images / seconds, seconds


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("vbq")
    parser.add_argument("network", type=pathlib.Path)
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("--pairs", type=int, default=2)
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--networks", type=int, default=28)
    parser.add_argument("--slow", type=float, default=1.0)
    options = parser.parse_args()
    ratios = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(options.pairs):
            if options.slow > 1:
                fast, _ = rate(options, 1, pathlib.Path(folder))
                slow, _ = rate(options, 1, pathlib.Path(folder), options.slow)
                both, _ = rate(options, 2, pathlib.Path(folder), options.slow)
                ratios.append(both / (fast + slow))
                print(f"a worker {fast:.0f} images/s, a slow one {slow:.0f}, both {both:.0f}: {ratios[-1]:.3f} of their sum", flush=True)
                continue
            one, long = rate(options, 1, pathlib.Path(folder))
            two, short = rate(options, 2, pathlib.Path(folder))
            ratios.append(two / one)
            print(f"1 worker {one:.0f} images/s ({long:.1f} s), 2 workers {two:.0f} images/s ({short:.1f} s): {two / one:.3f}", flush=True)
    print(f"ratio {statistics.median(ratios):.3f}")


if __name__ == "__main__":
    main()
