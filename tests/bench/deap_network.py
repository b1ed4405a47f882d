"""A CNN of an ONNX file in PyTorch, for deap_search.py and inference.py: channels last, batch norms folded, weights set in place.

Knows what the ResNets and SqueezeNet of ../shared/data and their kind are of: Conv, Gemm, BatchNormalization, Relu, Add, Concat, Pad, Slice,
MaxPool, AveragePool, GlobalAveragePool, Flatten, Reshape and Dropout, besides whatever has constant inputs, which onnx's own evaluator
computes once."""
import onnx
import onnx.reference
import torch
import torch.nn.functional as functional

ONNX_DOMAINS = ("", "ai.onnx")


class Unsupported(Exception):
    """One sentence about what the file has that is not known here."""


class Layer:
    """A Conv or Gemm with a weight of its own. `trained`: its weight as [outputs, columns]; `factor`: a folded batch norm's, an output."""

    def __init__(self, name, weight, bias, options):
        self.name, self.options = name, options
        self.shape = weight.shape
        self.trained = weight.reshape(weight.shape[0], -1).clone()
        self.bias = torch.zeros(weight.shape[0]) if bias is None else bias.clone()
        self.factor = torch.ones(weight.shape[0])
        self.weight = None

    def fold(self, gamma, beta, mean, variance, epsilon):
        scale = gamma / torch.sqrt(variance + epsilon)
        self.bias = (self.bias - mean) * scale + beta
        self.factor = self.factor * scale

    def ready(self):
        value = (self.trained * self.factor[:, None]).reshape(self.shape)
        self.weight = value.contiguous(memory_format=torch.channels_last) if len(self.shape) == 4 else value

    def set(self, value):
        """The weight [outputs, columns] that the network has from now on; as trained, before any batch norm."""
        self.weight.copy_((value * self.factor[:, None]).view(self.shape))

    def __call__(self, x):
        if len(self.shape) == 4:
            return functional.conv2d(x, self.weight, self.bias, **self.options)
        return functional.linear(x, self.weight, self.bias)

    def columns(self, x):
        """The layer's inputs as [positions, columns], the columns in the weight's order."""
        if len(self.shape) == 2:
            return x
        if self.options["groups"] != 1:
            raise Unsupported(f"{self.name} is a grouped convolution, which compensated assignment does not know here")
        patches = functional.unfold(x, self.shape[2:], self.options["dilation"], self.options["padding"], self.options["stride"])
        return patches.transpose(1, 2).reshape(-1, self.trained.shape[1])


def constants_of(model, names):
    """The values of `names`, computed by onnx's evaluator from initializers and Constants alone."""
    graph = model.graph
    known = {tensor.name for tensor in graph.initializer}
    fixed = []
    for node in graph.node:  # in topological order, as ONNX asks for
        if all(not name or name in known for name in node.input):
            fixed.append(node)
            known.update(node.output)
    wanted = sorted(name for name in names if name in known)
    used, needed = [], set(wanted)
    for node in reversed(fixed):
        if needed & set(node.output):
            used.insert(0, node)
            needed.update(node.input)
    tensors = [tensor for tensor in graph.initializer if tensor.name in needed]
    outputs = [onnx.helper.make_empty_tensor_value_info(name) for name in wanted]
    part = onnx.helper.make_graph(used, "constants", [], outputs, tensors)
    values = onnx.reference.ReferenceEvaluator(onnx.helper.make_model(part, opset_imports=model.opset_import)).run(None, {})
    return known, {name: torch.from_numpy(value.copy()) for name, value in zip(wanted, values)}


def pads(attributes):
    begin_end = list(attributes.get("pads", [0, 0, 0, 0]))
    if begin_end[:2] != begin_end[2:] or attributes.get("auto_pad", b"NOTSET") not in (b"NOTSET", b"VALID"):
        raise Unsupported("the network pads one side more than the other, which is not known here")
    return tuple(begin_end[:2])


def sliced(x, starts, ends, axes=None, steps=None):
    axes = range(len(starts)) if axes is None else axes.tolist()
    steps = [1] * len(starts) if steps is None else steps.tolist()
    index = [slice(None)] * x.dim()
    for start, end, axis, step in zip(starts.tolist(), ends.tolist(), axes, steps):
        if step < 1:
            raise Unsupported("the network has a Slice that goes backwards, which is not known here")
        index[axis] = slice(start, end, step)
    return x[tuple(index)]


def padded(x, pads, value=None):
    pairs = pads.tolist()
    flat = [side for axis in reversed(range(x.dim())) for side in (pairs[axis], pairs[axis + x.dim()])]
    return functional.pad(x, flat, value=float(value) if value is not None else 0.0)


class Network:
    """net(images) gives outputs; net.layers are what can be quantised, in the order in which they run."""

    def __init__(self, path):
        model = onnx.load(str(path))
        known, _ = constants_of(model, [])
        nodes = [node for node in model.graph.node if not set(node.output) <= known]
        asked = {name for node in nodes for name in node.input if name}
        _, constants = constants_of(model, asked)
        readers = [name for node in nodes for name in node.input] + [value.name for value in model.graph.output]
        self.layers, self.steps = [], []
        owner, fresh = {}, set()  # owner: of a layer's bare output, its step; fresh: values that are no view of another one
        for node in nodes:
            if node.domain not in ONNX_DOMAINS:
                raise Unsupported(f"the network has a {node.domain}.{node.op_type}, which is not known here")
            attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
            values = [name for name in node.input if name and name not in constants]
            fixed = [constants[name] if name in constants else None for name in node.input]
            once = readers.count(node.input[0]) == 1
            if node.op_type == "BatchNormalization" and node.input[0] in owner and once:
                layer, inputs, _ = self.steps[owner[node.input[0]]]
                layer.fold(*fixed[1:5], attributes.get("epsilon", 1e-5))
                self.steps[owner[node.input[0]]] = (layer, inputs, node.output[0])
                fresh.add(node.output[0])
                continue
            operation = self.operation(node, attributes, fixed, once and node.input[0] in fresh)
            if isinstance(operation, Layer):
                owner[node.output[0]] = len(self.steps)
                self.layers.append(operation)
            if isinstance(operation, Layer) or node.op_type == "Add":
                fresh.add(node.output[0])
            self.steps.append((operation, values, node.output[0]))
        for layer in self.layers:
            layer.ready()
        self.entry = next(value.name for value in model.graph.input if value.name not in {t.name for t in model.graph.initializer})
        self.exit = model.graph.output[0].name
        last = {name: number for number, (_, names, _) in enumerate(self.steps) for name in names}
        self.done = [[name for name in set(names) if last[name] == number] for number, (_, names, _) in enumerate(self.steps)]

    def operation(self, node, attributes, fixed, in_place):
        kind, name = node.op_type, node.name or node.output[0]
        if kind == "Conv" and fixed[1] is not None:
            return Layer(name, fixed[1], fixed[2] if len(fixed) > 2 else None,
                         {"stride": tuple(attributes.get("strides", (1, 1))), "padding": pads(attributes),
                          "dilation": tuple(attributes.get("dilations", (1, 1))), "groups": attributes.get("group", 1)})
        if kind == "Gemm" and fixed[1] is not None and not attributes.get("transA", 0) and attributes.get("alpha", 1) == attributes.get("beta", 1) == 1:
            weight = fixed[1] if attributes.get("transB", 0) else fixed[1].T.contiguous()
            return Layer(name, weight, fixed[2] if len(fixed) > 2 else None, {})
        if kind == "Relu":
            return torch.relu_ if in_place else torch.relu
        if kind == "Add" and all(value is None for value in fixed):
            return (lambda x, y: x.add_(y)) if in_place and node.input[0] != node.input[1] else torch.add
        if kind == "AveragePool" and not attributes.get("ceil_mode", 0):
            return lambda x: functional.avg_pool2d(x, attributes["kernel_shape"], attributes.get("strides", (1, 1)), pads(attributes),
                                                   count_include_pad=bool(attributes.get("count_include_pad", 0)))
        if kind == "MaxPool" and not attributes.get("ceil_mode", 0) and set(attributes.get("dilations", [1])) == {1} and len(node.output) == 1:
            return lambda x: functional.max_pool2d(x, attributes["kernel_shape"], attributes.get("strides", (1, 1)), pads(attributes))
        if kind == "Concat" and all(value is None for value in fixed):
            return lambda *parts: torch.cat(parts, attributes["axis"])
        if kind == "Dropout" and len(node.output) == 1:
            return lambda x: x
        if kind == "GlobalAveragePool":
            return lambda x: x.mean((2, 3), keepdim=True)
        if kind == "Flatten" and attributes.get("axis", 1) == 1:
            return lambda x: x.flatten(1)
        if kind == "Reshape" and len(fixed[1]) == 2:
            return lambda x: x.reshape(len(x), -1)
        if kind == "Slice":
            return lambda x: sliced(x, *fixed[1:])
        if kind == "Pad" and attributes.get("mode", b"constant") == b"constant" and len(fixed) < 4:
            return lambda x: padded(x, *fixed[1:])
        raise Unsupported(f"the network has a {kind} ({name}) of a kind that is not known here")

    def __call__(self, images, see=None):
        """Outputs for [images, channels, height, width]. see(layer, input): called before each layer."""
        values = {self.entry: images}
        for (operation, names, output), done in zip(self.steps, self.done):
            inputs = [values[name] for name in names]
            if see and isinstance(operation, Layer):
                see(operation, inputs[0])
            result = operation(*inputs)
            for name in done:
                del values[name]
            values[output] = result
        return values[self.exit]
