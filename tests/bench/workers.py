"""Images a second of one and of two workers, in turn, in one run: what a second worker is worth.

    workers.py VBQ NETWORK.onnx DATA.h5 [--pairs 2] [--images 2000] [--networks 28]

Each run is a random search of one generation (so that nothing but the evaluation counts) under mpirun, one thread a worker;
the time is that of timing.csv: from the master's sending the genomes to its having all tallies. Needs a core a worker.
"""
import argparse
import csv
import json
import os
import pathlib
import statistics
import subprocess
import tempfile


def rate(options, workers, folder):
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
    subprocess.run(command, check=True, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
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
    options = parser.parse_args()
    ratios = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(options.pairs):
            one, long = rate(options, 1, pathlib.Path(folder))
            two, short = rate(options, 2, pathlib.Path(folder))
            ratios.append(two / one)
            print(f"1 worker {one:.0f} images/s ({long:.1f} s), 2 workers {two:.0f} images/s ({short:.1f} s): {two / one:.3f}", flush=True)
    print(f"ratio {statistics.median(ratios):.3f}")


if __name__ == "__main__":
    main()
