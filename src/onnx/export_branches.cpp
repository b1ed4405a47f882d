#include "onnx/export_branches.hpp"

#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "onnx/export_names.hpp"
#include "onnx/rename.hpp"

namespace vbq::exporting {
namespace {

using Nodes = google::protobuf::RepeatedPtrField<onnx::NodeProto>;

void put(const onnx::NodeProto& choice, onnx::GraphProto& branch, UsedNames& used, onnx::GraphProto& graph,
         Nodes& nodes) {
  Renamer names([&](const std::string& name) { return used.value(name); }, Renamer::Unknown::stays, choice.name());
  std::unordered_set<std::string> made;
  for (const auto& node : branch.node()) made.insert(node.output().begin(), node.output().end());
  std::vector<std::pair<std::string, std::string>> handed_on;  // outputs that no node of the branch gives, or once more
  for (int k = 0; k < choice.output_size(); ++k) {
    const std::string& inner = branch.output(k).name();
    if (made.contains(inner) && !names.knows(inner)) {
      names.set(inner, choice.output(k));
    } else {
      handed_on.emplace_back(inner, choice.output(k));
    }
  }
  for (auto& tensor : *branch.mutable_initializer()) {
    tensor.set_name(names.define(tensor.name()));
    graph.add_initializer()->Swap(&tensor);
  }
  for (auto& node : *branch.mutable_node()) {
    if (node.name().empty() && node.output_size() > 0) node.set_name(node.output(0));
    names.rename(node);
    nodes.Add()->Swap(&node);
  }
  for (const auto& [from, to] : handed_on) {
    onnx::NodeProto& identity = *nodes.Add();
    identity.set_op_type("Identity");
    identity.set_name(used.fresh(to + "_branch"));
    identity.add_input(names.read(from));
    identity.add_output(to);
  }
}

}  // namespace

void put_branches(onnx::GraphProto& graph, const Taken& taken) {
  std::unordered_map<const onnx::NodeProto*, onnx::GraphProto> branches;
  for (auto& node : *graph.mutable_node()) {
    const auto found = taken.find(&node);
    if (found == taken.end()) continue;
    branches[&node] = *found->second;
    node.clear_attribute();  // so that names of its branches are free
  }
  UsedNames used(graph);
  Nodes nodes;
  for (auto& node : *graph.mutable_node()) {
    const auto found = branches.find(&node);
    if (found == branches.end()) {
      nodes.Add()->Swap(&node);
    } else {
      put(node, found->second, used, graph, nodes);
    }
  }
  graph.mutable_node()->Swap(&nodes);
}

}  // namespace vbq::exporting
