"""A file of vbq export --form qdq without its Quantize- and DequantizeLinear, for tflite.py: what each value is rounded to, what constants hold."""
import sys

import numpy
import onnx
import onnxruntime

SAME_STEPS = ("Flatten", "Reshape", "Identity", "Dropout", "MaxPool", "Slice", "Pad")  # int8 kernels do not rescale there, nor in AveragePool


def refuse(sentence):
    sys.exit(f"tflite.py: {sentence}")


class Graph:

    def __init__(self, path, images):
        model = onnx.shape_inference.infer_shapes(onnx.load(path))
        graph = model.graph
        self.constants = {t.name: onnx.numpy_helper.to_array(t) for t in graph.initializer}
        self.constants |= {n.output[0]: onnx.numpy_helper.to_array(n.attribute[0].t) for n in graph.node if n.op_type == "Constant"}
        self.weights, self.steps, self.same, self.nodes = {}, {}, {}, []
        for node in graph.node:
            if node.op_type == "QuantizeLinear":
                step, zero = (self.constants[name] for name in node.input[1:])
                if zero.dtype != numpy.uint8 or step.size != 1:
                    refuse(f'{node.input[0]} is rounded to {zero.dtype}, with {step.size} steps: uint8 and one were expected (format.activations = 8)')
                self.steps[self.origin(node.input[0])] = (float(step), int(zero) - 128)
                self.same[node.output[0]] = node.input[0]
            elif node.op_type == "DequantizeLinear" and node.input[0] in self.constants and self.constants[node.input[0]].dtype == numpy.int32:
                whole, steps = (self.constants[name] for name in node.input[:2])  # a bias, which the int8 kernel's own becomes again
                self.constants[node.output[0]] = whole * steps
            elif node.op_type == "DequantizeLinear" and node.input[0] in self.constants:
                if self.constants[node.input[0]].dtype != numpy.int8 or self.constants[node.input[2]].any():
                    refuse(f"weight {node.output[0]} is no int8 with zero points 0")
                self.weights[node.output[0]] = (self.constants[node.input[0]], self.constants[node.input[1]].reshape(-1))
            elif node.op_type in ("DequantizeLinear", "Identity", "Dropout"):
                self.same[node.output[0]] = node.input[0]
            elif node.op_type != "Constant":
                self.nodes.append(node)
        self.image = next(one.name for one in graph.input if one.name not in self.constants)
        self.output, self.readers = self.origin(graph.output[0].name), {}
        self.look(model, images)

    def origin(self, name):
        while name in self.same:
            name = self.same[name]
        return name

    def look(self, model, images):
        """Each value's shape, and the step and zero point of those that have none."""
        values = [self.image, *(name for node in self.nodes for name in node.output[:1])]
        del model.graph.output[:]
        model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in values[1:])
        session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        fixed = session.get_inputs()[0].shape[0] == 1
        feeds = [images[k:k + 1] for k in range(len(images))] if fixed else [images]
        found = [dict(zip(values, [feed, *session.run(None, {self.image: feed})])) for feed in feeds]
        whole = {name: value for name, value in found[0].items() if value.dtype != numpy.float32}  # computed of shapes: constants here
        self.constants |= whole
        self.nodes = [node for node in self.nodes if node.output[0] not in whole]
        values = [name for name in values if name not in whole]
        for node in self.nodes:
            for name in node.input:
                self.readers.setdefault(self.origin(name), []).append(node)
        self.shapes = {name: found[0][name].shape[1:] for name in values}
        self.ranges = {name: (min(0.0, *(float(one[name].min()) for one in found)), max(0.0, *(float(one[name].max()) for one in found))) for name in values}
        for node in reversed(self.nodes):  # what kernels do not rescale: of a value that has no step, its reader's
            if node.op_type in SAME_STEPS and node.output[0] in self.steps and len(self.readers[self.origin(node.input[0])]) == 1:
                self.steps.setdefault(self.origin(node.input[0]), self.steps[node.output[0]])
        if self.image not in self.steps:
            refuse(f"the file does not round {self.image}: a file of form qdq was expected, of a format with activations of 8 bits")
        for node in self.nodes:
            low, high = self.ranges[node.output[0]]
            average = node.op_type == "AveragePool" and not self.whole(node)
            if (node.op_type in SAME_STEPS or average) and self.origin(node.input[0]) in self.steps:
                self.steps[node.output[0]] = self.steps[self.origin(node.input[0])]
            elif node.output[0] not in self.steps and not self.joined(node):
                step = (high - low) / 255 or 1.0
                self.steps[node.output[0]] = (step, round(-128 - low / step))

    def joined(self, node):
        """The Relu or Clip that alone reads a node whose kernel can do it itself."""
        readers = self.readers.get(node.output[0], [])
        if node.op_type in ("Conv", "Gemm", "Add") and len(readers) == 1 and readers[0].op_type in ("Relu", "Clip") and node.output[0] != self.output:
            return readers[0]
        return None

    def whole(self, node):
        """A pool whose window is the whole image."""
        kernel = next(list(one.ints) for one in node.attribute if one.name == "kernel_shape")
        return kernel == list(self.shapes[self.origin(node.input[0])][1:])
