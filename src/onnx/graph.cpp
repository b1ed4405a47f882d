#include "onnx/graph.hpp"

#include <algorithm>
#include <string_view>
#include <unordered_set>

#include "core/check.hpp"
#include "core/log.hpp"
#include "model/geometry.hpp"
#include "onnx/name.hpp"
#include "vbq/onnx.hpp"

namespace vbq {
namespace {

using Names = std::unordered_set<std::string_view>;

bool is_real(int type) {
  using Type = onnx::TensorProto;
  return type == Type::FLOAT || type == Type::FLOAT16 || type == Type::BFLOAT16 || type == Type::DOUBLE;
}

// [batch, extents of one image...]; batch 0 when free.
Shape input_shape(const onnx::ValueInfoProto& input) {
  const std::string name = clean_name(input.name());
  const auto& type = input.type().tensor_type();
  if (!input.type().has_tensor_type() || !is_real(type.elem_type())) {
    fail("input \"{}\" has element type {}: a float tensor was expected", name, type.elem_type());
  }
  if (!type.has_shape() || type.shape().dim_size() < 2 || type.shape().dim_size() > static_cast<int>(kMostAxes)) {
    fail("input \"{}\" has {} axes: 2 to {}, the first for the batch, were expected", name, type.shape().dim_size(),
         kMostAxes);
  }
  Shape shape;
  for (const auto& dim : type.shape().dim()) {
    const std::int64_t extent = dim.has_dim_value() ? dim.dim_value() : 0;
    if (extent > kLargestExtent || (extent < 1 && !shape.empty())) {
      fail("input \"{}\" has extent {} on axis {}: a fixed size of 1 to {} was expected of all but the batch", name,
           dim.has_dim_value() ? std::to_string(extent) : "\"" + clean_name(dim.dim_param()) + "\"", shape.size(),
           kLargestExtent);
    }
    shape.push_back(std::max<std::int64_t>(extent, 0));
  }
  return shape;
}

void define(Names& names, const std::string& name) {
  if (!names.insert(name).second) fail("the name \"{}\" is defined twice: once was expected", clean_name(name));
}

// Every name is defined once, and before it is read.
void check_names(const Graph& graph, Names names) {
  for (const onnx::NodeProto* node : graph.nodes) {
    for (const std::string& input : node->input()) {
      if (!input.empty() && !names.contains(input)) {
        fail("{} node \"{}\" reads \"{}\", which nothing before it gives", clean_name(node->op_type()),
             clean_name(node->name()), clean_name(input));
      }
    }
    for (const std::string& output : node->output()) {
      if (!output.empty()) define(names, output);
    }
  }
  if (!names.contains(graph.output)) fail("the output \"{}\" is given by no node", clean_name(graph.output));
}

// Of the graph's outputs, the one that was asked for.
std::string choose_output(const std::vector<std::string>& outputs, const std::string& wanted) {
  const auto list = [&] {
    std::string text;
    for (const std::string& name : outputs) text += (text.empty() ? "\"" : "\", \"") + clean_name(name);
    return text + '"';
  };
  if (outputs.empty()) fail("the network has no output: one was expected");
  if (wanted.empty()) {
    if (outputs.size() > 1) {
      log::warning(
          "the network has {} outputs ({}): only the first is read; --output-name (in a job: network.output) "
          "names another",
          outputs.size(), list());
    }
    return outputs.front();
  }
  auto found = std::find(outputs.begin(), outputs.end(), wanted);
  if (found == outputs.end()) {
    found = std::find_if(outputs.begin(), outputs.end(), [&](const auto& name) { return clean_name(name) == wanted; });
  }
  if (found == outputs.end()) fail("the network has no output \"{}\": its outputs are {}", clean_name(wanted), list());
  return *found;
}

// What a node reads, in graphs within it as well: those may read values of the graph around.
void add_reads(const onnx::NodeProto& node, Names& names) {
  names.insert(node.input().begin(), node.input().end());
  for (const auto& attribute : node.attribute()) {
    if (!attribute.has_g()) continue;
    for (const auto& inner : attribute.g().node()) add_reads(inner, names);
    for (const auto& output : attribute.g().output()) names.insert(output.name());
  }
}

}  // namespace

int opset_of(const onnx::ModelProto& model) {
  for (const auto& import : model.opset_import()) {
    if (!import.domain().empty() && import.domain() != "ai.onnx") continue;
    if (import.version() < kOldestOpset || import.version() > kNewestOpset) {
      fail("the file is written in opset {}: {} to {} was expected", import.version(), kOldestOpset, kNewestOpset);
    }
    return static_cast<int>(import.version());
  }
  fail("the file names no opset of the default domain: {} to {} was expected", kOldestOpset, kNewestOpset);
}

Graph read_graph(const onnx::ModelProto& model, const std::string& output) {
  if (!model.has_graph()) fail("the file holds no graph");
  const onnx::GraphProto& proto = model.graph();
  Graph graph;
  graph.opset = opset_of(model);
  graph.name = proto.name();
  if (proto.sparse_initializer_size() > 0) fail("the file has sparse initialisers, which are not supported");

  Names names;
  for (const auto& tensor : proto.initializer()) {
    define(names, tensor.name());
    graph.tensors.push_back(&tensor);
  }
  const Names initialisers = names;
  std::vector<const onnx::ValueInfoProto*> inputs;
  for (const auto& input : proto.input()) {  // up to IR version 3, initialisers are listed among the inputs
    if (initialisers.contains(input.name())) continue;
    define(names, input.name());
    inputs.push_back(&input);
  }
  if (inputs.size() != 1) fail("the network has {} inputs: one was expected", inputs.size());
  graph.input = inputs.front()->name();
  graph.input_shape = input_shape(*inputs.front());

  for (const auto& one : proto.output()) graph.outputs.push_back(one.name());
  graph.output = choose_output(graph.outputs, output);
  for (const auto& node : proto.node()) graph.nodes.push_back(&node);
  check_names(graph, std::move(names));
  return graph;
}

void remove_unreached(Graph& graph) {
  Names needed{graph.output};
  std::vector<const onnx::NodeProto*> kept;
  for (auto node = graph.nodes.rbegin(); node != graph.nodes.rend(); ++node) {
    bool reached = false;
    for (const std::string& output : (*node)->output()) reached |= !output.empty() && needed.contains(output);
    if (!reached) continue;
    add_reads(**node, needed);
    kept.push_back(*node);
  }
  graph.nodes.assign(kept.rbegin(), kept.rend());
}

}  // namespace vbq
