#!/usr/bin/env python3
"""A quantised ONNX file of form qdq as a TensorFlow Lite file of int8, for microcontrollers and for Arm's Ethos-U (vela reads it).

    vbq search job.toml --set format.activations=8 --set 'format.level_values="int8"' --run q
    vbq export --network net.onnx --format q/best.json --form qdq --output q.onnx
    jobs/deploy/tflite.py q.onnx images.npy net.tflite          # images.npy: as for vbq infer, float32 [N, C, H, W]
    vela net.tflite --accelerator-config ethos-u55-128 --verbose-weights

Needs onnx, onnxruntime, numpy and ai-edge-litert of PyPI. Weights are the file's int8 to the bit, but in channels so small that int32 cannot hold
their biases; biases become int32 in steps of both steps' product, activations keep vbq's steps and zero points (less 128, as int8). What vbq
does not round, int8 kernels must: outputs, and what a sum gives to a pool. Such tensors get the range that they have for the images; some
hundred are enough.

Of a network's operators: Conv (also depthwise), Gemm, Relu, Clip from 0 to 6, Add, MaxPool, AveragePool, GlobalAveragePool, Flatten, Reshape to rows,
Slice and Pad by constants, Identity, Dropout. Images come one at a time, channels last."""
import argparse
import pathlib

import flatbuffers
import numpy
import onnx
from ai_edge_litert import schema_py_generated as lite

from qdq import Graph, refuse

VERSIONS = {"CONV_2D": 3, "DEPTHWISE_CONV_2D": 3, "FULLY_CONNECTED": 4, "ADD": 2, "MAX_POOL_2D": 2, "AVERAGE_POOL_2D": 2, "MEAN": 2, "PAD": 2,
            "RESHAPE": 1, "STRIDED_SLICE": 2, "RELU": 2}  # in which each took int8
TYPES = {"int8": lite.TensorType.INT8, "int32": lite.TensorType.INT32}


class Writer:
    def __init__(self, graph):
        self.graph, self.tensors, self.operators, self.codes, self.buffers = graph, [], [], [], [lite.BufferT()]
        self.values, self.rows = {}, {}  # names' tensors; of rows that were [C, H, W], those extents
        self.values[graph.image] = self.activation(graph.image, graph.shapes[graph.image])
        done = set()
        for node in graph.nodes:
            if node.output[0] in done:
                continue
            last = graph.joined(node)
            if last is not None:
                done.add(last.output[0])
            if not hasattr(self, node.op_type):
                refuse(f'{node.op_type} node "{node.name}" is none of the operators that this script knows')
            self.node, self.last = node, last or node
            self.attributes = {one.name: onnx.helper.get_attribute_value(one) for one in node.attribute}
            getattr(self, node.op_type)()

    # ---- tensors and operators ----
    def tensor(self, name, shape, kind, steps, data=None, axis=0):
        one = lite.TensorT()
        one.name, one.shape, one.type = name, list(shape), TYPES[kind]
        if steps is not None:
            one.quantization = lite.QuantizationParametersT()
            one.quantization.scale, one.quantization.zeroPoint = [list(values) for values in steps]
            one.quantization.quantizedDimension = axis
        one.buffer = 0
        if data is not None:
            buffer = lite.BufferT()
            buffer.data = numpy.frombuffer(numpy.ascontiguousarray(data, kind).tobytes(), numpy.uint8)
            one.buffer = len(self.buffers)
            self.buffers.append(buffer)
        self.tensors.append(one)
        return len(self.tensors) - 1

    def activation(self, name, shape, steps=None):
        step, zero = steps or self.graph.steps[name]
        return self.tensor(name, [1, *shape[1:], shape[0]] if len(shape) == 3 else [1, *shape], "int8", ([step], [zero]))

    def integers(self, name, values):
        return self.tensor(name, numpy.shape(values), "int32", None, numpy.array(values, numpy.int32))

    def add(self, kind, inputs, output, options=None):
        code = getattr(lite.BuiltinOperator, kind)
        if code not in [one.builtinCode for one in self.codes]:
            one = lite.OperatorCodeT()
            one.builtinCode, one.deprecatedBuiltinCode, one.version = code, min(code, 127), VERSIONS[kind]
            self.codes.append(one)
        one = lite.OperatorT()
        one.opcodeIndex, one.inputs, one.outputs = [c.builtinCode for c in self.codes].index(code), inputs, [output]
        if options is not None:
            one.builtinOptions, one.builtinOptionsType = options, getattr(lite.BuiltinOptions, type(options).__name__[:-1])
        self.operators.append(one)

    def give(self, kind, inputs, options=None):
        name = self.last.output[0]
        self.values[name] = self.activation(name, self.graph.shapes[name])
        self.add(kind, inputs, self.values[name], options)

    def input(self, index=0):
        return self.graph.origin(self.node.input[index])

    def x(self, index=0):
        if self.input(index) not in self.values:
            refuse(f'{self.node.op_type} node "{self.node.name}" reads {self.input(index)}, which is no activation')
        return self.values[self.input(index)]

    def activated(self, options):
        if self.last is not self.node:
            options.fusedActivationFunction = self.function(self.last)
        return options

    def function(self, node):
        if node.op_type == "Relu":
            return lite.ActivationFunctionType.RELU
        low, high = ([self.graph.constants.get(name) for name in node.input[1:]] + [None, None])[:2]
        if low is None or high is None or (float(low), float(high)) != (0, 6):
            refuse(f'Clip node "{node.name}" is not from 0 to 6')
        return lite.ActivationFunctionType.RELU6

    # ---- windows ----
    def window(self, kernel, options, fill):
        """Sets strides and padding; the input's tensor, behind a Pad where TensorFlow's SAME would lie elsewhere."""
        strides = self.attributes.get("strides", [1, 1])
        extents = self.graph.shapes[self.input()][1:]
        pads = self.attributes.get("pads", [0] * 4)
        if self.attributes.get("auto_pad", b"NOTSET") != b"NOTSET" or set(self.attributes.get("dilations", [1])) != {1} or self.attributes.get("ceil_mode", 0):
            refuse(f'{self.node.op_type} node "{self.node.name}" has auto_pad, dilations or ceil_mode')
        options.strideH, options.strideW = strides
        options.padding = lite.Padding.VALID
        if not any(pads):
            return self.x()
        same = [max((-(-extents[k] // strides[k]) - 1) * strides[k] + kernel[k] - extents[k], 0) for k in range(2)]
        if [same[0] // 2, same[1] // 2, same[0] - same[0] // 2, same[1] - same[1] // 2] == list(pads):
            options.padding = lite.Padding.SAME
            return self.x()
        if not fill:
            refuse(f'{self.node.op_type} node "{self.node.name}" pads {pads}, which TensorFlow Lite has for convolutions alone')
        shape = self.graph.shapes[self.input()]
        wide = self.activation(self.input() + "_padded", (shape[0], *(shape[1 + k] + pads[k] + pads[k + 2] for k in range(2))), self.graph.steps[self.input()])
        self.add("PAD", [self.x(), self.integers(self.input() + "_pads", [[0, 0], [pads[0], pads[2]], [pads[1], pads[3]], [0, 0]])], wide, lite.PadOptionsT())
        return wide

    def pool(self, kind, average):
        options = lite.Pool2DOptionsT()
        kernel = options.filterHeight, options.filterWidth = self.attributes["kernel_shape"]
        if average and self.attributes.get("count_include_pad", 0) and any(self.attributes.get("pads", [])):
            refuse(f'{self.node.op_type} node "{self.node.name}" counts padding, which TensorFlow Lite does not')
        self.give(kind, [self.window(kernel, options, False)], options)

    def weight(self, change, axis):
        """Tensors of the node's weight, laid out by `change`, and of its bias."""
        name = self.node.input[1]
        if name not in self.graph.weights:
            refuse(f'{self.node.op_type} node "{self.node.name}" has no int8 weight: a file of form qdq was expected, of a format with levels of int8')
        value, scales = self.graph.weights[name]
        scales = numpy.broadcast_to(scales, len(value)).astype(numpy.float64)
        step = self.graph.steps[self.input()][0]
        bias = self.graph.constants[self.node.input[2]].reshape(-1) if len(self.node.input) > 2 else numpy.zeros(len(value))
        fit = numpy.maximum(numpy.ceil(abs(bias) / (scales * step) / 2**30), 1)  # over 1: of a channel that has died, whose bias is all that counts
        value = numpy.rint(value / fit.reshape(-1, *[1] * (value.ndim - 1))).astype(numpy.int8)
        units = scales * fit * step
        weight = self.tensor(name, change(value).shape, "int8", (scales * fit, [0] * len(scales)), change(value), axis)
        whole = numpy.rint(bias / units)
        return [weight, self.tensor(name + "_bias", [len(value)], "int32", (units, [0] * len(units)), whole)]

    # ---- the operators ----
    def Conv(self):
        value = self.graph.weights.get(self.node.input[1], (numpy.zeros((1, 1, 1, 1)),))[0]
        channels, group = self.graph.shapes[self.input()][0], self.attributes.get("group", 1)
        if value.ndim != 4 or group not in (1, channels):
            refuse(f'Conv node "{self.node.name}" is not of two dimensions, or neither ordinary nor depthwise')
        deep = group == channels and group > 1
        options = lite.DepthwiseConv2DOptionsT() if deep else lite.Conv2DOptionsT()
        options.dilationHFactor = options.dilationWFactor = 1
        if deep:
            options.depthMultiplier = len(value) // channels
        x = self.window(value.shape[2:], options, True)
        change = (lambda w: w.transpose(1, 2, 3, 0)) if deep else (lambda w: w.transpose(0, 2, 3, 1))
        self.give("DEPTHWISE_CONV_2D" if deep else "CONV_2D", [x, *self.weight(change, 3 if deep else 0)], self.activated(options))

    def Gemm(self):
        usual = {"transA": 0, "transB": 1, "alpha": 1, "beta": 1}
        if {**usual, "transB": 0, **self.attributes} != usual:
            refuse(f'Gemm node "{self.node.name}" has transA, no transB, alpha or beta')
        extents = self.rows.get(self.input())  # rows were channels first there, and are channels last here
        change = (lambda w: w.reshape(-1, *extents).transpose(0, 2, 3, 1).reshape(len(w), -1)) if extents else (lambda w: w)
        self.give("FULLY_CONNECTED", [self.x(), *self.weight(change, 0)], self.activated(lite.FullyConnectedOptionsT()))

    def Add(self):
        self.give("ADD", [self.x(0), self.x(1)], self.activated(lite.AddOptionsT()))

    def Relu(self):
        self.give("RELU", [self.x()])

    def MaxPool(self):
        self.pool("MAX_POOL_2D", False)

    def AveragePool(self):
        if self.graph.whole(self.node) and not any(self.attributes.get("pads", [])):
            self.GlobalAveragePool()
        else:
            self.pool("AVERAGE_POOL_2D", True)

    def GlobalAveragePool(self):
        options = lite.ReducerOptionsT()
        options.keepDims = True
        self.give("MEAN", [self.x(), self.integers(self.input() + "_axes", [1, 2])], options)

    def Flatten(self):
        shape, name = self.graph.shapes[self.input()], self.node.output[0]
        if len(self.graph.shapes[name]) != 1:
            refuse(f'{self.node.op_type} node "{self.node.name}" makes no rows')
        if len(shape) == 3 and shape[1] * shape[2] > 1:
            self.rows[name] = shape
            if [one.op_type for one in self.graph.readers.get(name, [])] != ["Gemm"]:
                refuse(f'{self.node.op_type} node "{self.node.name}" is not read by one Gemm')
        options = lite.ReshapeOptionsT()
        options.newShape = [1, self.graph.shapes[name][0]]
        self.give("RESHAPE", [self.x(), self.integers(name + "_shape", options.newShape)], options)

    Reshape = Flatten

    def Slice(self):
        starts, ends, axes, steps = ([self.graph.constants.get(self.graph.origin(name)) for name in self.node.input[1:]] + [None] * 4)[:4]
        shape = self.graph.shapes[self.input()]
        if starts is None or ends is None or axes is None or len(shape) != 3 or (steps is not None and steps.min() < 1):
            refuse(f'Slice node "{self.node.name}" is not forward, over axes of an image, by constants')
        begin, end, stride = [0] * 4, [1, *shape], [1] * 4
        for axis, start, stop, step in zip(axes, starts, ends, steps if steps is not None else [1] * len(starts)):
            begin[axis], end[axis] = slice(int(start), int(stop)).indices(end[axis])[:2]
            stride[axis] = int(step)
        parts = [self.integers(f"{self.node.output[0]}_{k}", [values[axis] for axis in (0, 2, 3, 1)]) for k, values in enumerate((begin, end, stride))]
        self.give("STRIDED_SLICE", [self.x(), *parts], lite.StridedSliceOptionsT())

    def Pad(self):
        pads = self.graph.constants.get(self.graph.origin(self.node.input[1]))
        value = self.graph.constants.get(self.node.input[2], 0) if len(self.node.input) > 2 and self.node.input[2] else 0
        if pads is None or len(pads) != 8 or numpy.any(value) or self.attributes.get("mode", b"constant") != b"constant":
            refuse(f'Pad node "{self.node.name}" is not of an image by constants, with zeros')
        name = self.node.output[0]
        self.give("PAD", [self.x(), self.integers(name + "_pads", [[int(pads[k]), int(pads[k + 4])] for k in (0, 2, 3, 1)])], lite.PadOptionsT())

    def bytes(self):
        part = lite.SubGraphT()
        part.tensors, part.operators = self.tensors, self.operators
        part.inputs, part.outputs = [self.values[self.graph.image]], [self.values[self.graph.output]]
        model = lite.ModelT()
        model.version, model.operatorCodes, model.subgraphs, model.buffers = 3, self.codes, [part], self.buffers
        model.description = "vbq"
        builder = flatbuffers.Builder(1 << 20)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network", type=pathlib.Path, help="of vbq export --form qdq")
    parser.add_argument("images", type=pathlib.Path, help=".npy, float32, as for vbq infer")
    parser.add_argument("output", type=pathlib.Path)
    arguments = parser.parse_args()
    made = Writer(Graph(arguments.network, numpy.load(arguments.images))).bytes()
    arguments.output.write_bytes(made)
    print(f"{arguments.output}: {len(made):,} bytes, {arguments.network.stat().st_size:,} as ONNX")


if __name__ == "__main__":
    main()
