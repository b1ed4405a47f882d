#!/usr/bin/env python3
"""Networks of a kind that exporters write, and what onnxruntime makes of them. Needs numpy, onnx and onnxruntime.

    tests/app/cases/make.py

nhwc_input, two_outputs_features_first, bn_five_outputs_opset and the images were made elsewhere; of the first, its answers are added here.
preprocessed: images with channels last that are normalised and padded before the Transpose, a residual block with
channels last inside. positions: a score a class at each pixel."""
import pathlib

import numpy
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

HERE = pathlib.Path(__file__).resolve().parent
FIRST, LAST = [0, 3, 1, 2], [0, 2, 3, 1]


def model(nodes, shape, output, constants):
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", *shape])]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", *output])]
    initialisers = [numpy_helper.from_array(numpy.asarray(v), k) for k, v in constants.items()]
    graph = helper.make_graph(nodes, "case", inputs, outputs, initialisers)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=7)
    onnx.checker.check_model(made, full_check=True)
    return made


def preprocessed(random):
    def normal(*shape):
        return (random.standard_normal(shape) * 0.3).astype(numpy.float32)
    constants = {"scale": numpy.float32(1 / 255), "mean": numpy.array([0.5, 0.4, 0.3], numpy.float32),
                 "std": numpy.array([0.2, 0.3, 0.25], numpy.float32), "pads": numpy.array([0, 1, 1, 0, 0, 1, 1, 0]),
                 "w1": normal(6, 3, 3, 3), "b1": normal(6), "w2": normal(6, 6, 3, 3), "gamma": normal(6), "beta": normal(6),
                 "fc": normal(6, 5)}
    nodes = [helper.make_node("Mul", ["x", "scale"], ["s"]), helper.make_node("Sub", ["s", "mean"], ["m"]),
             helper.make_node("Div", ["m", "std"], ["d"]), helper.make_node("Pad", ["d", "pads"], ["p"]),
             helper.make_node("Transpose", ["p"], ["t"], perm=FIRST),
             helper.make_node("Conv", ["t", "w1", "b1"], ["c1"], name="c1"),
             helper.make_node("Transpose", ["c1"], ["l1"], perm=LAST), helper.make_node("Relu", ["l1"], ["r1"]),
             helper.make_node("Transpose", ["r1"], ["f1"], perm=FIRST),
             helper.make_node("Conv", ["f1", "w2"], ["c2"], name="c2", pads=[1, 1, 1, 1]),
             helper.make_node("Transpose", ["c2"], ["l2"], perm=LAST), helper.make_node("Mul", ["gamma", "l2"], ["g"]),
             helper.make_node("Add", ["g", "beta"], ["h"]), helper.make_node("Add", ["h", "r1"], ["a"]),
             helper.make_node("ReduceMean", ["a"], ["q"], axes=[1, 2], keepdims=0),
             helper.make_node("MatMul", ["q", "fc"], ["y"], name="fc")]
    return model(nodes, [12, 12, 3], [5], constants)


def positions(random):
    weight = random.standard_normal((5, 3, 1, 1)).astype(numpy.float32)
    return model([helper.make_node("Conv", ["x", "w"], ["y"], name="c")], [3, 12, 12], [5, 12, 12], {"w": weight})


def main():
    random = numpy.random.RandomState(7)
    onnx.save(preprocessed(random), HERE / "preprocessed.onnx")
    onnx.save(positions(random), HERE / "positions.onnx")
    images = numpy.load(HERE / "nhwc_images.npy").astype(numpy.float32)
    for name in "nhwc_input", "preprocessed":
        session = onnxruntime.InferenceSession(str(HERE / f"{name}.onnx"), providers=["CPUExecutionProvider"])
        numpy.save(HERE / f"{name}_answers.npy", session.run(None, {"x": images})[0])


if __name__ == "__main__":
    main()
