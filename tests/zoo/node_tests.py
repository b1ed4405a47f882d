#!/usr/bin/env python3
"""The ONNX project's own backend node tests (they come with the PyPI package onnx), for the operators that vbq claims.

    tests/zoo/node_tests.py VBQ [--engine cpu] [--every-opset] [--verbose] [--venv DIR]

A node test feeds every input. vbq takes images, one after another, and constants. So each test is put to it in one of two ways:

on images     the first float input is the batch of images, the others are constants with the test's values. It is claimed where the
              node does the same to each image: ONNX's reference evaluator gives, for the images in another order, the same
              outputs in that order.
on constants  all inputs are constants, and the output is added to an image of zeros, for the operators that vbq folds.

--every-opset puts each test in every opset of 7 to 28 in which its operator has the same definition, and adds a table by opset.

Outside the claim are: operators across the images of a batch that are not folded, numbers that are neither float, double, half,
bfloat16, integer nor bool, and what outside() lists with its reason. Prints a table in Markdown, an operator a
line. Exit code 1 when any claimed test was refused or is wrong; 77 (skipped) where onnx cannot be installed."""
import argparse
import collections
import pathlib
import re
import subprocess
import sys
import tempfile
import warnings

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import environment

DOCUMENT = pathlib.Path(__file__).resolve().parent.parent.parent / "docs/onnx.md"


def documented():
    """The operators of docs/onnx.md's table: what is claimed there is what is tested."""
    text = DOCUMENT.read_text().split("| kind | operators |", 1)[1].split("\n\n", 1)[0]
    cells = [re.sub(r"\([^)]*\)", "", line.split("|")[2]) for line in text.splitlines()[2:]]
    return [entry.split()[0] for cell in cells for entry in re.split(r",| and ", cell)]


IMAGES = [name for name in documented() if name not in ("Shape", "Size")]
CONSTANTS = """Add And Cast Ceil Concat Constant ConstantOfShape Div Equal Expand Flatten Floor Gather GatherElements Greater
Identity If Less Max Min Mul Neg Not Or Range Reshape Shape Size Slice Sqrt Squeeze Sub Transpose Unsqueeze Where""".split()

OPSETS = range(7, 29)


def outside(test, inputs, wanted):
    """Why a test is not claimed, or None."""
    import numpy
    node, model = test.model.graph.node[0], test.model
    if any(not isinstance(x, numpy.ndarray) for x in [*inputs, *wanted]):
        return "sequences, optionals or strings"
    if len(inputs) != len(model.graph.input):
        return "inputs that are not fed"
    if model.opset_import[0].version not in OPSETS:
        return "an older opset than 7"
    if wanted[0].size == 0 or any(x.size == 0 and x.ndim > 1 for x in inputs):
        return "empty values"
    if "train" in test.name or "training_mode" in test.name or node.op_type == "Dropout" and len(inputs) == 3:
        return "training mode"
    if node.op_type in ("AveragePool", "MaxPool", "Conv") and inputs[0].ndim != 4:
        return "one or three dimensions of space"
    if node.op_type == "AveragePool" and any(a.name == "dilations" and set(a.ints) != {1} for a in node.attribute):
        return "a dilated average pool"
    if node.op_type == "MatMul" and inputs[1].ndim != 2:
        return "MatMul by another thing than a constant matrix"
    if node.op_type == "Pad" and any(a.s == b"wrap" for a in node.attribute):
        return "a Pad that wraps"
    if node.op_type == "Pow" and inputs[1].size != 1:
        return "Pow by another thing than a constant number"
    return None


def save(model, name, value, shape, others, folder, tail=()):
    """Writes a network whose only input is `name`, with the others as initializers, and a batch for it."""
    import numpy
    import onnx
    from onnx import helper, numpy_helper
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    for other, data in others:
        copy.graph.initializer.append(numpy_helper.from_array(numpy.asarray(data), other))
    del copy.graph.input[:]
    copy.graph.input.append(helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape))
    copy.graph.node.extend(tail)
    if tail:
        del copy.graph.output[:]
        copy.graph.output.append(helper.make_tensor_value_info(tail[-1].output[0], onnx.TensorProto.FLOAT, None))
    onnx.save(copy, folder / "model.onnx")
    numpy.save(folder / "x.npy", numpy.ascontiguousarray(value))


def each_image_alone(model, inputs, image):
    """Whether the node's outputs for the images in another order are its outputs in that order, and its output for the first
    image does not depend on the others."""
    import numpy
    from onnx.reference import ReferenceEvaluator
    evaluator = ReferenceEvaluator(model)
    names = [i.name for i in model.graph.input]

    def run(x):
        return evaluator.run(None, {n: (x if i == image else v) for i, (n, v) in enumerate(zip(names, inputs))})[0]

    x = inputs[image]
    count = len(x)
    try:
        straight = run(x)
        if straight.ndim < 1 or len(straight) != count:
            return False
        other = numpy.random.default_rng(1).normal(size=x.shape).astype(x.dtype)
        turned = numpy.roll(numpy.arange(count), 1)
        same = dict(rtol=1e-5, atol=1e-6, equal_nan=True)
        first = numpy.concatenate([x[:1], other[1:]])
        return numpy.allclose(run(other)[turned], run(other[turned]), **same) and numpy.allclose(run(first)[0], straight[0], **same)
    except Exception:
        return False


def ask(vbq, engine, folder, wanted):
    import numpy
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
    good = numpy.allclose(got, wanted, rtol=1e-3, atol=1e-6, equal_nan=True)
    return ("passed", "") if good else ("wrong", f"differs by up to {numpy.abs(got - wanted).max()}")


def run(vbq, engine, test, folder):
    """(way, outcome, text)."""
    import numpy
    from onnx import TensorProto, helper, numpy_helper
    node = test.model.graph.node[0]
    inputs, outputs = ([numpy_helper.to_array(x) if isinstance(x, TensorProto) else x for x in side] for side in test.data_sets[0])
    inputs, outputs = ([numpy.asarray(x) if isinstance(x, numpy.generic) else x for x in side] for side in (inputs, outputs))
    if node.op_type == "Pad" and inputs[0].dtype == numpy.int32:  # some are of integers, which are moved as any number is
        inputs[0], outputs[0] = inputs[0].astype(numpy.float32), outputs[0].astype(numpy.float32)
    declared = test.model.graph.input
    if why := outside(test, inputs, outputs):
        return "outside", "", why
    wanted = numpy.asarray(outputs[0])
    images = [i for i, x in enumerate(inputs) if getattr(x, "dtype", None) == numpy.float32 and x.ndim >= 2]
    if node.op_type in IMAGES and images and wanted.dtype == numpy.float32 and \
            each_image_alone(test.model, inputs, images[0]):
        name = declared[images[0]].name
        others = [(d.name, v) for i, (d, v) in enumerate(zip(declared, inputs)) if i != images[0]]
        # A network that only hands its image on is none: a Relu follows.
        copies = wanted.shape == inputs[images[0]].shape and numpy.array_equal(wanted, inputs[images[0]])
        tail = [helper.make_node("Relu", [node.output[0]], ["vbq_relu"])] if copies or node.op_type == "Transpose" else []
        save(test.model, name, inputs[images[0]], list(inputs[images[0]].shape), others, folder, tail)
        if tail:
            wanted = numpy.maximum(wanted, 0)
        return "images", *ask(vbq, engine, folder, wanted)
    if node.op_type not in CONSTANTS:
        return "outside", "", "across images, or no floats"
    known = {"float32", "float64", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "uint16", "uint32", "uint64",
             "bool"}
    if any(str(getattr(x, "dtype", "")) not in known for x in [*inputs, wanted]):
        return "outside", "", "a kind of number that is not read"
    if node.op_type == "Cast":  # a network's constants are finite: the others are left out
        finite = numpy.isfinite(inputs[0].astype(numpy.float64)) & numpy.isfinite(wanted.astype(numpy.float64))
        inputs = [numpy.where(finite, inputs[0], numpy.zeros_like(inputs[0]))]
        wanted = numpy.where(finite, wanted, numpy.zeros_like(wanted))
    whole = numpy.asarray(wanted, numpy.float32)[None] if wanted.ndim else numpy.full((1, 1), wanted, numpy.float32)
    tail = [helper.make_node("Cast", [node.output[0]], ["vbq_number"], to=TensorProto.FLOAT),
            helper.make_node("Add", ["vbq_image", "vbq_number"], ["vbq_sum"])]
    save(test.model, "vbq_image", numpy.zeros(whole.shape, numpy.float32), list(whole.shape),
         [(d.name, v) for d, v in zip(declared, inputs)], folder, tail)
    return "constants", *ask(vbq, engine, folder, whole)


def opsets_of(test, every):
    """The test's own opset; or all in which its operator's definition is the same."""
    import onnx
    own = test.model.opset_import[0].version
    if not every:
        return [own]

    def since(opset):
        try:
            return onnx.defs.get_schema(test.model.graph.node[0].op_type, opset, "").since_version
        except onnx.defs.SchemaError:
            return None

    return [opset for opset in OPSETS if since(opset) == since(own)] or [own]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("vbq", type=pathlib.Path)
    parser.add_argument("--engine", default="cpu")
    parser.add_argument("--every-opset", action="store_true")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--venv", type=pathlib.Path, default=pathlib.Path("build/zoo-venv"))
    arguments = parser.parse_args()
    environment.enter(arguments.venv, ["onnxruntime", "onnx", "numpy"])
    warnings.simplefilter("ignore")  # onnx makes its tests anew, infinities and all
    from onnx.backend.test.loader import load_node_model_tests
    table = collections.defaultdict(collections.Counter)
    by_opset = collections.defaultdict(collections.Counter)
    reasons = collections.Counter()
    with tempfile.TemporaryDirectory() as name:
        for test in load_node_model_tests():
            nodes = test.model.graph.node
            if len(nodes) != 1 or nodes[0].op_type not in IMAGES + CONSTANTS:
                continue
            for opset in opsets_of(test, arguments.every_opset):
                test.model.opset_import[0].version = opset
                way, outcome, text = run(arguments.vbq, arguments.engine, test, pathlib.Path(name))
                table[nodes[0].op_type][way, outcome] += 1
                if way == "outside":
                    reasons[text] += 1
                else:
                    by_opset[opset][outcome] += 1
                if outcome in ("wrong", "refused") or (arguments.verbose and outcome != "passed"):
                    print(f"{test.name}, opset {opset}: {way}: {outcome}: {text}", file=sys.stderr)
    columns = [("images", "passed"), ("constants", "passed"), ("images", "refused"), ("constants", "refused"),
               ("images", "wrong"), ("constants", "wrong"), ("outside", "")]
    total = collections.Counter()
    print("| operator | on images: passed | on constants: passed | refused | wrong | outside the claim |\n|---|---|---|---|---|---|")

    def line(operator, counts):
        a, b, *bad, outside = [counts[c] for c in columns]
        print(f"| {operator} | {a} | {b} | {bad[0] + bad[1]} | {bad[2] + bad[3]} | {outside} |")

    for operator, counts in sorted(table.items()):
        total.update(counts)
        line(operator, counts)
    line("all", total)
    print("\nOutside the claim: " + "; ".join(f"{text}: {n}" for text, n in reasons.most_common()))
    if arguments.every_opset:
        print("\n| opset | passed | claimed |\n|---|---|---|")
        for opset, counts in sorted(by_opset.items()):
            print(f"| {opset} | {counts['passed']} | {counts.total()} |")
    if total["images", "passed"] + total["constants", "passed"] < 300:
        sys.exit("fewer than 300 tests were claimed and passed: are they there?")
    sys.exit(1 if sum(total[c] for c in columns[2:6]) else 0)


if __name__ == "__main__":
    main()
