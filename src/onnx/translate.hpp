// From a graph of ONNX nodes to a draft of the network, for one size of batch.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "onnx/builder.hpp"
#include "onnx/graph.hpp"
#include "onnx/tensor.hpp"

namespace vbq {

struct Translation {
  Draft draft;
  bool reads_batch = false;  // the file computes something from the number of images in a batch
  std::unordered_map<const onnx::NodeProto*, const onnx::GraphProto*> taken;  // each If's branch
  std::unordered_map<std::string, const onnx::NodeProto*> layers;  // by the draft's name: where each layer comes from
};

// Whether some way of translating knows the operator, of ONNX's own domain.
bool is_known(const std::string& type);

// Node by node: what depends on constants alone is folded, the branch that an If takes by such a condition is read in
// its place, Shape and Size are known from the batch and the input's shape, and the rest is converted. batch: images,
// >= 1; nothing of that size is ever made. Error where the file asks for what is not supported.
Translation translate(const Graph& graph, TensorReader& reader, std::int64_t batch);

}  // namespace vbq
