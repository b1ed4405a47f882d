#!/usr/bin/env python3
"""Under mpirun, as README.md has it: its lines start anywhere, ranks without work stay idle, and --json is one object whatever happens.

    launch.py VBQ SOURCE_FOLDER
"""
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

import runs

# What a person has, who has set nothing up.
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith(("OMPI_", "PMIX_", "PRTE_"))}


def mpirun(words, ranks, folder):
    root = ["--allow-run-as-root"] if os.geteuid() == 0 else []
    done = subprocess.run(["mpirun", *root, "--oversubscribe", "--bind-to", "none", "-n", str(ranks), *map(str, words)], cwd=folder,
                          env=CLEAN, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout, done.stderr


def one_object(text, what):
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        runs.fail(f"{what}: one JSON object was expected on standard output:\n{text}")


def readme_lines(vbq, source):
    """Each mpirun line of README.md and of --help, with `vbq --version` in the place of the command. As root, with what README.md says."""
    readme = (source / "README.md").read_text()
    texts = [readme] + [subprocess.run([vbq, command, "--help"], capture_output=True, text=True, check=True).stdout
                        for command in ("search", "compare")]
    lines = [line for text in texts for line in re.findall(r"mpirun [^\n#`]*?(?= vbq )", text)]
    if len(lines) < 4:
        runs.fail(f"README.md and --help have the mpirun lines {lines}: four were expected")
    if "--allow-run-as-root" not in readme:
        runs.fail("README.md does not say what root has to add")
    for line in lines:
        words = shlex.split(line)
        if os.geteuid() == 0:
            words.insert(1, "--allow-run-as-root")
        done = subprocess.run([*words, vbq, "--version"], env=CLEAN, capture_output=True, text=True)
        if done.returncode != 0:
            runs.fail(f"{line} vbq --version: exit code {done.returncode}:\n{done.stderr}")
        print(f"starts: {line}", flush=True)


def idle_ranks(vbq, digits, folder):
    words = ["evaluate", "--network", digits / "digits.onnx", "--data", digits / "digits_test.h5", "--images", "0:80", "--json"]
    alone = one_object(subprocess.run([vbq, *map(str, words)], capture_output=True, text=True, check=True).stdout, "alone")
    for ranks in (2, 3, 5):
        code, out, err = mpirun([vbq, *words], ranks, folder)
        if code != 0:
            runs.fail(f"evaluate of 80 images on {ranks} ranks: exit code {code}:\n{err}")
        score = one_object(out, f"evaluate on {ranks} ranks")
        for key in ("images", "top1", "top5", "loss"):
            if score[key] != alone[key]:
                runs.fail(f"evaluate on {ranks} ranks: {key} is {score[key]}, alone {alone[key]}")
    print("evaluate of 80 images: the same on 1, 2, 3 and 5 ranks", flush=True)


def errors(vbq, digits, folder):
    search = [vbq, "search", digits / "search.toml", "--json", "--log", "error", "--run", folder / "run"]
    cases = {"more workers than work": [*search, "--set", "data.search=50", "--set", "search.method=annealing", "--set",
                                        "format.encoding=companded"],
             "format.bits holds 3 twice": [*search, "--set", "format.bits=[3,3]"],
             "does not exist": [vbq, "evaluate", "--network", "none.onnx", "--data", digits / "digits_test.h5", "--json"],
             "--images is": [vbq, "evaluate", "--network", digits / "digits.onnx", "--data", digits / "digits_test.h5", "--images", "x",
                             "--json"]}
    for sentence, words in cases.items():
        code, out, err = mpirun(words, 3, folder)
        error = one_object(out, sentence)
        if code != 1 or error["exit_code"] != 1 or sentence not in error["error"] or f"error: {error['error']}" not in err:
            runs.fail(f"{sentence}: exit code {code}, {error}:\n{err}")
        print(f"exit code 1, one object: {error['error']}", flush=True)
    if (folder / "run").exists():
        runs.fail("a search that was refused has left a folder")


def rank_0_alone(vbq, digits, folder):
    """Commands that are not the ranks' common work are rank 0's: once said, once written."""
    for words in (["info", "--json"], ["info", "nothing", "--json"], ["evaluate", "--json"], ["report", "nothing", "--json"]):
        one_object(mpirun([vbq, *words], 3, folder)[1], " ".join(words))
    # The others end well whatever the words are: mpirun would kill rank 0 before it has spoken.
    for words in (["evaluate", "--json"], ["nonsense"], ["info", "nothing"], ["search", "--log", "nonsense", "job.toml"]):
        other = subprocess.run([vbq, *words], env={**CLEAN, "OMPI_COMM_WORLD_RANK": "1"}, capture_output=True, text=True)
        if other.returncode != 0 or other.stdout or other.stderr:
            runs.fail(f"{' '.join(words)} as rank 1: exit code {other.returncode}, and it says: {other.stdout}{other.stderr}")
    numpy_file = folder / "x.npy"
    network = digits / "digits.onnx"
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1, 8, 8), }"
    header += b" " * (117 - len(header)) + b"\n"
    numpy_file.write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(256))
    code, _, err = mpirun([vbq, "infer", "--network", network, "--input", numpy_file, "--output", folder / "y.npy"], 3, folder)
    if code != 0 or not (folder / "y.npy").is_file():
        runs.fail(f"infer on 3 ranks: exit code {code}:\n{err}")
    print("rank 0 alone: info, infer", flush=True)


def main():
    vbq, source = sys.argv[1], pathlib.Path(sys.argv[2])
    with tempfile.TemporaryDirectory(prefix="vbq_launch_") as name:
        readme_lines(vbq, source)
        idle_ranks(vbq, source / "jobs" / "digits", pathlib.Path(name))
        errors(vbq, source / "jobs" / "digits", pathlib.Path(name))
        rank_0_alone(vbq, source / "jobs" / "digits", pathlib.Path(name))


if __name__ == "__main__":
    main()
