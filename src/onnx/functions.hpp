// Local functions: operators that a file defines itself, each as a list of other nodes.
#pragma once

#include <onnx/onnx_pb.h>

namespace vbq {

// Writes every call of a local function out, in graphs within nodes as well, and drops the functions. Inner nodes and
// values are called "call/name". Error when a function calls itself, has another opset than the model, or the calls,
// written out, are more than a network has.
void inline_functions(onnx::ModelProto& model);

}  // namespace vbq
