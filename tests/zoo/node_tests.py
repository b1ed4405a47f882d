#!/usr/bin/env python3
"""The ONNX project's own backend node tests (they come with the PyPI package onnx), for the operators that vbq claims.

    tests/zoo/node_tests.py VBQ [--engine reference] [--verbose]

A node test feeds every input; vbq takes one image and constants: the first float input is the image, the others become
initialisers with the test's values. Prints a table in Markdown, an operator a line: passed, refused (with a sentence),
wrong. Exit code 1 when any is wrong. Needs onnx and numpy."""
import argparse
import collections
import pathlib
import subprocess
import sys
import tempfile

CLAIMED = """Add AveragePool BatchNormalization Cast Clip Concat Conv Div Dropout Elu Erf Exp Flatten Gather Gelu Gemm
GlobalAveragePool GlobalMaxPool HardSigmoid HardSwish Identity LayerNormalization LeakyRelu LRN MatMul MaxPool Mul Pad Pow
Reciprocal ReduceMean Relu Reshape Sigmoid Slice Softmax Split Sqrt Squeeze Sub Sum Swish Tanh Transpose
Unsqueeze""".split()


def prepare(model, inputs, folder):
    """Writes model and image; False where the test feeds no float image."""
    import numpy
    import onnx
    from onnx import numpy_helper
    images = [i for i, x in enumerate(inputs) if getattr(x, "dtype", None) == numpy.float32 and x.ndim >= 2]
    if not images or len(inputs) != len(model.graph.input):
        return False
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    for i, (declared, value) in enumerate(zip(model.graph.input, inputs)):
        if i != images[0]:
            copy.graph.initializer.append(numpy_helper.from_array(numpy.asarray(value), declared.name))
    del copy.graph.input[:]
    copy.graph.input.append(model.graph.input[images[0]])
    onnx.save(copy, folder / "model.onnx")
    numpy.save(folder / "x.npy", numpy.ascontiguousarray(inputs[images[0]]))
    return True


def run(vbq, engine, test, folder):
    import numpy
    inputs, outputs = test.data_sets[0]
    wanted = outputs[0]
    if getattr(wanted, "dtype", None) != numpy.float32 or not prepare(test.model, inputs, folder):
        return "other", "no batch of float images"
    out = folder / "y.npy"
    out.unlink(missing_ok=True)
    done = subprocess.run([vbq, "infer", "--network", folder / "model.onnx", "--input", folder / "x.npy", "--output", out,
                           "--engine", engine, "--log", "error"], capture_output=True, text=True)
    if done.returncode == 1:
        return "refused", done.stderr.strip()
    if done.returncode != 0:
        return "wrong", f"exit code {done.returncode}: {done.stderr.strip()}"
    got = numpy.load(out)
    if got.shape != wanted.shape:
        return "wrong", f"shape {got.shape}, {wanted.shape} was wanted"
    good = numpy.allclose(got, wanted, rtol=1e-3, atol=1e-6)
    return ("passed", "") if good else ("wrong", f"differs by up to {numpy.abs(got - wanted).max()}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("vbq", type=pathlib.Path)
    parser.add_argument("--engine", default="reference")
    parser.add_argument("--verbose", action="store_true")
    arguments = parser.parse_args()
    from onnx.backend.test.loader import load_node_model_tests
    table = collections.defaultdict(collections.Counter)
    with tempfile.TemporaryDirectory() as name:
        for test in load_node_model_tests():
            nodes = test.model.graph.node
            if len(nodes) != 1 or nodes[0].op_type not in CLAIMED:
                continue
            outcome, text = run(arguments.vbq, arguments.engine, test, pathlib.Path(name))
            table[nodes[0].op_type][outcome] += 1
            if outcome == "wrong" or (arguments.verbose and outcome != "passed"):
                print(f"{test.name}: {outcome}: {text}", file=sys.stderr)
    total = collections.Counter()
    print("| operator | passed | refused | wrong | not for images |\n|---|---|---|---|---|")
    for operator, counts in sorted(table.items()):
        total.update(counts)
        print(f"| {operator} | {counts['passed']} | {counts['refused']} | {counts['wrong']} | {counts['other']} |")
    print(f"| all | {total['passed']} | {total['refused']} | {total['wrong']} | {total['other']} |")
    sys.exit(1 if total["wrong"] else 0)


if __name__ == "__main__":
    main()
