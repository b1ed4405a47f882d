#include "model/translate.hpp"

#include <algorithm>
#include <map>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "core/check.hpp"
#include "model/convert.hpp"
#include "model/fold.hpp"
#include "model/geometry.hpp"
#include "model/onnx_name.hpp"

namespace vbq {
namespace {

using Values = std::unordered_map<std::string_view, Value>;

std::vector<Value> inputs_of(const onnx::NodeProto& node, const Values& values) {
  std::vector<Value> inputs;
  for (const std::string& name : node.input()) {
    if (name.empty()) {
      inputs.emplace_back();
      continue;
    }
    const auto found = values.find(name);
    if (found == values.end()) {  // read_graph() has seen that some node gives it, so not as its first output
      fail("{} node \"{}\" reads \"{}\", a second output, which is not supported", clean_name(node.op_type()),
           clean_name(node.name()), clean_name(name));
    }
    inputs.push_back(found->second);
  }
  return inputs;
}

Value folded(HostTensor tensor, const std::string& name) {
  Value value;
  value.folded = std::make_shared<const HostTensor>(std::move(tensor));
  value.origin = name;
  return value;
}

// Shape: extents start..end-1 (from opset 15). Size: their product.
HostTensor shape_tensor(NodeContext& node) {
  const Shape shape = node.is_activation(0) ? node.activation(0).shape : node.constant(0).shape;
  if (node.type() == "Size") return {{}, std::vector<std::int64_t>{elements(shape)}};
  const auto rank = static_cast<std::int64_t>(shape.size());
  const auto clamp = [&](std::int64_t at) { return std::clamp<std::int64_t>(at < 0 ? at + rank : at, 0, rank); };
  const std::int64_t start = clamp(node.integer("start", 0));
  const std::int64_t end = std::max(start, clamp(node.integer("end", rank)));
  return {{end - start}, std::vector<std::int64_t>(shape.begin() + start, shape.begin() + end)};
}

bool all_constant(const NodeContext& node) {
  for (std::size_t i = 0; i < node.inputs(); ++i) {
    if (node.is_activation(i)) return false;
  }
  return true;
}

// Values without the images' axis (bare: Value::shape) are moved until they have one again; nothing else is done to
// them.
void refuse_bare(const NodeContext& node, const Builder& builder) {
  for (const char* const moves : {"Flatten", "Gather", "Reshape", "Squeeze", "Unsqueeze"}) {
    if (node.type() == moves) return;
  }
  for (std::size_t i = 0; i < node.inputs(); ++i) {
    if (!node.is_activation(i)) continue;
    const Shape& shape = node.activation(i).shape;
    if (shape.empty() || shape.front() != builder.batch()) {
      fail("{} works on shape {}, where the images' axis was expected to stay first", node.where(), shape_text(shape));
    }
  }
}

Value convert(NodeContext& node, Builder& builder) {
  refuse_bare(node, builder);
  const Convert found = converter(node.type());
  if (found == nullptr && can_fold(node.type())) {
    fail("{} works on a value computed from the image, where its operator is supported on constants only",
         node.where());
  }
  if (found == nullptr) fail("{} has an operator that is not supported", node.where());
  return found(node, builder);
}

// A layer is the last of the nodes that one of the file makes, or the one before (Gemm that adds an activation).
void note_layer(const onnx::NodeProto& proto, const Network& network, Translation& result) {
  const std::size_t count = network.nodes.size();
  for (std::size_t k = count < 2 ? 0 : count - 2; k < count; ++k) {
    if (weight_of(network.nodes[k]) != nullptr) result.layers.try_emplace(network.nodes[k].name, &proto);
  }
}

// All operators that nothing here knows, at once: who asks for one would ask for the next.
void refuse_unknown(const Graph& graph) {
  std::map<std::string, std::pair<int, std::string>> unknown;  // type: how many, and the first node's name
  for (const onnx::NodeProto* node : graph.nodes) {
    const std::string& type = node->op_type();
    const bool ours = node->domain().empty() || node->domain() == "ai.onnx";
    const bool known =
        type == "Shape" || type == "Size" || type == "Split" || converter(type) != nullptr || can_fold(type);
    if (!ours || known) continue;
    const std::string& name = node->name().empty() && node->output_size() > 0 ? node->output(0) : node->name();
    ++unknown.try_emplace(clean_name(type), 0, clean_name(name)).first->second.first;
  }
  if (unknown.empty()) return;
  std::string list;
  for (const auto& [type, where] : unknown) {
    list += fmt::format("{}{} ({} node{}, \"{}\" first)", list.empty() ? "" : ", ", type, where.first,
                        where.first == 1 ? "" : "s", where.second);
  }
  fail("it has operators (opset {}) that are not supported: {}", graph.opset, list);
}

}  // namespace

Translation translate(const Graph& graph, TensorReader& reader, std::int64_t batch) {
  refuse_unknown(graph);
  Shape input = graph.input_shape;
  input.front() = batch;
  Builder builder(input);
  Values values;
  for (const onnx::TensorProto* tensor : graph.tensors) {
    Value& value = values[tensor->name()];
    value.stored = tensor;
    value.origin = tensor->name();
  }
  Value& image = values[graph.input];
  image.id = kInputValue;
  image.shape = input;

  Translation result;
  for (const onnx::NodeProto* proto : graph.nodes) {
    NodeContext node(*proto, graph.opset, inputs_of(*proto, values), reader);
    if (!proto->domain().empty() && proto->domain() != "ai.onnx") {
      fail("{} is of domain \"{}\": the operators of ONNX alone are supported", node.where(),
           clean_name(proto->domain()));
    }
    if (!node.gives(0)) fail("{} gives no first output", node.where());
    const std::string& output = proto->output(0);
    const bool passes = node.type() == "Identity" || node.type() == "Dropout";
    if (node.type() == "Shape" || node.type() == "Size") {
      result.reads_batch |= node.is_activation(0);
      values[output] = folded(shape_tensor(node), output);
    } else if (passes && node.is_constant(0)) {
      if (node.type() == "Dropout") converting::refuse_training(node);
      const Value same = node.value(0);
      values[output] = same;
    } else if (all_constant(node) && can_fold(node.type())) {
      values[output] = folded(fold(node), output);
    } else if (node.type() == "Split" && node.is_activation(0)) {
      refuse_bare(node, builder);
      const std::vector<Value> parts = converting::split(node, builder);
      for (std::size_t k = 0; k < parts.size(); ++k) values[proto->output(static_cast<int>(k))] = parts[k];
    } else {
      values[output] = convert(node, builder);
      note_layer(*proto, builder.draft().network, result);
    }
  }
  const auto found = values.find(graph.output);
  if (found == values.end())
    fail("the output \"{}\" is a node's second output, which is not supported", clean_name(graph.output));
  const Value& output = found->second;
  if (!output.is_activation()) fail("the output \"{}\" does not depend on the input", clean_name(graph.output));
  if (output.shape.empty() || output.shape.front() != builder.batch()) {
    fail("{} gives shape {} for a batch of {} images, where the images' axis was expected to stay first", output.origin,
         shape_text(output.shape), builder.batch());
  }
  result.draft = std::move(builder.draft());
  result.draft.output = output.id;
  return result;
}

}  // namespace vbq
