"""Whole jobs to the same held-out accuracy: vbq, and a search of PyTorch and DEAP (deap_search.py), on the same cores in one run.

    deap_rival.py VBQ [--bits 3] [--images 2000] [--threads T] [--rivals nearest,compensated] [--population 50] [--generations 100]
                  [--limit 600] [--fitness divergence|top1] [--seed 1] [--csv FILE] [--markdown FILE]     (deap_rival.sh makes what it needs)

ResNet-20 and CIFAR-10 of ../shared/data. Both see the same images: the first of train_sample_2000.bin lead the search, 9,980 others
are held out. Both have 2^bits levels a layer and FP32 activations. vbq's jobs have scales and matching besides, as they do where nothing
else is said: batch norms take them, but for the last layer's ten scales. Importing the images is in no clock. Two clocks are told:
  found  from the start of the process until the network is found: no held-out image has been run.
  job    to the end, with the held-out images run once by the FP32 network and once by the found one, which is what vbq reports. The rival
         runs them after every generation whose best is new; its clock counts the first and the last of that alone.

Ratios are the rival's seconds over vbq's, both ways round:
  1. vbq runs its job (TARGET below); the rival runs until its best is as good on the held-out images, or its budget is over, and the ratio
     is then no more than a bound from below ("not reached").
  2. of vbq's jobs, the quickest first, the first that is at least as good as the rival was then. Of the rival, two times: of its whole
     budget, and when its best so far was first as good as at its end (what a user who knew when to stop would have waited). Both are
     chosen with hindsight, by held-out images: vbq's jobs that were not good enough cost it nothing here, nor what the rival tried later.
The last table says where a factor comes from: found = candidates x seconds a candidate x what else there is."""
import argparse
import csv
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
DATA = HERE.parents[1] / ".." / "shared" / "data" / "cifar10"
NETWORK = DATA / "resnet20.onnx"
HELD_OUT, SAMPLE, RECORD = DATA / "test_batch_9980.bin", DATA / "train_sample_2000.bin", 3073  # bytes an image
NORMALISATION = ["--mean", "0.485,0.456,0.406", "--std", "0.229,0.224,0.225"]
# Of the format and the search, what differs from a job that says nothing but its levels; the quickest first.
JOBS = {
    "sequential for 75 images, run over 100, 2 networks": {"format.matching_images": 75, "search.fitness_images": 100, "search.population": 2,
                                                           "search.generations": 1},
    "nearest levels, matched, 2 networks": {"format.assignment": "nearest", "search.population": 2, "search.generations": 1},
    "sequential for 50 images, 2 networks": {"format.matching_images": 50, "search.population": 2, "search.generations": 1},
    "sequential, 2 networks": {"search.population": 2, "search.generations": 1},
    "as a job that says nothing, 6 networks": {"search.population": 6, "search.generations": 1},
    "as a job that says nothing, 5 generations of 20": {"search.population": 20, "search.generations": 5},
}
TARGET = "as a job that says nothing, 6 networks"  # as README.md's table of settings has it
NEAR = 2  # images that another engine's sums may decide otherwise in FP32


class Failed(Exception):
    """One sentence about what did not work."""


def import_images(options, folder):
    """Dataset files of the images that lead and of those that are held out."""
    records = SAMPLE.read_bytes()
    if not 1 <= options.images <= len(records) // RECORD:
        raise Failed(f"--images {options.images}: {SAMPLE.name} has 1 to {len(records) // RECORD}")
    (folder / "search.bin").write_bytes(records[: options.images * RECORD])
    for source, name in ((folder / "search.bin", "search.h5"), (HELD_OUT, "held_out.h5")):
        command = [options.vbq, "data", "import", "cifar10", source, *NORMALISATION, "--output", folder / name]
        done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode:
            raise Failed(f"vbq data import: {(done.stderr.strip() or done.stdout.strip() or 'it failed').splitlines()[-1]}")
    return folder / "search.h5", folder / "held_out.h5"


def run_vbq(options, what, folder):
    """A job of vbq from start to end."""
    run = folder / f"vbq{len(list(folder.iterdir()))}"
    job = run.with_suffix(".toml")
    sections = {"network": {"path": str(NETWORK.resolve())},
                "data": {"path": str(folder / "held_out.h5"), "calibration": str(folder / "search.h5"), "search": options.images},
                "format": {"bits": options.bits}, "search": {"seed": options.seed}}
    for key, value in JOBS[what].items():
        section, name = key.split(".")
        sections[section][name] = value
    job.write_text("".join(f"[{name}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in keys.items())
                           for name, keys in sections.items()))  # a JSON string or number is TOML too
    began, found, lines = time.monotonic(), None, []
    command = [options.vbq, "search", job, "--run", run, "--threads", options.threads, "--engine", "cpu"]
    with subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        for line in process.stdout:
            lines.append(line.strip())
            if line.startswith("generation "):  # the last of these ends the search
                found = time.monotonic() - began
    seconds = time.monotonic() - began
    if process.returncode:
        raise Failed(f"vbq search: {lines[-1] if lines else 'it failed'}")
    told = json.loads((run / "summary.json").read_text())
    with open(run / "workers.csv") as file:
        rows = list(csv.DictReader(file))
    making, inference = (sum(float(row[name]) for row in rows) for name in ("making", "inference"))
    return {"what": f"vbq, {what}", "found": found or seconds, "job": seconds, "held_out": told["quantised"]["held_out"]["top1"]["correct"],
            "of": told["quantised"]["held_out"]["images"], "fp32": told["fp32"]["held_out"]["top1"]["correct"],
            "evaluations": told["evaluations"], "inferred": told["images_inferred"], "making": making, "inference": inference}


def run_rival(options, kind, target, folder):
    """The rival until the target or the end of its budget: what it was at the end, and each generation."""
    command = [sys.executable, HERE / "deap_search.py", NETWORK, folder / "search.h5", folder / "held_out.h5", "--bits", options.bits,
               "--population", options.population, "--generations", options.generations, "--limit", options.limit, "--target", target,
               "--threads", options.threads, "--fitness", options.fitness, "--seed", options.seed]
    command += ["--compensated"] if kind == "compensated" else []
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}
    for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):  # a kernel chosen for another program would slow the rival down
        environment.pop(name, None)
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        environment[name] = str(options.threads)
    network, steps, complaints = None, [], tempfile.TemporaryFile("w+")
    command += ["--began", repr(time.monotonic())]
    with subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=complaints, text=True,
                          env=environment) as process:
        for line in process.stdout:
            told = json.loads(line)
            if told["event"] == "network":
                network = told
            elif told["event"] == "generation":
                steps.append(told)
                print(f"rival, {kind}: generation {told['generation']}, {told['seconds']:.0f} s, {told['held_out']} right", file=sys.stderr, flush=True)
    complaints.seek(0)
    complaint = complaints.read().strip()
    if process.returncode or not steps:
        raise Failed(f"deap_search.py: {complaint.splitlines()[-1] if complaint else 'it failed'}")

    def at(step, what):
        return {"what": f"rival, {kind}, {what}", "found": step["seconds"], "job": step["seconds"] + network["report_seconds"] + step["report_seconds"],
                "held_out": step["held_out"], "of": network["held_out"], "fp32": network["fp32"], "evaluations": step["evaluations"],
                "inferred": step["evaluations"] * network["images"], "making": step["making"], "inference": step["inference"]}

    end = steps[-1]
    first = next(step for step in steps if step["held_out"] >= end["held_out"])
    ended = "the target reached" if end["held_out"] >= target else "its seconds over" if end["late"] else "its generations over"
    return at(end, f"to its end ({ended})"), at(first, "when first as good as at its end"), end["held_out"] >= target


def row(run, ratio="", against=""):
    return {"what": run["what"], "found_s": f"{run['found']:.1f}", "job_s": f"{run['job']:.1f}", "held_out": run["held_out"],
            "top1": f"{100 * run['held_out'] / run['of']:.2f}", "evaluations": run["evaluations"], "ratio_found": ratio and ratio[0],
            "ratio_job": ratio and ratio[1], "against": against}


def ratios(rival, vbq, bound=False):
    sign = ">= " if bound else ""
    return tuple(f"{sign}{rival[clock] / vbq[clock]:.2f}" for clock in ("found", "job"))


def breakdown(rival, vbq):
    """Where the factor of the clock `found` comes from."""
    each = lambda run, name: run[name] / run["evaluations"]
    cost = lambda run: each(run, "making") + each(run, "inference")
    rest = lambda run: run["found"] - run["making"] - run["inference"]
    speed = lambda run: run["inferred"] / run["inference"]
    line = lambda name, value: (name, value(rival), value(vbq), value(rival) / value(vbq))
    lines = [line("candidates", lambda run: run["evaluations"]),
             line("ms of making a candidate (levels, assignment, matching)", lambda run: 1e3 * each(run, "making")),
             line("ms of inference a candidate", lambda run: 1e3 * each(run, "inference")),
             line("images/s of inference", speed),
             line("ms a candidate", lambda run: 1e3 * cost(run)),
             line("s besides (start, images, calibration, the search itself)", rest),
             line("found, s", lambda run: run["found"])]
    number, dear, whole = lines[0][3], lines[4][3], lines[6][3]
    product = (f"{whole:.2f} = {number:.3g} (candidates) x {dear:.3g} (seconds a candidate) x {whole / number / dear:.3g} "
               "(what else there is)")
    head = [f"{rival['what']}, beside {vbq['what']}: {product}", "", "| | rival | vbq | rival / vbq |", "|---|---|---|---|"]
    return head + [f"| {name} | {one:.4g} | {two:.4g} | {factor:.3g} |" for name, one, two, factor in lines] + [""]


def compare(options, folder):
    """Rows of the table and lines of the breakdown."""
    import_images(options, folder)
    runs = {TARGET: run_vbq(options, TARGET, folder)}
    target = runs[TARGET]
    rows, parts = [row(target)], []
    for kind in options.rivals:
        end, first, reached = run_rival(options, kind, target["held_out"], folder)
        if abs(end["fp32"] - target["fp32"]) > NEAR:
            raise Failed(f"the rival's network is not vbq's: in FP32 it has {end['fp32']} of {end['of']} right, vbq {target['fp32']}")
        note = "" if reached else f"; not reached in {end['found']:.0f} s"
        rows.append(row(end, ratios(end, target, not reached), f"{target['what']} ({target['held_out']}{note})"))
        parts += breakdown(end, target)
        needed = max(end["held_out"], first["held_out"])  # the best by fitness may have become worse on held-out images
        for what in JOBS:  # the quickest first
            if what not in runs:
                runs[what] = run_vbq(options, what, folder)
                rows.append(row(runs[what]))
            if runs[what]["held_out"] >= needed:
                quick = runs[what]
                rows += [row(run, ratios(run, quick), f"{quick['what']} ({quick['held_out']})") for run in (end, first)]
                parts += breakdown(first, quick)
                break
        else:
            rows.append({**row(end), "against": "none of vbq's jobs here is as good"})
    return rows, parts


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("vbq", type=pathlib.Path)
    parser.add_argument("--bits", type=int, choices=(2, 3), default=3)
    parser.add_argument("--images", type=int, default=2000, help="that lead the searches")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rivals", type=lambda text: text.split(","), default=["nearest", "compensated"])
    parser.add_argument("--population", type=int, default=50)
    parser.add_argument("--generations", type=int, default=100)
    parser.add_argument("--limit", type=float, default=600, help="seconds of each rival's search")
    parser.add_argument("--fitness", choices=("divergence", "top1"), default="divergence")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--csv", type=pathlib.Path)
    parser.add_argument("--markdown", type=pathlib.Path)
    options = parser.parse_args()
    if not set(options.rivals) <= {"nearest", "compensated"}:
        parser.error(f"--rivals {','.join(options.rivals)}: nearest, compensated or both, with a comma, were expected")
    if not options.vbq.exists():
        sys.exit(f"deap_rival.py: there is no {options.vbq}")
    options.vbq = options.vbq.resolve()
    if not all(path.exists() for path in (NETWORK, HELD_OUT, SAMPLE)):
        print("deap_rival.py: skipped, there is no ResNet-20 with its images in ../shared/data/cifar10")
        return
    load = os.getloadavg()[0]
    try:
        with tempfile.TemporaryDirectory() as folder:
            rows, parts = compare(options, pathlib.Path(folder))
    except (Failed, OSError) as error:
        sys.exit(f"deap_rival.py: {error}")
    lines = [f"{options.bits} bits, {options.images} images lead, {options.threads} threads of {len(os.sched_getaffinity(0))} cores, population "
             f"{options.population}, seed {options.seed}; load {load:.1f} at the start; {time.strftime('%Y-%m-%d')}", "",
             "| what | found, s | job, s | held out, right | top-1 | networks | ratio, found | ratio, job | against |", "|" + "---|" * 9]
    lines += ["| " + " | ".join(str(value) for value in line.values()) + " |" for line in rows] + [""] + parts
    print("\n".join(lines), flush=True)
    if options.markdown:
        options.markdown.write_text("\n".join(lines) + "\n")
    if options.csv:
        with open(options.csv, "w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)


if __name__ == "__main__":
    main()
