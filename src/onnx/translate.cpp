#include "onnx/translate.hpp"

#include <algorithm>
#include <map>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "core/check.hpp"
#include "model/geometry.hpp"
#include "onnx/convert.hpp"
#include "onnx/fold.hpp"
#include "onnx/name.hpp"

namespace vbq {
namespace {

using Values = std::unordered_map<std::string_view, Value>;

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

using Reads = std::unordered_map<std::string_view, std::size_t>;

void count_reads(const onnx::NodeProto& node, Reads& reads) {
  for (const std::string& name : node.input()) ++reads[name];
  for (const auto& attribute : node.attribute()) {
    for (const auto& inner : attribute.g().node()) count_reads(inner, reads);
    for (const auto& output : attribute.g().output()) ++reads[output.name()];
  }
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
    if (!ours || is_known(type)) continue;
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

class Translator {
 public:
  Translator(const Graph& graph, TensorReader& reader, const Shape& input)
      : graph_(graph), reader_(reader), builder_(input) {
    for (const onnx::TensorProto* tensor : graph.tensors) define(*tensor);
    for (const onnx::NodeProto* node : graph.nodes) count_reads(*node, reads_);
    Value& image = values_[graph.input];
    image.id = kInputValue;
    image.shape = input;
  }

  Translation run() {
    for (const onnx::NodeProto* proto : graph_.nodes) {
      translate(*proto);
      forget_read(*proto);
    }
    const auto found = values_.find(graph_.output);
    if (found == values_.end()) {
      fail("the output \"{}\" is a node's second output, which is not supported", clean_name(graph_.output));
    }
    const Value& output = found->second;
    if (!output.is_activation()) fail("the output \"{}\" does not depend on the input", clean_name(graph_.output));
    if (output.shape.empty() || output.shape.front() != builder_.batch()) {
      fail("{} gives shape {} for a batch of {} images, where the images' axis was expected to stay first",
           output.origin, shape_text(output.shape), builder_.batch());
    }
    result_.draft = std::move(builder_.draft());
    result_.draft.output = output.id;
    return std::move(result_);
  }

 private:
  void define(const onnx::TensorProto& tensor) {
    Value value;
    value.stored = &tensor;
    value.origin = tensor.name();
    define(tensor.name(), std::move(value));
  }
  void define(const std::string& name, Value value) {
    Value& place = values_[name];
    if (in_branch_) shadowed_.emplace_back(name, place);
    place = std::move(value);
  }

  // Of a weight that is unfolded in steps, no step is kept longer than it is needed.
  void forget_read(const onnx::NodeProto& node) {
    for (const std::string& name : node.input()) {
      if (--reads_[name] > 0) continue;
      const auto found = values_.find(name);
      if (found != values_.end()) found->second.folded.reset();
    }
  }

  std::vector<Value> inputs_of(const onnx::NodeProto& node) const {
    std::vector<Value> inputs;
    for (const std::string& name : node.input()) {
      if (name.empty()) {
        inputs.emplace_back();
        continue;
      }
      const auto found = values_.find(name);
      const bool known = found != values_.end() && (found->second.is_activation() || found->second.is_constant());
      if (!known && in_branch_) {
        fail("{} node \"{}\" reads \"{}\", which nothing before it gives", clean_name(node.op_type()),
             clean_name(node.name()), clean_name(name));
      }
      if (!known) {  // read_graph() has seen that some node gives it, so not as its first output
        fail("{} node \"{}\" reads \"{}\", a second output, which is not supported", clean_name(node.op_type()),
             clean_name(node.name()), clean_name(name));
      }
      inputs.push_back(found->second);
    }
    return inputs;
  }

  void translate(const onnx::NodeProto& proto) {
    NodeContext node(proto, graph_.opset, inputs_of(proto), reader_);
    if (!proto.domain().empty() && proto.domain() != "ai.onnx") {
      fail("{} is of domain \"{}\": the operators of ONNX alone are supported", node.where(),
           clean_name(proto.domain()));
    }
    if (!node.gives(0)) fail("{} gives no first output", node.where());
    const std::string& output = proto.output(0);
    const bool passes = node.type() == "Identity" || node.type() == "Dropout";
    if (node.type() == "If") {
      branch(node);
    } else if (node.type() == "Shape" || node.type() == "Size") {
      result_.reads_batch |= node.is_activation(0);
      define(output, folded(shape_tensor(node), output));
    } else if (passes && node.is_constant(0)) {
      if (node.type() == "Dropout") converting::refuse_training(node);
      define(output, node.value(0));
    } else if (all_constant(node) && can_fold(node.type())) {
      define(output, folded(fold(node), output));
    } else if (node.type() == "Split" && node.is_activation(0)) {
      refuse_bare(node, builder_);
      const std::vector<Value> parts = converting::split(node, builder_);
      for (std::size_t k = 0; k < parts.size(); ++k) define(proto.output(static_cast<int>(k)), parts[k]);
    } else {
      define(output, convert(node, builder_));
      note_layer(proto, builder_.draft().network, result_);
    }
  }

  // If: the branch that a constant condition takes stands in its place. What it defines is known in it alone.
  void branch(NodeContext& node) {
    if (node.is_activation(0)) {
      fail("{} has a condition that is computed from the image, where a constant was expected", node.where());
    }
    const auto* taken = node.attribute(node.integer_at(0) != 0 ? "then_branch" : "else_branch");
    if (taken == nullptr || !taken->has_g()) fail("{} lacks the branch that it takes", node.where());
    const onnx::GraphProto& graph = taken->g();
    if (graph.input_size() > 0 || graph.sparse_initializer_size() > 0 ||
        graph.output_size() != node.proto().output_size()) {
      fail("{} has a branch of {} inputs and {} outputs: none and {} were expected, and no sparse initialisers",
           node.where(), graph.input_size(), graph.output_size(), node.proto().output_size());
    }
    result_.taken.emplace(&node.proto(), &graph);
    const bool outer = std::exchange(in_branch_, true);
    const std::size_t before = shadowed_.size();
    for (const auto& tensor : graph.initializer()) define(tensor);
    for (const auto& inner : graph.node()) translate(inner);
    std::vector<Value> outputs;
    for (const auto& output : graph.output()) {
      const auto found = values_.find(output.name());
      if (found == values_.end()) {
        fail("{} takes a branch whose output \"{}\" nothing gives", node.where(), clean_name(output.name()));
      }
      outputs.push_back(found->second);
    }
    for (; shadowed_.size() > before; shadowed_.pop_back()) values_[shadowed_.back().first] = shadowed_.back().second;
    in_branch_ = outer;
    for (int k = 0; k < node.proto().output_size(); ++k) {
      define(node.proto().output(k), std::move(outputs[static_cast<std::size_t>(k)]));
    }
  }

  const Graph& graph_;
  TensorReader& reader_;
  Builder builder_;
  Values values_;
  Reads reads_;  // that are still to come; of names in branches as well, which are not counted down
  Translation result_;
  bool in_branch_ = false;
  std::vector<std::pair<std::string_view, Value>> shadowed_;  // what names of branches stood for before
};

}  // namespace

bool is_known(const std::string& type) {
  return type == "Shape" || type == "Size" || type == "Split" || type == "If" || converter(type) != nullptr ||
         can_fold(type);
}

Translation translate(const Graph& graph, TensorReader& reader, std::int64_t batch) {
  refuse_unknown(graph);
  Shape input = graph.input_shape;
  input.front() = batch;
  return Translator(graph, reader, input).run();
}

}  // namespace vbq
