#include "onnx/export_activations.hpp"

#include <algorithm>
#include <utility>

#include "core/check.hpp"
#include "onnx/export_norm.hpp"
#include "onnx/export_weight.hpp"

namespace vbq::exporting {
namespace {

// The graph's nodes up to the one that makes the value; 0: it is an input of the graph.
std::size_t nodes_to(const onnx::GraphProto& graph, const std::string& value) {
  for (int k = 0; k < graph.node_size(); ++k) {
    if (std::ranges::count(graph.node(k).output(), value) > 0) return static_cast<std::size_t>(k) + 1;
  }
  return 0;
}

// What the layer gives, its bias added and its batch norm done.
std::string output_of(onnx::GraphProto& graph, const Network& network, int layer, const onnx::NodeProto& origin) {
  const Reads reads = reads_of(graph);
  std::string value = origin.output(0);
  if (batch_norm_behind(network, layer) >= 0) {
    const onnx::NodeProto* norm = batch_norm_reading(graph, reads, value);
    return norm == nullptr ? "" : norm->output(0);
  }
  if (origin.op_type() != "MatMul" || bias_of(network.nodes[static_cast<std::size_t>(layer)])->empty()) return value;
  const auto add = std::ranges::find_if(graph.node(), [&](const onnx::NodeProto& node) {
    return node.op_type() == "Add" && std::ranges::count(node.input(), value) > 0;
  });
  return add == graph.node().end() ? "" : add->output(0);
}

onnx::TensorProto number(const std::string& name, float value) {
  return make_tensor(name, onnx::TensorProto::FLOAT, {}, &value, sizeof value);
}

// The nodes behind a value, and the name of what they give.
std::string add_rounding(onnx::GraphProto& graph, const QuantisedValue& value, UsedNames& names, ExportForm form,
                         std::vector<onnx::NodeProto>& nodes) {
  const ActivationRange& range = value.range;
  const auto fresh = [&](const char* part) { return names.fresh(value.name + "_" + part); };
  const auto put = [&](onnx::TensorProto tensor) {
    graph.add_initializer()->Swap(&tensor);
    return graph.initializer(graph.initializer_size() - 1).name();
  };
  const auto then = [&](const char* type, const std::vector<std::string>& inputs) {
    onnx::NodeProto& node = nodes.emplace_back();
    node.set_op_type(type);
    for (const std::string& input : inputs) node.add_input(input);
    node.add_output(fresh(type));
    return node.output(0);
  };
  const auto end = [&](int q) { return static_cast<float>(q - range.zero_point); };
  const std::string scale = put(number(fresh("scale"), range.scale));
  if (form == ExportForm::qdq) {
    const auto zero = static_cast<std::uint8_t>(range.zero_point);
    const std::string zero_point = put(make_tensor(fresh("zero_point"), onnx::TensorProto::UINT8, {}, &zero, 1));
    return then("DequantizeLinear", {then("QuantizeLinear", {value.name, scale, zero_point}), scale, zero_point});
  }
  const std::string low = put(number(fresh("low"), end(0)));
  const std::string high = put(number(fresh("high"), end((1 << range.bits) - 1)));
  const std::string whole = then("Round", {then("Div", {value.name, scale})});
  return then("Mul", {then("Clip", {whole, low, high}), scale});
}

}  // namespace

std::vector<QuantisedValue> quantised_values(onnx::GraphProto& graph, const Network& network,
                                             const std::unordered_map<std::string, const onnx::NodeProto*>& layers) {
  std::vector<QuantisedValue> values;
  for (const ActivationRange& range : network.activations) {
    const auto origin = layers.find(range.layer);
    const auto node = std::ranges::find(network.nodes, range.layer, &Node::name);
    const bool known = origin != layers.end() && node != network.nodes.end();
    const bool own = known && std::ranges::any_of(graph.node(), [&](const auto& n) { return &n == origin->second; });
    std::string name;
    if (own && range.side == ActivationRange::Side::input) name = origin->second->input(0);
    if (own && range.side == ActivationRange::Side::output) {
      name = output_of(graph, network, static_cast<int>(node - network.nodes.begin()), *origin->second);
    }
    if (name.empty()) {
      fail("the {} of layer \"{}\", which is quantised, is no value of the file's graph",
           range.side == ActivationRange::Side::input ? "input" : "output", range.layer);
    }
    values.push_back({std::move(name), range});
  }
  return values;
}

void put_activations_in(onnx::GraphProto& graph, const std::vector<QuantisedValue>& values, int opset,
                        ExportForm form) {
  if (form == ExportForm::qdq) {
    const auto other = std::ranges::find_if(values, [](const QuantisedValue& v) { return v.range.bits != 8; });
    if (values.empty() || other != values.end()) {
      fail("form qdq is for activations of 8 bits (format.activations = 8): the format has {}",
           values.empty() ? "FP32 ones" : fmt::format("some of {}", other->range.bits));
    }
  }
  if (values.empty()) return;
  if (opset < kRoundingOpset) {
    fail("the file is to be of opset {}: quantised activations take {} or more", opset, kRoundingOpset);
  }
  UsedNames names(graph);
  // Behind each of the graph's nodes; the first entry before all of them.
  std::vector<std::vector<onnx::NodeProto>> behind(static_cast<std::size_t>(graph.node_size()) + 1);
  for (const QuantisedValue& value : values) {
    std::vector<onnx::NodeProto>& nodes = behind[nodes_to(graph, value.name)];
    const std::string rounded = add_rounding(graph, value, names, form, nodes);
    for (onnx::NodeProto& node : *graph.mutable_node()) {
      std::ranges::replace(*node.mutable_input(), value.name, rounded);
    }
  }
  google::protobuf::RepeatedPtrField<onnx::NodeProto> all;
  for (std::size_t k = 0; k < behind.size(); ++k) {
    if (k > 0) all.Add()->Swap(graph.mutable_node(static_cast<int>(k) - 1));
    for (onnx::NodeProto& node : behind[k]) all.Add()->Swap(&node);
  }
  graph.mutable_node()->Swap(&all);
}

}  // namespace vbq::exporting
