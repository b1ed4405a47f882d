"""Small networks with what is in an exporter's way: names, old versions, shared weights; and images for them."""
import onnx
from onnx import TensorProto, helper, numpy_helper


def make(path, opset, ir_version, listed=False, tangled=False):
    """conv -> relu -> conv (its weight shared where tangled) -> relu -> pool -> MatMul -> Gemm: [N, 3, 8, 8] to [N, 5].

    listed: initialisers among the inputs; tangled: names that the exporter would make, a weight with another reader."""
    import numpy
    draw = numpy.random.default_rng(7)
    tensors = []

    def tensor(name, *shape):
        values = draw.normal(0, (2 / numpy.prod(shape[1:])) ** 0.5, shape) if len(shape) > 1 else draw.normal(0, 0.1, shape)
        tensors.append(numpy_helper.from_array(values.astype(numpy.float32), name))
        return name

    names = ["w_indices", "w_levels", "w_scale", "w_Gather"] if tangled else ["a", "b", "c", "d"]
    nodes = [
        helper.make_node("Conv", ["x", tensor("w", 6, 3, 3, 3), tensor("w_bias", 6)], [names[0]], "first", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", [names[0]], [names[1]], "w_Cast"),
        helper.make_node("Conv", [names[1], tensor("v", 6, 6, 3, 3)], [names[2]], "w", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", [names[2]], [names[3]]),
        helper.make_node("GlobalAveragePool", [names[3]], ["pooled"], "pool"),
        helper.make_node("Flatten", ["pooled"], ["flat"], "flatten"),
        helper.make_node("MatMul", ["flat", tensor("m", 6, 8)], ["hidden"]),
        helper.make_node("Relu", ["hidden"], ["active"]),
        helper.make_node("Gemm", ["active", tensor("g", 5, 8), tensor("g_bias", 5)], ["y"], "head", transB=1, alpha=2.0),
    ]
    if tangled:  # another reader, which is not quantised: the weight is an activation's factor
        nodes[3:3] = [helper.make_node("Conv", [names[2], "v"], ["again"], "again", pads=[1, 1, 1, 1]),
                      helper.make_node("Add", ["again", names[2]], ["sum"])]
        nodes[5].input[0] = "sum"
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, 8, 8])]
    if listed:
        inputs += [helper.make_tensor_value_info(t.name, t.data_type, t.dims) for t in tensors]
    graph = helper.make_graph(nodes, "made", inputs, [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 5])], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=ir_version)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)
    return path


def old(path):
    """In opset 8, with what later opsets respell: [N, 3, 8, 8] to [N, 5]."""
    import numpy
    draw = numpy.random.default_rng(11)
    tensors = [numpy_helper.from_array(draw.normal(0, 0.2, shape).astype(numpy.float32), name)
               for name, shape in (("w", (6, 3, 3, 3)), ("v", (4, 5, 1, 1)), ("m", (8, 6)), ("g", (6, 5)), ("scale", (6,)), ("shift", (6,)), ("mean", (6,)))]
    tensors.append(numpy_helper.from_array(draw.random(6, dtype=numpy.float32) + 1, "variance"))
    tensors.append(numpy_helper.from_array(draw.normal(0, 0.5, 5).astype(numpy.float32), "g_bias"))
    node = helper.make_node
    nodes = [
        node("Pad", ["x"], ["padded"], "pad", pads=[0, 0, 1, 1, 0, 0, 1, 0], value=0.25),
        node("Conv", ["padded", "w"], ["c"], "first"),
        node("BatchNormalization", ["c", "scale", "shift", "mean", "variance"], ["n"], "norm"),
        node("Clip", ["n"], ["clipped"], "clip", min=-0.5, max=0.75),
        node("Dropout", ["clipped"], ["d"], "dropout", ratio=0.25),
        node("Slice", ["d"], ["s"], "slice", axes=[1, 2], starts=[1, 0], ends=[6, -1]),
        node("Conv", ["s", "v"], ["e"], "second"),
        node("Split", ["e"], ["p", "q"], "unequal", axis=1, split=[1, 3]),
        node("Concat", ["q", "p"], ["r"], "turned", axis=1),
        node("Split", ["r"], ["t", "u"], "halves", axis=1),
        node("Add", ["t", "u"], ["both"], "both"),
        node("ReduceMean", ["both"], ["average"], "average", axes=[2, 3], keepdims=0),
        node("ReduceMax", ["r"], ["most"], "most", axes=[2, 3], keepdims=1),
        node("Squeeze", ["most"], ["flat"], "squeeze", axes=[2, 3]),
        node("ReduceSum", ["both"], ["sum"], "sum", axes=[2, 3], keepdims=0),
        node("Unsqueeze", ["sum"], ["wide"], "unsqueeze", axes=[2]),
        node("Flatten", ["wide"], ["narrow"], "flatten"),
        node("Concat", ["average", "flat", "narrow"], ["all"], "all", axis=1),
        node("MatMul", ["all", "m"], ["hidden"], "hidden"),
        node("Gemm", ["hidden", "g", "g_bias"], ["logits"], "head"),
        node("Softmax", ["logits"], ["y"], "softmax"),
    ]
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, 8, 8])]
    inputs += [helper.make_tensor_value_info(t.name, t.data_type, t.dims) for t in tensors]
    graph = helper.make_graph(nodes, "old", inputs, [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 5])], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 8)], ir_version=3)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)
    return path


def images(folder, count=60):
    """images.npy, labels.npy: noise whose mean says its class."""
    import numpy
    draw = numpy.random.default_rng(3)
    labels = numpy.arange(count) % 5
    pixels = draw.integers(0, 200, (count, 3, 8, 8)) + 10 * labels[:, None, None, None]
    numpy.save(folder / "images.npy", pixels.astype(numpy.uint8))
    numpy.save(folder / "labels.npy", labels.astype(numpy.int64))
    return folder / "images.npy", folder / "labels.npy"
