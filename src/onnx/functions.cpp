#include "onnx/functions.hpp"

#include <google/protobuf/unknown_field_set.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <unordered_set>
#include <utility>
#include <vector>

#include "core/check.hpp"
#include "onnx/name.hpp"
#include "onnx/rename.hpp"

namespace vbq {
namespace {

using google::protobuf::Message;
using Nodes = google::protobuf::RepeatedPtrField<onnx::NodeProto>;
using Attributes = google::protobuf::RepeatedPtrField<onnx::AttributeProto>;

constexpr std::size_t kDeepest = 64;                        // functions that call each other
constexpr std::int64_t kMostNodes = 1 << 17;                // that calls become; a large real network has a tenth
constexpr std::int64_t kMostBytes = std::int64_t{1} << 28;  // of memory
constexpr std::size_t kLargestDefault = 1 << 16;            // bytes of an attribute's default

// Fields that came after the oldest libonnx that vbq is built with, which keeps them as bytes.
constexpr int kNodeOverload = 8, kFunctionOverload = 13, kFunctionDefaults = 11;

// Strings, or messages as bytes, of a field that this libonnx may know or not.
std::vector<std::string> field_of(const Message& message, int number) {
  std::vector<std::string> result;
  const auto* reflection = message.GetReflection();
  if (const auto* known = message.GetDescriptor()->FindFieldByNumber(number)) {
    if (!known->is_repeated()) return {reflection->GetString(message, known)};
    for (int i = 0; i < reflection->FieldSize(message, known); ++i) {
      result.push_back(reflection->GetRepeatedMessage(message, known, i).SerializeAsString());
    }
    return result;
  }
  const auto& unknown = reflection->GetUnknownFields(message);
  for (int i = 0; i < unknown.field_count(); ++i) {
    const auto& field = unknown.field(i);
    if (field.number() != number || field.type() != google::protobuf::UnknownField::TYPE_LENGTH_DELIMITED) continue;
    result.push_back(field.length_delimited());
  }
  return result;
}

// Domain, name and overload.
using Key = std::tuple<std::string, std::string, std::string>;

Key key_of(const std::string& domain, const std::string& name, const Message& message, int overload) {
  const std::vector<std::string> text = field_of(message, overload);
  return {domain == "ai.onnx" ? "" : domain, name, text.empty() ? "" : text.front()};
}

std::int64_t default_opset(const google::protobuf::RepeatedPtrField<onnx::OperatorSetIdProto>& imports) {
  for (const auto& import : imports) {
    if (import.domain().empty() || import.domain() == "ai.onnx") return import.version();
  }
  return 0;
}

class Inliner {
 public:
  explicit Inliner(onnx::ModelProto& model) : model_(model) {
    functions_.Swap(model.mutable_functions());
    for (const auto& function : functions_) {
      by_key_.try_emplace(key_of(function.domain(), function.name(), function, kFunctionOverload), &function);
    }
    collect(*model.mutable_graph());
  }

  void expand(onnx::GraphProto& graph) {
    for (auto& tensor : *graph.mutable_initializer()) names_.insert(tensor.name());
    Nodes nodes;
    for (auto& node : *graph.mutable_node()) write(node, nodes);
    graph.mutable_node()->Swap(&nodes);
  }

 private:
  void collect(const onnx::GraphProto& graph) {
    for (const auto& input : graph.input()) names_.insert(input.name());
    for (const auto& tensor : graph.initializer()) names_.insert(tensor.name());
    for (const auto& node : graph.node()) {
      names_.insert(node.output().begin(), node.output().end());
      for (const auto& attribute : node.attribute()) {
        if (attribute.has_g()) collect(attribute.g());
        for (const auto& nested : attribute.graphs()) collect(nested);
      }
    }
  }

  void charge(std::int64_t nodes, std::size_t bytes) {
    nodes_ += nodes;
    bytes_ += static_cast<std::int64_t>(bytes);
    if (nodes_ > kMostNodes || bytes_ > kMostBytes) {
      fail("the file's functions, written out where they are called, are more than {} nodes or {} MiB", kMostNodes,
           kMostBytes >> 20);
    }
  }

  std::string fresh(const std::string& wanted) {
    std::string name = wanted;
    charge(0, name.size());
    while (!names_.insert(name).second) {
      name += "_";
      charge(0, name.size());
    }
    return name;
  }

  // The node, or what its function makes of it. Leaves the node as it likes.
  void write(onnx::NodeProto& node, Nodes& out) {
    for (auto& attribute : *node.mutable_attribute()) {
      if (attribute.has_g()) expand(*attribute.mutable_g());
      for (auto& nested : *attribute.mutable_graphs()) expand(nested);
    }
    const auto found = by_key_.find(key_of(node.domain(), node.op_type(), node, kNodeOverload));
    if (found == by_key_.end()) {
      out.Add()->Swap(&node);
    } else {
      call(node, *found->second, out);
    }
  }

  void check(const onnx::NodeProto& node, const onnx::FunctionProto& function, const std::string& where) {
    charge(1, 0);  // a call: functions without nodes may call each other as well
    if (std::ranges::find(active_, &function) != active_.end()) fail("{} calls itself, which is not supported", where);
    if (active_.size() == kDeepest) fail("{} is called by {} others in turn: fewer were expected", where, kDeepest);
    const std::int64_t own = default_opset(function.opset_import()), opset = default_opset(model_.opset_import());
    if (own != 0 && own != opset) {
      fail("{} is written in opset {}, the file in {}: the same was expected", where, own, opset);
    }
    if (node.input_size() > function.input_size() || node.output_size() > function.output_size()) {
      fail("{} takes {} values and gives {}: node \"{}\" has {} and {}", where, function.input_size(),
           function.output_size(), clean_name(node.name()), node.input_size(), node.output_size());
    }
  }

  void call(const onnx::NodeProto& node, const onnx::FunctionProto& function, Nodes& out) {
    const std::string where = fmt::format("function \"{}\"", clean_name(function.name()));
    check(node, function, where);
    active_.push_back(&function);
    const std::string& given = node.name().empty() && node.output_size() > 0 ? node.output(0) : node.name();
    const std::string prefix = clean_name(given) + "/";
    Renamer names([&](const std::string& name) { return fresh(prefix + name); }, Renamer::Unknown::refused, where);
    for (int i = 0; i < function.input_size(); ++i)
      names.set(function.input(i), i < node.input_size() ? node.input(i) : "");
    std::vector<std::pair<std::string, std::string>> handed_on;  // outputs that a node of the function does not give
    for (int i = 0; i < node.output_size(); ++i) {
      if (node.output(i).empty()) continue;
      if (names.knows(function.output(i))) {
        handed_on.emplace_back(function.output(i), node.output(i));
      } else {
        names.set(function.output(i), node.output(i));
      }
    }
    const Attributes attributes = attributes_of(node, function);
    for (const onnx::NodeProto& inner : function.node()) {
      charge(1, inner.SpaceUsedLong() + prefix.size());
      onnx::NodeProto copy = inner;
      bind(copy, attributes);
      const std::string name = copy.name().empty() && copy.output_size() > 0 ? copy.output(0) : copy.name();
      names.rename(copy);
      copy.set_name(prefix + name);
      write(copy, out);
    }
    for (const auto& [from, to] : handed_on) add_identity(names.read(from), to, out);
    active_.pop_back();
  }

  void add_identity(const std::string& from, const std::string& to, Nodes& out) {
    charge(1, from.size() + to.size());
    onnx::NodeProto& identity = *out.Add();
    identity.set_op_type("Identity");
    identity.set_name(to);
    identity.add_input(from);
    identity.add_output(to);
  }

  // What the function's nodes may refer to: the call's attributes, and defaults of those that it leaves out.
  Attributes attributes_of(const onnx::NodeProto& node, const onnx::FunctionProto& function) {
    Attributes result = node.attribute();
    charge(0, node.SpaceUsedLong());
    for (const std::string& bytes : field_of(function, kFunctionDefaults)) {
      onnx::AttributeProto attribute;
      if (bytes.size() > kLargestDefault || !attribute.ParseFromString(bytes)) {
        fail("function \"{}\" has a default of {} bytes: an attribute of at most {} was expected",
             clean_name(function.name()), bytes.size(), kLargestDefault);
      }
      charge(0, attribute.SpaceUsedLong());
      const bool set = std::ranges::any_of(result, [&](const auto& a) { return a.name() == attribute.name(); });
      if (!set) result.Add()->Swap(&attribute);
    }
    return result;
  }

  // Attributes that refer to one of the function's become it; where there is none, they are left out.
  void bind(onnx::NodeProto& node, const Attributes& attributes) {
    Attributes bound;
    for (auto& attribute : *node.mutable_attribute()) {
      if (attribute.has_g()) bind(*attribute.mutable_g(), attributes);
      for (auto& nested : *attribute.mutable_graphs()) bind(nested, attributes);
      if (attribute.ref_attr_name().empty()) {
        bound.Add()->Swap(&attribute);
        continue;
      }
      const auto found =
          std::ranges::find_if(attributes, [&](const auto& a) { return a.name() == attribute.ref_attr_name(); });
      if (found == attributes.end()) continue;
      charge(0, found->SpaceUsedLong());
      *bound.Add() = *found;
      bound.Mutable(bound.size() - 1)->set_name(attribute.name());
    }
    node.mutable_attribute()->Swap(&bound);
  }
  void bind(onnx::GraphProto& graph, const Attributes& attributes) {
    for (auto& node : *graph.mutable_node()) bind(node, attributes);
  }

  onnx::ModelProto& model_;
  google::protobuf::RepeatedPtrField<onnx::FunctionProto> functions_;
  std::map<Key, const onnx::FunctionProto*> by_key_;
  std::vector<const onnx::FunctionProto*> active_;  // whose calls are being written out
  std::unordered_set<std::string> names_;           // of values, anywhere
  std::int64_t nodes_ = 0, bytes_ = 0;
};

}  // namespace

void inline_functions(onnx::ModelProto& model) {
  if (model.functions_size() > 0) Inliner(model).expand(*model.mutable_graph());
}

}  // namespace vbq
