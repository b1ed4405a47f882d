#!/usr/bin/env python3
"""A quantised ONNX file as a Core ML package whose weights are native look-up tables (constexpr_lut_to_dense: 1, 2, 3, 4, 6 or 8 bits).

    vbq export --network net.onnx --format best.json --form codebook --output q.onnx
    jobs/deploy/coreml.py q.onnx net.mlpackage [--half]

Needs coremltools, onnx and numpy of PyPI, on any system. Core ML itself, to run the package, is a part of macOS and iOS (18 and later, for 3 bits
and tables of their own for each output).

Of a network's operators: Conv, Gemm, MatMul, BatchNormalization, Relu, Clip, Add, Mul, MaxPool, AveragePool, GlobalAveragePool, Flatten, Reshape,
Softmax, Concat, Pad and Slice by constants, Identity, Dropout. Whatever hangs on constants alone is computed first; so the weights' own operators
vanish, and tables are made of the values that are left: one a layer, or one an output channel, whichever is smaller. The values are the
file's to the bit (--half: rounded to 16 bits, in which the neural engine computes). Images come one at a time."""
import argparse
import pathlib
import re
import sys

import numpy
import onnx
from onnx import numpy_helper
from onnx.reference import ReferenceEvaluator

import coremltools
from coremltools.converters.mil.mil import Builder as mb
from coremltools.converters.mil.mil import types

WIDTHS = [1, 2, 3, 4, 6, 8]  # bits that Core ML has tables for


def refuse(sentence):
    sys.exit(f"coreml.py: {sentence}")


def look_up(rows):
    """Of a weight [rows, ...], each with a table of its own: indices, tables [rows, 2^bits], bits, bytes. None where there are too many values."""
    values = [numpy.unique(row) for row in rows]
    count = max(map(len, values))
    if count > 256:
        return None
    bits = next(width for width in WIDTHS if 2**width >= count)
    table = numpy.stack([numpy.pad(own, (0, 2**bits - len(own)), mode="edge") for own in values])
    indices = numpy.stack([numpy.searchsorted(own, row) for own, row in zip(values, rows)])
    return indices, table, bits, rows.size * bits // 8 + table.nbytes


def constant(weight, name):
    """A weight [outputs, ...]: with one table, or one an output, or as it is, whichever takes the fewest bytes."""
    found = [one for one in (look_up(weight.reshape(1, -1)), look_up(weight.reshape(len(weight), -1))) if one is not None]
    if not found or min(one[3] for one in found) >= weight.nbytes:
        return weight
    indices, table, bits, _ = min(found, key=lambda one: one[3])
    kind = types.nptype_from_builtin(types.string_to_builtin(f"uint{bits}"))
    shape = (len(table), *[1] * (weight.ndim - 1), 2**bits, 1)
    return mb.constexpr_lut_to_dense(indices=indices.reshape(weight.shape).astype(kind), lut=table.reshape(shape), name=name)


class Translator:
    """Node by node: values are arrays where they hang on constants alone, else what the builder gives."""

    def __init__(self, model):
        self.model = model
        self.values = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
        self.opset = next(one.version for one in model.opset_import if one.domain in ("", "ai.onnx"))

    def run(self, image):
        graph = self.model.graph
        self.values[next(one.name for one in graph.input if one.name not in self.values)] = image
        for node in graph.node:
            self.node(node)
        return mb.identity(x=self.values[graph.output[0].name], name=safe(graph.output[0].name) + "_out")

    def node(self, node):
        inputs = [self.values[name] if name else None for name in node.input]
        if node.op_type == "Shape" and not isinstance(inputs[0], numpy.ndarray):
            self.values[node.output[0]] = numpy.array(inputs[0].shape, numpy.int64)
        elif all(one is None or isinstance(one, numpy.ndarray) for one in inputs):
            self.fold(node)
        elif not hasattr(self, node.op_type):
            refuse(f'{node.op_type} node "{node.name}" is none of the operators that this script knows')
        else:
            attributes = {one.name: onnx.helper.get_attribute_value(one) for one in node.attribute}
            self.values[node.output[0]] = getattr(self, node.op_type)(node, attributes, *inputs)

    def fold(self, node):
        given = {name: self.values[name] for name in node.input if name}
        infos = [onnx.helper.make_tensor_value_info(name, onnx.helper.np_dtype_to_tensor_dtype(v.dtype), v.shape) for name, v in given.items()]
        outputs = [onnx.ValueInfoProto(name=name) for name in node.output if name]
        graph = onnx.helper.make_graph([node], "one", infos, outputs)
        model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", self.opset)])
        for name, value in zip([o.name for o in outputs], ReferenceEvaluator(model).run(None, given)):
            self.values[name] = numpy.asarray(value)

    # ---- the operators ----
    def Conv(self, node, a, x, weight, bias=None):
        more = {} if bias is None else {"bias": bias}
        dims = weight.ndim - 2
        return mb.conv(x=x, weight=constant(weight, safe(node.input[1])), strides=a.get("strides", [1] * dims), dilations=a.get("dilations", [1] * dims),
                       groups=a.get("group", 1), **more, **padding(node, a, dims))

    def linear(self, x, weight, bias, name):
        return mb.linear(x=x, weight=constant(weight, name), bias=numpy.zeros(len(weight), numpy.float32) if bias is None else bias)

    def Gemm(self, node, a, x, weight, bias=None):
        if a.get("transA", 0) or not isinstance(bias, (numpy.ndarray, type(None))):
            refuse(f'Gemm node "{node.name}" has transA or a third input that is computed')
        weight = weight if a.get("transB", 0) else weight.T
        bias = bias if bias is None else numpy.broadcast_to(bias * numpy.float32(a.get("beta", 1.0)), (len(weight),)).astype(numpy.float32)
        return self.linear(x, numpy.float32(a.get("alpha", 1.0)) * weight, bias, safe(node.input[1]))

    def MatMul(self, node, a, x, weight):
        if not isinstance(weight, numpy.ndarray) or weight.ndim != 2:
            refuse(f'MatMul node "{node.name}" is not by a constant matrix')
        return self.linear(x, weight.T, None, safe(node.input[1]))

    def BatchNormalization(self, node, a, x, scale, bias, mean, variance):
        return mb.batch_norm(x=x, mean=mean, variance=variance, gamma=scale, beta=bias, epsilon=numpy.float32(a.get("epsilon", 1e-5)))

    def Relu(self, node, a, x):
        return mb.relu(x=x)

    def Clip(self, node, a, x, low=None, high=None):
        low, high = a.get("min", low), a.get("max", high)
        return mb.clip(x=x, alpha=numpy.float32(-3e38 if low is None else low), beta=numpy.float32(3e38 if high is None else high))

    def Add(self, node, a, x, y):
        return mb.add(x=x, y=y)

    def Mul(self, node, a, x, y):
        return mb.mul(x=x, y=y)

    def pool(self, kind, node, a, x, **more):
        size = a["kernel_shape"]
        if any(one != 1 for one in a.get("dilations", [])):
            refuse(f'{node.op_type} node "{node.name}" is dilated')
        return kind(x=x, kernel_sizes=size, strides=a.get("strides", [1] * len(size)), ceil_mode=bool(a.get("ceil_mode", 0)), **padding(node, a, len(size)), **more)

    def MaxPool(self, node, a, x):
        return self.pool(mb.max_pool, node, a, x)

    def AveragePool(self, node, a, x):
        return self.pool(mb.avg_pool, node, a, x, exclude_padding_from_average=not a.get("count_include_pad", 0))

    def GlobalAveragePool(self, node, a, x):
        return mb.reduce_mean(x=x, axes=list(range(2, x.rank)), keep_dims=True)

    def Flatten(self, node, a, x):
        axis = a.get("axis", 1) % x.rank
        return mb.reshape(x=x, shape=[int(numpy.prod(x.shape[:axis])), -1])

    def Reshape(self, node, a, x, shape):
        return mb.reshape(x=x, shape=[int(x.shape[k]) if extent == 0 else int(extent) for k, extent in enumerate(shape)])

    def Softmax(self, node, a, x):
        axis = a.get("axis", -1 if self.opset >= 13 else 1) % x.rank
        if self.opset < 13 and any(extent != 1 for extent in x.shape[axis + 1:]):
            refuse(f'Softmax node "{node.name}" is over several axes')
        return mb.softmax(x=x, axis=axis)

    def Concat(self, node, a, *parts):
        return mb.concat(values=list(parts), axis=a["axis"])

    def Pad(self, node, a, x, pads=None, value=None, axes=None):
        pads = a.get("pads", pads)
        if axes is not None or a.get("mode", b"constant") != b"constant":
            refuse(f'Pad node "{node.name}" has axes, or another mode than constant')
        pairs = [int(one) for k in range(x.rank) for one in (pads[k], pads[k + x.rank])]
        return mb.pad(x=x, pad=pairs, mode="constant", constant_val=numpy.float32(a.get("value", 0.0) if value is None else value.item()))

    def Slice(self, node, a, x, starts=None, ends=None, axes=None, steps=None):
        starts, ends = a.get("starts", starts), a.get("ends", ends)
        axes = a.get("axes", axes if axes is not None else range(len(starts)))
        begin, end, stride = [0] * x.rank, list(x.shape), [1] * x.rank
        for axis, start, stop, step in zip(axes, starts, ends, steps if steps is not None else [1] * len(starts)):
            if step < 1:
                refuse(f'Slice node "{node.name}" goes backwards')
            begin[axis], end[axis], stride[axis] = *slice(int(start), int(stop)).indices(x.shape[axis])[:2], int(step)
        return mb.slice_by_index(x=x, begin=begin, end=end, stride=stride)

    def Identity(self, node, a, x):
        return x

    def Dropout(self, node, a, x, *_):
        return x


def padding(node, a, dims):
    """Of a window: ONNX has all begins before all ends, Core ML an axis' beside each other."""
    auto = a.get("auto_pad", b"NOTSET")
    if auto in (b"SAME_UPPER", b"SAME_LOWER", b"VALID"):
        return {"pad_type": {b"SAME_UPPER": "same", b"SAME_LOWER": "same_lower", b"VALID": "valid"}[auto]}
    pads = a.get("pads", [0] * 2 * dims)
    return {"pad_type": "custom", "pad": [pads[k + side * dims] for k in range(dims) for side in (0, 1)]}


def safe(name):
    return re.sub(r"\W", "_", name)


def convert(path, half):
    model = onnx.load(path)
    known = {tensor.name for tensor in model.graph.initializer}
    image = next(one for one in model.graph.input if one.name not in known)
    shape = [one.dim_value for one in image.type.tensor_type.shape.dim]
    if shape[0] > 1 or min(shape[1:]) < 1:
        refuse(f"the input has shape {shape}: images of a fixed size, one at a time, were expected")
    target = coremltools.target.iOS18

    @mb.program(input_specs=[mb.TensorSpec(shape=(1, *shape[1:]))], opset_version=target)
    def program(image):
        return Translator(model).run(image)

    precision = coremltools.precision.FLOAT16 if half else coremltools.precision.FLOAT32
    return coremltools.convert(program, convert_to="mlprogram", minimum_deployment_target=target, compute_precision=precision, skip_model_load=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network", type=pathlib.Path, help="of vbq export")
    parser.add_argument("package", type=pathlib.Path, help="to write; it ends in .mlpackage")
    parser.add_argument("--half", action="store_true", help="levels and arithmetic of 16 bits")
    arguments = parser.parse_args()
    if arguments.package.suffix != ".mlpackage" or arguments.package.exists():
        refuse(f"{arguments.package} is there already, or does not end in .mlpackage")
    convert(arguments.network, arguments.half).save(str(arguments.package))
    size = sum(file.stat().st_size for file in arguments.package.rglob("*") if file.is_file())
    print(f"{arguments.package}: {size:,} bytes, {arguments.network.stat().st_size:,} as ONNX")


if __name__ == "__main__":
    main()
