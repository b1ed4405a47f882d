// Quantised activations of a file: Div, Round, Clip, Mul behind the values that have ranges. Not QuantizeLinear and
// DequantizeLinear, which compute the same: beside them, onnxruntime (1.24) rounds FP32 weights to int8 by itself.
#pragma once

#include <onnx/onnx_pb.h>

#include <string>
#include <unordered_map>
#include <vector>

#include "onnx/export_names.hpp"
#include "vbq/network.hpp"

namespace vbq::exporting {

struct QuantisedValue {
  std::string name;  // in the file
  ActivationRange range;
};

// The file's values that the network's `activations` are of. layers: the node that each layer was read from. Error
// where a value cannot be found.
std::vector<QuantisedValue> quantised_values(onnx::GraphProto& graph, const Network& network,
                                             const std::unordered_map<std::string, const onnx::NodeProto*>& layers);

// Whoever reads such a value reads it rounded from then on; the graph's outputs stay. Error below opset 11.
void put_activations_in(onnx::GraphProto& graph, const std::vector<QuantisedValue>& values, int opset);

}  // namespace vbq::exporting
