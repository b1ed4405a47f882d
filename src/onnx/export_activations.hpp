// Quantised activations of a file, behind the values that have ranges.
#pragma once

#include <onnx/onnx_pb.h>

#include <string>
#include <unordered_map>
#include <vector>

#include "onnx/export.hpp"
#include "onnx/export_names.hpp"
#include "vbq/network.hpp"

namespace vbq::exporting {

// The first that has Round, and Clip's ends as inputs.
inline constexpr int kRoundingOpset = 11;

struct QuantisedValue {
  std::string name;  // in the file
  ActivationRange range;
};

// The file's values that the network's `activations` are of. layers: the node that each layer was read from. Error
// where a value cannot be found.
std::vector<QuantisedValue> quantised_values(onnx::GraphProto& graph, const Network& network,
                                             const std::unordered_map<std::string, const onnx::NodeProto*>& layers);

// Whoever reads such a value reads it rounded from then on; the graph's outputs stay. In form qdq by QuantizeLinear and
// DequantizeLinear, uint8; else by Div, Round, Clip, Mul, which compute the same in FP32 (beside the former,
// onnxruntime (1.32) rounds FP32 weights to int8 by itself). Error below opset 11; in form qdq, where there are none,
// or not of 8 bits.
void put_activations_in(onnx::GraphProto& graph, const std::vector<QuantisedValue>& values, int opset, ExportForm form);

}  // namespace vbq::exporting
