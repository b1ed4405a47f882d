#include "onnx/rename.hpp"

#include <utility>

#include "core/check.hpp"
#include "onnx/name.hpp"

namespace vbq {

Renamer::Renamer(std::function<std::string(const std::string&)> fresh, Unknown unknown, std::string where)
    : fresh_(std::move(fresh)), unknown_(unknown), where_(std::move(where)) {}

std::string Renamer::read(const std::string& name) const {
  if (name.empty()) return name;
  const auto found = names_.find(name);
  if (found != names_.end()) return found->second;
  if (unknown_ == Unknown::refused) {
    fail("{} reads \"{}\", which nothing in it gives before", where_, clean_name(name));
  }
  return name;
}

std::string Renamer::define(const std::string& name) {
  if (name.empty()) return name;
  const auto found = names_.find(name);
  if (found != names_.end()) return found->second;
  return names_[name] = fresh_(name);
}

void Renamer::rename(onnx::NodeProto& node) {
  for (auto& input : *node.mutable_input()) input = read(input);
  for (auto& attribute : *node.mutable_attribute()) {
    if (attribute.has_g()) rename(*attribute.mutable_g());
    for (auto& nested : *attribute.mutable_graphs()) rename(nested);
  }
  for (auto& output : *node.mutable_output()) output = define(output);
}

void Renamer::rename(onnx::GraphProto& graph) {
  for (auto& input : *graph.mutable_input()) input.set_name(define(input.name()));
  for (auto& tensor : *graph.mutable_initializer()) tensor.set_name(define(tensor.name()));
  for (auto& node : *graph.mutable_node()) rename(node);
  for (auto& output : *graph.mutable_output()) output.set_name(read(output.name()));
}

}  // namespace vbq
