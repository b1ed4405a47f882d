#!/usr/bin/env python3
"""Sizes of exported files in every form, and their speeds in onnxruntime beside FP32's: one table.

    tests/bench/forms.py VBQ NETWORK.onnx BEST.json... [--rounds 7] [--seconds 1] [--sizes] [--markdown FILE]

BEST.json: formats that searches found, `title=PATH` to call one something. Each is exported in every form that holds it, packed in three opsets.
One session of one thread a file, graph optimisation as onnxruntime comes, batch as the file has it (else --batch). Speeds are of FP32 and the
file in turn, --rounds times; the ratio is the median of the pairs. Form qdq runs with session.x64quantprecision = 1, which is exact, and as
onnxruntime comes; without VNNI the latter saturates sums of products. --sizes: no speeds. Use a machine that does nothing else.

Exit code 77 (skipped) where an environment with onnxruntime cannot be had."""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

sys.path = [p for p in sys.path if not p.endswith("tests/bench")]  # onnxruntime.py there has another's name
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import environment
from environment import run

FORMS = [("float", None), ("codebook", None), ("packed", None), ("packed", 18), ("packed", 21), ("dequantize", None), ("dequantize", 21), ("qdq", None)]
FP32 = {"session.qdq_matmulnbits_accuracy_level": "1"}
EXACT = {**FP32, "session.x64quantprecision": "1"}


class Session:
    """One of one thread, over noise."""

    def __init__(self, path, batch, settings):
        import numpy
        import onnxruntime
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        for key, value in settings.items():
            options.add_session_config_entry(key, value)
        self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        entry = self.session.get_inputs()[0]
        self.batch = entry.shape[0] if isinstance(entry.shape[0], int) else batch
        self.name = entry.name
        self.input = numpy.random.default_rng(1).standard_normal([self.batch, *entry.shape[1:]], dtype=numpy.float32)

    def rate(self, seconds):
        """Images a second over at least `seconds` of this process' own time."""
        self.session.run(None, {self.name: self.input})
        images, start = 0, time.perf_counter()
        while (taken := time.perf_counter() - start) < seconds:
            self.session.run(None, {self.name: self.input})
            images += self.batch
        return images / taken


def speed(path, fp32, options, settings):
    """Images a second, and the ratio to FP32 of pairs in turn: medians, and the least and greatest ratio."""
    one = Session(path, options.batch, settings)
    pairs = [(one.rate(options.seconds), fp32.rate(options.seconds)) for _ in range(options.rounds)]
    ratios = [a / b for a, b in pairs]
    return statistics.median(a for a, _ in pairs), statistics.median(ratios), min(ratios), max(ratios)


def exported(vbq, network, best, form, opset, folder):
    """The file and what `vbq export` says of it; None where the form cannot hold the format."""
    out = folder / f"{form}_{opset or 'own'}.onnx"
    command = [vbq, "export", "--network", network, "--format", best, "--form", form, "--output", out, "--overwrite", "--json"]
    done = subprocess.run([str(word) for word in command + (["--opset", opset] if opset else [])], capture_output=True, text=True)
    return (out, json.loads(done.stdout)) if done.returncode == 0 else None


def rows(title, best, fp32_session, options, folder):
    rounded = "activations" in json.loads(best.read_text())
    for form, opset in FORMS:
        if form == "qdq" and not rounded:
            continue
        made = exported(options.vbq, options.network, best, form, opset, folder)
        if made is None:
            continue
        path, said = made
        head = f"| {title} | `{form}`{f', opset {opset}' if opset else ''}"
        tail = f"| {said['bytes']:,} ({100 * said['share']:.1f} %) | {said['zstd']:,} |"
        if fp32_session is None:
            yield f"{head} {tail}"
            continue
        ways = [("", FP32)] if form != "qdq" else [(", `session.x64quantprecision` = 1", EXACT), (", as onnxruntime comes", {})]
        for way, settings in ways:
            rate, ratio, least, most = speed(path, fp32_session, options, settings)
            yield f"{head}{way} {tail} {rate:,.0f} | {ratio:.2f} ({least:.2f} to {most:.2f}) |"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("vbq", type=pathlib.Path)
    parser.add_argument("network", type=pathlib.Path)
    parser.add_argument("formats", nargs="+")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1)
    parser.add_argument("--batch", type=int, default=100, help="where the file leaves it open")
    parser.add_argument("--sizes", action="store_true")
    parser.add_argument("--markdown", type=pathlib.Path)
    parser.add_argument("--venv", type=pathlib.Path, default=pathlib.Path("build/export-venv"))
    options = parser.parse_args()
    environment.enter(options.venv, ["onnx", "onnxruntime", "h5py", "numpy"])
    import onnxruntime
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    lines = [f"{options.network.name}; onnxruntime {onnxruntime.__version__}, one thread; load {load} at the start", ""]
    lines.append("| format | form | bytes (of FP32's) | behind zstd |" + ("" if options.sizes else " images/s | times FP32, median (all) |"))
    lines.append("|---|---|---|---|" + ("" if options.sizes else "---|---|"))
    fp32 = None if options.sizes else Session(options.network, options.batch, {})
    own = "" if fp32 is None else f" {fp32.rate(options.seconds):,.0f} | |"
    lines.append(f"| as trained | FP32 | {options.network.stat().st_size:,} | |{own}")
    print("\n".join(lines), flush=True)
    with tempfile.TemporaryDirectory() as name:
        for given in options.formats:
            title, _, path = given.rpartition("=")
            for line in rows(title or pathlib.Path(path).parent.name, pathlib.Path(path), fp32, options, pathlib.Path(name)):
                lines.append(line)
                print(line, flush=True)
    print(f"load {os.getloadavg()[0]:.1f} at the end")
    if options.markdown:
        options.markdown.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
