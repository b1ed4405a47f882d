// Conversion: one function an ONNX operator, from a node of the file to nodes of a Network.
#pragma once

#include <string>
#include <vector>

#include "onnx/builder.hpp"
#include "onnx/node.hpp"

namespace vbq {

// First output of the node. Error, naming the node, when its attributes or inputs do not fit.
using Convert = Value (*)(NodeContext& node, Builder& builder);

// nullptr when the operator is not known.
Convert converter(const std::string& type);

// By family. unary, binary and reduce are for whatever has a row in vbq/functions.hpp and nothing more special.
namespace converting {
// convert_layers.cpp
Value conv(NodeContext& node, Builder& builder);
Value gemm(NodeContext& node, Builder& builder);
Value matmul(NodeContext& node, Builder& builder);
Value batch_norm(NodeContext& node, Builder& builder);
// convert_pool.cpp
Value max_pool(NodeContext& node, Builder& builder);
Value average_pool(NodeContext& node, Builder& builder);
Value global_average_pool(NodeContext& node, Builder& builder);
Value global_max_pool(NodeContext& node, Builder& builder);
Value reduce(NodeContext& node, Builder& builder);
// convert_functions.cpp: what Unary does, alone or together with others
Value unary(NodeContext& node, Builder& builder);
Value gelu(NodeContext& node, Builder& builder);
Value power(NodeContext& node, Builder& builder);
Value layer_normalization(NodeContext& node, Builder& builder);
Value lrn(NodeContext& node, Builder& builder);
// convert_elementwise.cpp
Value relu(NodeContext& node, Builder& builder);
Value clip(NodeContext& node, Builder& builder);
Value binary(NodeContext& node, Builder& builder);
Value prelu(NodeContext& node, Builder& builder);
Value extremum(NodeContext& node, Builder& builder);
Value subtract(NodeContext& node, Builder& builder);
Value divide(NodeContext& node, Builder& builder);
Value sum(NodeContext& node, Builder& builder);
Value softmax(NodeContext& node, Builder& builder);
Value dropout(NodeContext& node, Builder& builder);
// Error when a Dropout is in training mode.
void refuse_training(NodeContext& node);
Value identity(NodeContext& node, Builder& builder);
Value cast(NodeContext& node, Builder& builder);
// convert_movement.cpp
Value concat(NodeContext& node, Builder& builder);
Value flatten(NodeContext& node, Builder& builder);
Value reshape(NodeContext& node, Builder& builder);
Value squeeze(NodeContext& node, Builder& builder);
Value unsqueeze(NodeContext& node, Builder& builder);
Value transpose(NodeContext& node, Builder& builder);
Value pad(NodeContext& node, Builder& builder);
Value slice(NodeContext& node, Builder& builder);
Value gather(NodeContext& node, Builder& builder);
// Every output of a Split.
std::vector<Value> split(NodeContext& node, Builder& builder);
}  // namespace converting

}  // namespace vbq
