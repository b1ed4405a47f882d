#include "onnx/export_norm.hpp"

#include <algorithm>

#include "onnx/export_weight.hpp"

namespace vbq::exporting {
namespace {

constexpr int kConstants = 4;  // scale, bias, mean, variance: inputs 1 to 4

}  // namespace

onnx::NodeProto* batch_norm_reading(onnx::GraphProto& graph, const Reads& reads, const std::string& value) {
  std::string at = value;
  auto node = graph.mutable_node()->end();
  do {
    const auto times = reads.find(at);
    if (times == reads.end() || times->second != 1) return nullptr;
    node = std::ranges::find_if(*graph.mutable_node(),
                                [&](const auto& one) { return one.input_size() > 0 && one.input(0) == at; });
    if (node == graph.mutable_node()->end() || node->output_size() != 1) return nullptr;
    at = node->output(0);
  } while (node->op_type() == "Identity");
  if (node->op_type() != "BatchNormalization" || node->input_size() != 1 + kConstants) return nullptr;
  for (int k = 1; k <= kConstants; ++k) {
    if (constant_type(graph, node->input(k)) != onnx::TensorProto::FLOAT) return nullptr;
  }
  return &*node;
}

std::vector<std::string> take_norm_out(onnx::NodeProto& node) {
  std::vector<std::string> names;
  for (int k = 1; k <= kConstants; ++k) {
    names.push_back(node.input(k));
    node.set_input(k, "");
  }
  return names;
}

BatchNorm norm_after(const BatchNorm& norm, const std::vector<float>& multiply, const std::vector<float>& shift) {
  BatchNorm after = norm;
  for (std::size_t c = 0; c < after.scale.size(); ++c) {
    const double scale = norm.scale[c];
    after.scale[c] = static_cast<float>(scale * multiply[c]);
    after.shift[c] = static_cast<float>(scale * shift[c] + norm.shift[c]);
  }
  return after;
}

std::vector<onnx::TensorProto> put_norm_in(onnx::NodeProto& node, const BatchNorm& norm,
                                           const std::vector<std::string>& names, UsedNames& used) {
  const std::size_t channels = norm.scale.size();
  const std::vector<float> zeros(channels, 0.0F), ones(channels, 1.0F);
  std::vector<onnx::TensorProto> tensors;
  for (const std::vector<float>* values : {&norm.scale, &norm.shift, &zeros, &ones}) {
    const auto k = tensors.size();
    tensors.push_back(make_tensor(used.value(names[k]), onnx::TensorProto::FLOAT, {static_cast<std::int64_t>(channels)},
                                  values->data(), channels * sizeof(float)));
    node.set_input(static_cast<int>(k) + 1, tensors.back().name());
  }
  const auto epsilon =
      std::ranges::find_if(*node.mutable_attribute(), [](const auto& a) { return a.name() == "epsilon"; });
  onnx::AttributeProto* attribute = epsilon == node.mutable_attribute()->end() ? node.add_attribute() : &*epsilon;
  attribute->set_name("epsilon");
  attribute->set_type(onnx::AttributeProto::FLOAT);
  attribute->set_f(0);
  return tensors;
}

}  // namespace vbq::exporting
