#!/usr/bin/env python3
"""Installs a build, builds the program of uses_vbq/ against what was installed, and compares its counts with vbq's.

  install.py BUILD DIGITS    BUILD: a build folder, whose `vbq` is built; DIGITS: jobs/digits
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

here = pathlib.Path(__file__).resolve().parent


def run(*command):
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"install.py: {' '.join(map(str, command))} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def main():
    build, digits = map(pathlib.Path, sys.argv[1:])
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        prefix, program = root / "prefix", root / "build"
        run("cmake", "--install", build, "--prefix", prefix)
        headers = {path.name for path in (prefix / "include" / "vbq").iterdir()}
        assert headers == {path.name for path in (here.parents[1] / "include" / "vbq").iterdir()}, headers
        share = prefix / "share"
        for file in ("man/man1/vbq.1", "man/man1/vbq-search.1", "bash-completion/completions/vbq", "zsh/site-functions/_vbq", "doc/vbq/copyright",
                     "doc/vbq/README.md", "doc/vbq/docs/start.md", "vbq/jobs/digits/digits.onnx", "vbq/jobs/common/search.sh"):
            assert (share / file).stat().st_size > 1000, file
        # Jobs without what was run or prepared in them (val.h5, network.onnx); and nothing that only packages carry.
        jobs = {path.relative_to(share / "vbq/jobs") for path in (share / "vbq/jobs").rglob("*") if path.is_file()}
        texts = {path.relative_to(digits.parent) for path in digits.parent.rglob("*") if path.suffix in (".toml", ".md", ".sh", ".sbatch")}
        brought = {pathlib.Path("digits") / name for name in ("digits.onnx", "digits_train.h5", "digits_test.h5")}
        assert jobs == {path for path in texts | brought if "runs" not in path.parts and path.name != "run.sh"}, jobs
        assert os.access(share / "vbq/jobs/common/search.sh", os.X_OK) and not list(prefix.rglob("*.so*"))
        # Moved once, as a package is: nothing may point to where it was installed first.
        prefix = prefix.rename(root / "moved")
        run("cmake", "-S", here / "uses_vbq", "-B", program, "-DCMAKE_BUILD_TYPE=Release", f"-DCMAKE_PREFIX_PATH={prefix}")
        run("cmake", "--build", program)

        network, data, best = digits / "digits.onnx", digits / "digits_test.h5", root / "best.json"
        mine = json.loads(run(program / "nearest", network, data, best))
        theirs = json.loads(run(prefix / "bin" / "vbq", "evaluate", "--network", network, "--data", data,
                                "--format", best, "--engine", "cpu", "--json"))
        print("the program:  ", mine)
        print("vbq evaluate: ", theirs)
        assert mine["images"] == theirs["images"] == 597
        assert mine["top1"] == theirs["top1"]["correct"] and mine["top5"] == theirs["top5"]["correct"]
        assert 3 < mine["bits_per_weight"] < 3.5


if __name__ == "__main__":
    main()
