#!/usr/bin/env python3
"""jobs/deploy/coreml.py: a package read back has the exported file's weights, as look-up tables, and computes what vbq computes.

    tests/system/coreml.py VBQ CHECKOUT [--venv DIR]

Core ML itself runs on a Mac alone: the program in the package is run here by a few lines of NumPy.

Exit code 77 (skipped) where an environment with coremltools cannot be had."""
import argparse
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import environment
from environment import run


def expected(path):
    """The weights of a file of form codebook, by the names that they have there."""
    import numpy
    import onnx
    tensors = {t.name: onnx.numpy_helper.to_array(t) for t in onnx.load(path).graph.initializer}
    weights = {}
    for name in [name.removesuffix("_indices") for name in tensors if name.endswith("_indices")]:
        indices, levels = tensors[name + "_indices"], tensors[name + "_levels"]
        if levels.ndim == 2:  # a codebook an output
            weight = numpy.take_along_axis(levels, indices.astype(numpy.int64), 1)
            weight = weight.reshape(tensors.get(name + "_shape", numpy.array(weight.shape)))
        else:
            weight = levels[indices]
        weights[name] = weight * tensors[name + "_scale"] if name + "_scale" in tensors else weight
    return weights


def read_back(package):
    """Operations of the package's program, in order."""
    import coremltools
    from coremltools.converters.mil.frontend.milproto.load import load
    model = coremltools.models.MLModel(str(package), skip_model_load=True)
    program = load(model.get_spec(), specification_version=model.get_spec().specificationVersion, file_weights_dir=model.weights_dir)
    return program.functions["main"]


def windows(x, size, strides, pads, fill):
    """[N, C, windows, ...] of kh * kw taps, as a list of arrays."""
    import numpy
    x = numpy.pad(x, [(0, 0), (0, 0), (pads[0], pads[1]), (pads[2], pads[3])], constant_values=fill)
    high, wide = [(x.shape[2 + k] - size[k]) // strides[k] + 1 for k in range(2)]
    return [x[:, :, i:i + strides[0] * high:strides[0], j:j + strides[1] * wide:strides[1]] for i in range(size[0]) for j in range(size[1])]


def compute(op, value):
    """What Core ML's documentation says of the operator; value(name): of an input."""
    import numpy
    x = value("x")
    if op.op_type == "conv":
        weight = value("weight")
        assert value("pad_type") == "custom" and value("groups") == 1 and set(value("dilations")) == {1}
        taps = windows(x, weight.shape[2:], value("strides"), value("pad"), 0)
        kernel = weight.reshape(*weight.shape[:2], -1)
        y = sum(numpy.einsum("nchw,oc->nohw", tap, kernel[:, :, k]) for k, tap in enumerate(taps))
        return y if value("bias") is None else y + value("bias").reshape(1, -1, 1, 1)
    if op.op_type == "batch_norm":
        gamma, beta, mean, variance = (value(name).reshape(1, -1, 1, 1) for name in ("gamma", "beta", "mean", "variance"))
        return (x - mean) / numpy.sqrt(variance + value("epsilon")) * gamma + beta
    if op.op_type in ("max_pool", "avg_pool"):
        assert value("pad_type") == "custom" and not value("ceil_mode")
        taken = value("kernel_sizes"), value("strides"), value("pad")
        if op.op_type == "max_pool":
            return numpy.maximum.reduce(windows(x, *taken, -numpy.inf))
        assert value("exclude_padding_from_average")
        return sum(windows(x, *taken, 0)) / sum(windows(numpy.ones_like(x), *taken, 0))
    if op.op_type == "pad":
        assert value("mode") == "constant"
        return numpy.pad(x, numpy.array(value("pad")).reshape(-1, 2), constant_values=value("constant_val"))
    if op.op_type == "slice_by_index":
        return x[tuple(slice(*one) for one in zip(value("begin"), value("end"), value("stride")))]
    if op.op_type == "softmax":
        powers = numpy.exp(x - x.max(value("axis"), keepdims=True))
        return powers / powers.sum(value("axis"), keepdims=True)
    simple = {"relu": lambda: numpy.maximum(x, 0),
              "clip": lambda: x.clip(value("alpha"), value("beta")), "add": lambda: x + value("y"), "mul": lambda: x * value("y"),
              "identity": lambda: x,
              "reduce_mean": lambda: x.mean(tuple(value("axes")), keepdims=bool(value("keep_dims"))), "reshape": lambda: x.reshape(value("shape")),
              "linear": lambda: x @ value("weight").T + value("bias")}
    return simple[op.op_type]()


def evaluate(function, image):
    import numpy
    values = {next(iter(function.inputs)): image}

    def value_of(op, name):
        variable = op.inputs.get(name)
        if variable is None:
            return None
        return values[variable.name] if variable.name in values else variable.val

    result = None
    for op in function.operations:
        if op.op_type == "const":
            continue
        if op.op_type == "concat":
            result = numpy.concatenate([values[part.name] for part in op.inputs["values"]], op.axis.val)
        elif op.op_type == "constexpr_lut_to_dense":
            result = op.materialized_val_inference()
        else:
            result = compute(op, lambda name, op=op: value_of(op, name))
        values[op.outputs[0].name] = numpy.asarray(result)
    return numpy.asarray(result)


def operators(path):
    """A network of what the digits' has not."""
    import numpy
    from onnx import TensorProto, checker, helper, numpy_helper, save
    draw = numpy.random.default_rng(3)
    floats = {"w": (8, 1, 3, 3), "v": (16, 16, 1, 1), "m": (16, 10), "b": (10,)}
    tensors = [numpy_helper.from_array(draw.normal(0, 0.4, shape).astype(numpy.float32), name) for name, shape in floats.items()]
    for name, values in (("pads", [0, 0, 1, 0, 0, 0, 0, 2]), ("from", [1, 0]), ("to", [5, -1]), ("axes", [2, 3]), ("shape", [0, -1])):
        tensors.append(numpy_helper.from_array(numpy.array(values), name))
    for name, value in (("low", 0.0), ("high", 0.75), ("fill", 0.5)):
        tensors.append(numpy_helper.from_array(numpy.float32(value), name))
    window = {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 0, 1]}
    nodes = [helper.make_node("Conv", ["x", "w"], ["c"], "first", pads=[1, 0, 2, 1], strides=[1, 1]), helper.make_node("Clip", ["c", "low", "high"], ["d"]),
             helper.make_node("MaxPool", ["d"], ["p"], **window), helper.make_node("AveragePool", ["d"], ["q"], **window),
             helper.make_node("Concat", ["p", "q"], ["both"], axis=1), helper.make_node("Pad", ["both", "pads", "fill"], ["wide"]),
             helper.make_node("Slice", ["wide", "from", "to", "axes"], ["part"]), helper.make_node("Conv", ["part", "v"], ["e"], "second"),
             helper.make_node("Relu", ["e"], ["r"]), helper.make_node("Mul", ["r", "high"], ["s"]), helper.make_node("GlobalAveragePool", ["s"], ["g"]),
             helper.make_node("Reshape", ["g", "shape"], ["f"]), helper.make_node("MatMul", ["f", "m"], ["h"], "third"),
             helper.make_node("Add", ["h", "b"], ["l"]), helper.make_node("Softmax", ["l"], ["y"], axis=1)]
    value = helper.make_tensor_value_info
    graph = helper.make_graph(nodes, "operators", [value("x", TensorProto.FLOAT, ["n", 1, 8, 8])], [value("y", TensorProto.FLOAT, ["n", 10])], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=7)
    checker.check_model(model, full_check=True)
    save(model, path)
    return path


def check(vbq, images, script, network, name, folder, *settings):
    import numpy
    job = folder / f"{name}.toml"
    job.write_text(f'[network]\npath = "{network}"\n[data]\npath = "{images}"\nsearch = 50\n'
                   '[format]\nencoding = "values"\nassignment = "nearest"\nmatching = "never"\n[search]\npopulation = 2\ngenerations = 1\n')
    sets = [word for value in settings for word in ("--set", value)]
    run(vbq, "search", job, "--run", folder / name, "--log", "error", *sets)
    best, quantised, package = folder / name / "best.json", folder / f"{name}.onnx", folder / f"{name}.mlpackage"
    run(vbq, "export", "--network", network, "--format", best, "--form", "codebook", "--output", quantised)
    run(sys.executable, script, quantised, package)
    function = read_back(package)
    tables = {op.outputs[0].name: op for op in function.operations if op.op_type == "constexpr_lut_to_dense"}
    wanted, found = expected(quantised), 0
    for weight_name, weight in wanted.items():
        for op in tables.values():
            dense = op.materialized_val_inference()
            found += any(dense.shape == one.shape and numpy.array_equal(dense, one) for one in (weight, weight.T))  # MatMul's is turned
    widths = sorted({int(op.lut.val.shape[-2]).bit_length() - 1 for op in tables.values()})
    assert found == len(wanted) == len(tables), f"{name}: {found} of {len(wanted)} weights are among the {len(tables)} tables"
    x = numpy.random.default_rng(1).normal(0, 1, (5, 1, 8, 8)).astype(numpy.float32)
    numpy.save(folder / "x.npy", x)
    run(vbq, "infer", "--network", network, "--format", best, "--input", folder / "x.npy", "--output", folder / f"{name}.npy")
    ours = numpy.load(folder / f"{name}.npy")
    theirs = numpy.concatenate([evaluate(function, x[k:k + 1]) for k in range(len(x))])
    distance = float(abs(ours - theirs.reshape(ours.shape)).max() / abs(ours).max())
    size = sum(file.stat().st_size for file in package.rglob("*") if file.is_file())
    print(f"{name}: {found} weights are the file's to the bit, in tables of {widths} bits; outputs {distance:.1e} of the largest apart; "
          f"{size} bytes, {quantised.stat().st_size} as ONNX")
    assert distance < 2e-5


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("vbq", type=pathlib.Path)
    parser.add_argument("checkout", type=pathlib.Path)
    parser.add_argument("--venv", type=pathlib.Path, default=pathlib.Path("build/coreml-venv"))
    arguments = parser.parse_args()
    environment.enter(arguments.venv, ["coremltools", "onnx", "numpy"])
    checkout = arguments.checkout.resolve()
    digits, images, script = (checkout / "jobs" / name for name in ("digits/digits.onnx", "digits/digits_test.h5", "deploy/coreml.py"))
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for levels in (2, 4, 5, 16):
            check(arguments.vbq, images, script, digits, f"levels_{levels}", folder, f"format.levels={levels}")
        check(arguments.vbq, images, script, digits, "channels", folder, "format.bits=3", "format.scope=channel")
        check(arguments.vbq, images, script, operators(folder / "made.onnx"), "operators", folder, "format.levels=4")


if __name__ == "__main__":
    main()
