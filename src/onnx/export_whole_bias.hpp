// A bias of 32-bit integers, for runtimes that compute in integers.
#pragma once

#include <onnx/onnx_pb.h>

#include <string>
#include <vector>

#include "onnx/export_names.hpp"
#include "onnx/export_weight.hpp"

namespace vbq::exporting {

struct WholeBias {
  onnx::NodeProto node;  // DequantizeLinear, which gives the bias under its name
  std::vector<onnx::TensorProto> tensors;
};

// The bias [O] as multiples of input_step times the scales of the weight, whose levels are whole numbers; these become
// one a channel. A channel whose bias has no room in 32 bits beside its sums of products is given a larger scale, and
// the nearest of fewer levels: what they lose is less than what FP32 loses of such a bias.
WholeBias whole_bias(const std::string& name, const std::vector<float>& bias, float input_step, Weight& weight,
                     UsedNames& names);

}  // namespace vbq::exporting
