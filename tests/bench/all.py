#!/usr/bin/env python3
"""Every ratio that vbq's benchmarks give, as one table with the machine's description: the front page of tests/bench.

    tests/bench/all.py [BUILD] [--seconds 2] [--pairs 3] [--markdown FILE]

BUILD: a built tree with its benchmarks, build/release unless told otherwise. Rows whose network, data or rival are not there say so.
Each ratio is of pairs that ran in turn in this one run, but for those beside PyTorch and DEAP, which are of one run each; a row names
the script that tells more. Use a machine that does nothing else."""
import argparse
import csv
import json
import os
import pathlib
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = ROOT / ".." / "shared" / "data"
DIGITS = ROOT / "jobs" / "digits"
NETWORKS = ("cifar10/resnet20.onnx", "imagenet/squeezenet1_1.onnx")


def machine():
    names = re.findall(r"^model name\s*: (.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.M)
    flags = set(re.findall(r"^flags\s*: (.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.M)[0].split())
    isa = next((name for name in ("avx512_bf16", "avx512f", "avx2") if name in flags), "no avx2")
    load = os.getloadavg()[0]
    return f"{len(os.sched_getaffinity(0))} cores of {names[0] if names else platform.machine()} ({isa}), load {load:.1f} at the start"


def said(command, **more):
    """What a command prints; its last line of complaint where it fails."""
    done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)
    if done.returncode:
        raise RuntimeError((done.stderr.strip() or done.stdout.strip() or "it failed").splitlines()[-1])
    return done.stdout


def engine(rival, options):
    there = [DATA / name for name in NETWORKS if (DATA / name).exists()]
    if not there:
        raise RuntimeError("no network in ../shared/data")
    script = [ROOT / "tests" / "bench" / "inference.sh", options.build, "--rival", rival, *there, "--seconds", options.seconds, "--pairs", options.pairs]
    text = said(script, env={**os.environ, "CMAKE_BUILD_PARALLEL_LEVEL": str(os.cpu_count())})
    for part in re.split(r"^(?=\S+\.onnx: )", text, flags=re.M):
        ratio = re.search(r"^  ratio +([0-9.]+) +\((.*)\)$", part, re.M)
        if ratio:
            how = re.match(r"[^;]*; (.*); outputs", part)[1]
            yield f"inference, {part.split(':')[0]}, against {how}", float(ratio[1]), f"pairs {ratio[2]}", f"inference.sh --rival {rival}"


def onnxruntime(options):
    """Inference of engine cpu and of onnxruntime, which runs as it does best."""
    yield from engine("onnxruntime", options)


def openvino(options):
    """Inference of engine cpu and of OpenVINO, which runs as it does best."""
    yield from engine("openvino", options)


def torch(options):
    """Inference of engine cpu and of PyTorch, compiled."""
    with_torch(options)
    yield from engine("torch", options)


def with_torch(options):
    if not (options.build / "deap-venv").exists():
        raise RuntimeError("no environment with torch and deap: tests/bench/deap_rival.sh makes it (gigabytes)")


def seconds_of(command, repeats):
    taken = []
    for _ in range(repeats):
        began = time.monotonic()
        said(command)
        taken.append(time.monotonic() - began)
    return taken


def searches(options):
    """The same search by one worker and by two; and again with what it scored kept (run.cache)."""
    vbq = options.build / "bin" / "vbq"
    job = ["search", DIGITS / "budget.toml", "--quiet", "--set", "search.generations=6", "--threads", "1"]
    two = ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", "3"]
    environment = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "OMPI_MCA_btl_vader_single_copy_mechanism": "none"}
    os.environ.update(environment)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        pairs, kept = [], []
        for pair in range(options.pairs):
            one = seconds_of([vbq, *job, "--run", folder / f"one{pair}"], 1)[0]
            both = seconds_of([*two, vbq, *job, "--run", folder / f"two{pair}"], 1)[0]
            pairs.append(one / both)
            cache = ["--set", f'run.cache="{folder}/tallies{pair}.h5"']
            first = seconds_of([vbq, *job, *cache, "--run", folder / f"first{pair}"], 1)[0]
            again = seconds_of([vbq, *job, *cache, "--run", folder / f"again{pair}"], 1)[0]
            kept.append(first / again)
            for run in ("two", "first", "again"):
                if (folder / f"{run}{pair}" / "best.json").read_bytes() != (folder / f"one{pair}" / "best.json").read_bytes():
                    raise RuntimeError(f"{run}{pair}/best.json is another than one{pair}'s")
    shown = lambda values: "pairs " + ", ".join(f"{value:.2f}" for value in values)
    yield "whole search of the digits, start to end, two workers against one", statistics.median(pairs), shown(pairs), "workers.py"
    yield "the same search again with run.cache, against the first time", statistics.median(kept), shown(kept), "docs/reference.md"


def making(options):
    """Making a network's value, as a share of what its inference takes."""
    network = DATA / NETWORKS[0]
    if not network.exists():
        raise RuntimeError("no network in ../shared/data")
    text = said([options.build / "bin" / "bench_engine", network, "--threads", "1", "--seconds", options.seconds, "--json"])
    told = json.loads(text)
    share = told["quantise_ms"] / 1000 * told["images_per_second"] / 1000
    yield f"nearest levels of {network.name}, share of inferring 1,000 images", share, f"{told['quantise_ms']:.2f} ms", "bench_engine"


def products(options):
    """Sums of products beside oneDNN's, on one thread: what making and Winograd's convolutions stand on."""
    rows = said([options.build / "bin" / "bench_products"]).strip().splitlines()[1:]
    for what, ours, theirs, ratio in (row.split(",") for row in rows):
        yield f"{what}, against oneDNN's sgemm", float(ratio), f"{ours} and {theirs} Gflop/s", "bench_products"


def rivals(options):
    """Searches to the same held-out accuracy beside PyTorch and DEAP, a minute of each rival's."""
    if not (DATA / NETWORKS[0]).exists():
        raise RuntimeError("no network in ../shared/data")
    with_torch(options)
    with tempfile.TemporaryDirectory() as name:
        table = pathlib.Path(name) / "rows.csv"
        said([ROOT / "tests" / "bench" / "deap_rival.sh", options.build, "--limit", "60", "--population", "10", "--csv", table])
        with open(table) as file:
            rows = [row for row in csv.DictReader(file) if row["against"]]
    for row in rows:
        bound = row["ratio_found"].startswith(">")
        if "its seconds over" in row["what"] and row["ratio_found"] and not bound:
            continue  # how long the rival was let run says nothing
        told = ["one run, population 10, 60 s at most", f"whole jobs {row['ratio_job'] or '-'}"] + (["not reached, so a bound"] if bound else [])
        yield (f"{row['what']}: seconds until found, against {row['against']}", float(row["ratio_found"].removeprefix(">= ") or "nan"),
               "; ".join(told), "deap_rival.sh")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", nargs="?", type=pathlib.Path, default=ROOT / "build" / "release")
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--markdown", type=pathlib.Path, help="write the table into this file too")
    options = parser.parse_args()
    options.build = options.build.resolve()
    if not (options.build / "bin" / "vbq").exists():
        sys.exit(f"all.py: there is no {options.build}/bin/vbq: a built tree was expected (cmake --build --preset release)")
    lines = [f"{machine()}; vbq at {said(['git', '-C', ROOT, 'describe', '--always', '--dirty']).strip()}; {time.strftime('%Y-%m-%d')}", "",
             "| what | ratio | | more in |", "|---|---|---|---|"]
    print("\n".join(lines), flush=True)
    for part in (onnxruntime, openvino, torch, products, making, searches, rivals):
        try:
            for what, ratio, detail, script in part(options):
                lines.append(f"| {what} | {ratio:.3g} | {detail} | {script} |")
                print(lines[-1], flush=True)
        except (RuntimeError, OSError, KeyError, ValueError) as error:
            lines.append(f"| {part.__doc__.splitlines()[0]} | - | left out: {error} | |")
            print(lines[-1], flush=True)
    if options.markdown:
        options.markdown.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
