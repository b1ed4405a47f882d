#include "onnx/export_whole_bias.hpp"

#include <cmath>
#include <cstdint>

#include "onnx/export_chain.hpp"

namespace vbq::exporting {
namespace {

constexpr double kLargest = 1 << 30;  // as far as the network's own biases are whole (kLargestBias)

}  // namespace

WholeBias whole_bias(const std::string& name, const std::vector<float>& bias, float input_step, Weight& weight,
                     UsedNames& names) {
  const std::size_t outputs = bias.size();
  if (weight.scales.size() < outputs) weight.scales.resize(outputs, weight.scales.empty() ? 1 : weight.scales[0]);
  std::vector<std::int32_t> whole(outputs, 0);
  std::vector<float> steps(outputs);
  for (std::size_t o = 0; o < outputs; ++o) {
    float& scale = weight.scales[o];
    const double wanted = bias[o];
    if (wanted != 0 && !(std::abs(wanted) <= kLargest * static_cast<double>(input_step * scale))) {
      const double larger = std::abs(wanted) / kLargest / static_cast<double>(input_step);
      weight.codebooks.resize(outputs, weight.codebooks.front());
      for (float& level : weight.codebooks[o]) {
        level = static_cast<float>(std::nearbyint(static_cast<double>(level) * static_cast<double>(scale) / larger));
      }
      scale = static_cast<float>(larger);
    }
    steps[o] = input_step * scale;
    if (wanted != 0) whole[o] = static_cast<std::int32_t>(std::nearbyint(wanted / static_cast<double>(steps[o])));
  }
  WholeBias made;
  const Shape shape{static_cast<std::int64_t>(outputs)};
  const auto put = [&](const char* part, int type, const void* values) {
    made.tensors.push_back(make_tensor(names.fresh(name + part), type, shape, values, 4 * outputs));
    made.node.add_input(made.tensors.back().name());
  };
  put("_quantized", onnx::TensorProto::INT32, whole.data());
  put("_scale", onnx::TensorProto::FLOAT, steps.data());
  made.node.set_op_type("DequantizeLinear");
  made.node.add_output(name);
  set_integer(made.node, "axis", 0);
  return made;
}

}  // namespace vbq::exporting
