#!/usr/bin/env python3
"""The graphs of torchvision's families, as both exporters of PyTorch write them, without their weights: small enough to be kept here
(graphs/*.onnx.xz) and to be tested at every commit, when torch itself is a large download.

    tests/zoo/graphs.py make EXPORTS     strips the exports of `families.py --keep EXPORTS` (needs onnx)
    tests/zoo/graphs.py check VBQ [--engine cpu] [--only NAME] [--venv DIR]
                                         fills them with seeded random weights; the outputs of `vbq infer` must be onnxruntime's

Each output may differ by 1e-4 of the largest. Exit code 77 (skipped) where onnx and onnxruntime cannot be installed."""
import argparse
import lzma
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import environment

GRAPHS = pathlib.Path(__file__).resolve().parent / "graphs"
LIMIT = 1e-4
KEPT = 64  # elements of a tensor that is kept: shapes, axes, small constants


def make(exports):
    import onnx
    GRAPHS.mkdir(exist_ok=True)
    for path in sorted(exports.glob("*.onnx")):
        model = onnx.load(path)
        model.doc_string = ""
        del model.metadata_props[:]
        for node in model.graph.node:
            node.doc_string = ""
            del node.metadata_props[:]
        del model.graph.value_info[:]
        for tensor in model.graph.initializer:
            tensor.doc_string = ""
            if tensor.data_type == onnx.TensorProto.FLOAT and onnx.numpy_helper.to_array(tensor).size > KEPT:
                tensor.ClearField("raw_data")
                tensor.ClearField("float_data")
        out = GRAPHS / f"{path.name}.xz"
        out.write_bytes(lzma.compress(model.SerializeToString(), preset=9))
        print(f"{out.name}: {out.stat().st_size:,} bytes of {path.stat().st_size:,}")


def fill(model, seed):
    """Random weights of a size that keeps activations from growing (outputs of a network that amplifies depend on every rounding), and
    batch-norm statistics of that size."""
    import numpy
    import onnx
    random = numpy.random.default_rng(seed)
    pool = random.uniform(-1, 1, 1 << 20).astype(numpy.float32)
    variances = {node.input[4] for node in model.graph.node if node.op_type == "BatchNormalization"}
    scales = {node.input[1] for node in model.graph.node if node.op_type in ("BatchNormalization", "LayerNormalization")}
    columns = {node.input[1] for node in model.graph.node if node.op_type == "MatMul"}  # [inputs, outputs]
    for tensor in model.graph.initializer:
        if tensor.data_type != onnx.TensorProto.FLOAT or tensor.raw_data or tensor.float_data:
            continue
        shape = tuple(tensor.dims)
        count = int(numpy.prod(shape))
        values = numpy.resize(numpy.roll(pool, int(random.integers(1 << 20))), count).reshape(shape)
        if tensor.name in variances:
            values = 1 + values / 2
        elif tensor.name in scales:
            values = 1 + values / 4
        elif len(shape) > 1:
            inputs = shape[0] if tensor.name in columns else count // shape[0]
            values = values * numpy.float32((4 / inputs) ** 0.5)
        else:
            values = values / 10
        tensor.raw_data = values.astype(numpy.float32).tobytes()


def check(vbq, engine, only):
    import numpy
    import onnx
    import onnxruntime
    bad = checked = 0
    for number, path in enumerate(sorted(GRAPHS.glob("*.onnx.xz"))):
        if only not in path.name:
            continue
        checked += 1
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            model = onnx.ModelProto.FromString(lzma.decompress(path.read_bytes()))
            fill(model, number)
            network = folder / "network.onnx"
            network.write_bytes(model.SerializeToString())
            session = onnxruntime.InferenceSession(str(network), providers=["CPUExecutionProvider"])
            entry = session.get_inputs()[0]
            image = numpy.random.default_rng(number).normal(size=(1, *entry.shape[1:])).astype(numpy.float32)
            wanted = session.run(None, {entry.name: image})[0]
            numpy.save(folder / "x.npy", image)
            done = subprocess.run([vbq, "infer", "--network", network, "--input", folder / "x.npy", "--output", folder / "y.npy",
                                   "--engine", engine, "--log", "error"], capture_output=True, text=True)
            if done.returncode != 0:
                bad += 1
                print(f"{path.name}: {done.stderr.strip()}", flush=True)
                continue
            largest = float(numpy.abs(wanted).max())
            difference = float(numpy.abs(numpy.load(folder / "y.npy") - wanted).max()) / largest
            good = 1e-20 < largest < 1e20 and difference <= LIMIT  # not good where either is not a number
            bad += not good
            print(f"{path.name}: differs by {difference:.1e} of {largest:.3g}{'' if good else ', which is too much'}", flush=True)
    wanted = 1 if only else 36
    if checked < wanted:
        print(f"{checked} graphs were found: {wanted} or more were expected")
    return bad == 0 and checked >= wanted


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["make", "check"])
    parser.add_argument("path", type=pathlib.Path)
    parser.add_argument("--engine", default="cpu")
    parser.add_argument("--only", default="")
    parser.add_argument("--venv", type=pathlib.Path, default=pathlib.Path("build/zoo-venv"))
    options = parser.parse_args()
    if options.what == "make":
        make(options.path)
        return
    environment.enter(options.venv, ["onnxruntime", "onnx", "numpy"])
    sys.exit(0 if check(options.path, options.engine, options.only) else 1)


if __name__ == "__main__":
    main()
