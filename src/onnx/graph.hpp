// Graph: what of an ONNX model matters here, its structure checked: names are defined once and before they are read.
#pragma once

#include <onnx/onnx_pb.h>

#include <string>
#include <unordered_map>
#include <vector>

#include "vbq/network.hpp"

namespace vbq {

// Points into the ModelProto that it was made of, which must outlive it.
struct Graph {
  int opset = 0;                                  // of the default domain
  std::string name, input, output;                // as in the file
  std::vector<std::string> outputs;               // all of them
  Shape input_shape;                              // with the batch, which is 0 when free
  std::vector<const onnx::NodeProto*> nodes;      // in the file's order, which is topological
  std::vector<const onnx::TensorProto*> tensors;  // initialisers
};

// Of the default domain. Error when it is missing, or not known.
int opset_of(const onnx::ModelProto& model);

// Error when the opset is not known, there is not exactly one input that is not an initialiser, or no output; the input
// is not a batch of float images of fixed size; or a name is defined twice, or read and not defined before. output: the
// one to read (as in the file, or as clean_name() gives it); empty: the first, with a warning where there are several.
Graph read_graph(const onnx::ModelProto& model, const std::string& output = {});

// Pass: drops the nodes that the output does not depend on, so that nothing is asked of them.
void remove_unreached(Graph& graph);

}  // namespace vbq
