#include "onnx/export_names.hpp"

#include <algorithm>
#include <memory>
#include <vector>

namespace vbq::exporting {
namespace {

// visit(attribute's graph) for every graph that is nested in the node.
template <typename Visit>
void each_nested(const onnx::NodeProto& node, const Visit& visit) {
  for (const auto& attribute : node.attribute()) {
    if (attribute.has_g()) visit(attribute.g());
    for (const auto& nested : attribute.graphs()) visit(nested);
  }
}

void count_reads(const onnx::GraphProto& graph, Reads& reads) {
  for (const auto& node : graph.node()) {
    for (const std::string& input : node.input()) {
      if (!input.empty()) ++reads[input];
    }
    each_nested(node, [&](const onnx::GraphProto& nested) { count_reads(nested, reads); });
  }
  for (const auto& output : graph.output()) ++reads[output.name()];
}

// Keeps the others, in their order and where they are.
template <typename Item, typename Predicate>
void remove_if(google::protobuf::RepeatedPtrField<Item>& items, const Predicate& unwanted) {
  std::vector<Item*> all(static_cast<std::size_t>(items.size()));
  items.ExtractSubrange(0, items.size(), all.data());
  for (Item* item : all) {
    if (unwanted(*item)) {
      std::unique_ptr<Item>(item).reset();
    } else {
      items.AddAllocated(item);
    }
  }
}

// Of a node's first output: a type, or, where it is another value's, that value's name.
int type_given_by(const onnx::NodeProto& node, std::string* as) {
  const std::string& type = node.op_type();
  if (type == "Constant" || type == "ConstantOfShape") {
    const auto* value = attribute_of(node, "value");
    return value != nullptr ? value->t().data_type() : onnx::TensorProto::FLOAT;
  }
  if (const auto* to = attribute_of(node, "to"); type == "Cast" && to != nullptr) return static_cast<int>(to->i());
  const int like = type == "DequantizeLinear" || type == "Where" ? 1 : 0;  // its scale; what is chosen
  if (node.input_size() > like) *as = node.input(like);
  return 0;
}

}  // namespace

const onnx::AttributeProto* attribute_of(const onnx::NodeProto& node, const std::string& name) {
  const auto found = std::ranges::find_if(node.attribute(), [&](const auto& a) { return a.name() == name; });
  return found == node.attribute().end() ? nullptr : &*found;
}

UsedNames::UsedNames(const onnx::GraphProto& graph) { add(graph); }

void UsedNames::add(const onnx::GraphProto& graph) {
  for (const auto& tensor : graph.initializer()) values_.insert(tensor.name());
  for (const auto& tensor : graph.sparse_initializer()) values_.insert(tensor.values().name());
  for (const auto* infos : {&graph.input(), &graph.output(), &graph.value_info()}) {
    for (const auto& info : *infos) values_.insert(info.name());
  }
  for (const auto& annotation : graph.quantization_annotation()) values_.insert(annotation.tensor_name());
  for (const auto& node : graph.node()) {
    nodes_.insert(node.name());
    values_.insert(node.input().begin(), node.input().end());
    values_.insert(node.output().begin(), node.output().end());
    each_nested(node, [&](const onnx::GraphProto& nested) { add(nested); });
  }
}

std::string UsedNames::fresh(const std::string& wanted) {
  std::string name = wanted;
  for (int k = 2; values_.contains(name) || nodes_.contains(name); ++k) name = wanted + "_" + std::to_string(k);
  values_.insert(name);
  return name;
}

std::string UsedNames::value(const std::string& wanted) {
  return values_.insert(wanted).second ? wanted : fresh(wanted);
}

Reads reads_of(const onnx::GraphProto& graph) {
  Reads reads;
  count_reads(graph, reads);
  return reads;
}

void remove_unread(onnx::GraphProto& graph, const Reads& before) {
  std::unordered_set<std::string> removed;
  for (bool changed = true; changed;) {
    const Reads reads = reads_of(graph);
    const auto gone = [&](const std::string& name) { return before.contains(name) && !reads.contains(name); };
    const int nodes = graph.node_size();
    remove_if(*graph.mutable_initializer(), [&](const onnx::TensorProto& tensor) {
      if (!gone(tensor.name())) return false;
      removed.insert(tensor.name());
      return true;
    });
    remove_if(*graph.mutable_node(), [&](const onnx::NodeProto& node) {
      const auto& outputs = node.output();
      const bool read = std::ranges::any_of(outputs, [&](const auto& name) { return reads.contains(name); });
      if (read || std::ranges::none_of(outputs, gone)) return false;
      removed.insert(outputs.begin(), outputs.end());
      return true;
    });
    changed = graph.node_size() != nodes;
  }
  const auto was_removed = [&](const auto& info) { return removed.contains(info.name()); };
  remove_if(*graph.mutable_input(), was_removed);  // initialisers may be listed there
  remove_if(*graph.mutable_value_info(), was_removed);
  remove_if(*graph.mutable_quantization_annotation(),
            [&](const onnx::TensorAnnotation& annotation) { return removed.contains(annotation.tensor_name()); });
}

int constant_type(const onnx::GraphProto& graph, const std::string& name) {
  std::string at = name;
  for (int steps = 0; steps <= graph.node_size(); ++steps) {  // a file may have a circle
    const auto tensor = std::ranges::find_if(graph.initializer(), [&](const auto& t) { return t.name() == at; });
    if (tensor != graph.initializer().end()) return tensor->data_type();
    const auto gives = [&](const onnx::NodeProto& node) {
      return std::ranges::find(node.output(), at) != node.output().end();
    };
    const auto node = std::ranges::find_if(graph.node(), gives);
    if (node == graph.node().end()) return 0;
    const std::string before = at;
    if (const int type = type_given_by(*node, &at); type != 0 || at == before) return type;
  }
  return 0;
}

}  // namespace vbq::exporting
