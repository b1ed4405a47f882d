#include "model/onnx_export.hpp"

#include <algorithm>
#include <new>
#include <unordered_map>
#include <unordered_set>

#include "core/check.hpp"
#include "core/file.hpp"
#include "core/log.hpp"
#include "model/export_weight.hpp"
#include "model/onnx_external.hpp"
#include "model/onnx_graph.hpp"
#include "model/onnx_load.hpp"
#include "model/onnx_name.hpp"
#include "model/translate.hpp"

namespace vbq {
namespace {

using Names = std::unordered_set<std::string>;
using Origins = std::unordered_map<std::string, const onnx::NodeProto*>;

// Which node of the file each layer of the network was read from.
Origins origins_of(const Graph& graph, const TensorReader& reader) {
  const std::int64_t fixed = graph.input_shape.front();
  TensorReader first = reader, second = reader;  // each reading has the whole budget
  try {
    return translate(graph, first, fixed > 0 ? fixed : kProbe).layers;
  } catch (const Error&) {
    if (fixed > 0) throw;
    return translate(graph, second, 1).layers;
  }
}

// External data becomes part of the message: the new file stands alone.
std::uint64_t take_in(onnx::TensorProto& tensor, const std::filesystem::path& folder) {
  if (tensor.data_location() != onnx::TensorProto::EXTERNAL) return 0;
  const std::string where = "tensor \"" + tensor.name() + "\"";
  const std::int64_t bytes = declared_external_bytes(tensor);
  if (bytes == 0) fail("{} has external data of unknown length: the file states it, as was expected", where);
  tensor.set_raw_data(read_external(tensor, folder, bytes, where));
  tensor.clear_external_data();
  tensor.clear_data_location();
  return static_cast<std::uint64_t>(bytes);
}

// Every name that a graph or one nested in it reads.
void collect_reads(const onnx::GraphProto& graph, Names& names) {
  for (const auto& node : graph.node()) {
    names.insert(node.input().begin(), node.input().end());
    for (const auto& attribute : node.attribute()) {
      if (attribute.has_g()) collect_reads(attribute.g(), names);
      for (const auto& nested : attribute.graphs()) collect_reads(nested, names);
    }
  }
  for (const auto& output : graph.output()) names.insert(output.name());
}

template <typename Items, typename Predicate>
void remove_if(Items& items, const Predicate& unwanted) {
  Items kept;
  for (auto& item : items) {
    if (!unwanted(item)) kept.Add()->Swap(&item);
  }
  items.Swap(&kept);
}

// Initialisers, and the nodes that computed with them, which nothing reads any more.
void remove_unread(onnx::GraphProto& graph, const Names& before) {
  for (bool changed = true; changed;) {
    Names reads;
    collect_reads(graph, reads);
    const auto gone = [&](const std::string& name) { return before.contains(name) && !reads.contains(name); };
    const int nodes = graph.node_size();
    remove_if(*graph.mutable_initializer(), [&](const onnx::TensorProto& t) { return gone(t.name()); });
    // Up to IR version 3, initialisers are listed among the inputs; the image stays in any case.
    remove_if(*graph.mutable_input(), [&](const onnx::ValueInfoProto& i) { return gone(i.name()); });
    remove_if(*graph.mutable_node(), [&](const onnx::NodeProto& n) {
      return n.output_size() > 0 && std::all_of(n.output().begin(), n.output().end(), gone);
    });
    changed = graph.node_size() != nodes;
  }
}

class Exporter {
 public:
  Exporter(onnx::ModelProto& model, int opset, ExportForm form)
      : graph_(*model.mutable_graph()), opset_(opset), form_(form) {
    collect_reads(graph_, names_);
    for (const auto& node : graph_.node()) names_.insert(node.output().begin(), node.output().end());
    for (const auto& tensor : graph_.initializer()) names_.insert(tensor.name());
    before_ = names_;
  }

  // layer: the network's node; origin: the file's, which is one of the graph's own.
  void replace(const ExportLayer& how, const Node& layer, const onnx::NodeProto& origin) {
    const auto at = std::find_if(graph_.mutable_node()->begin(), graph_.mutable_node()->end(),
                                 [&](const onnx::NodeProto& n) { return &n == &origin; });
    onnx::NodeProto& node = *at;
    check_type(node);
    exporting::Parts parts = exporting::weight_parts(weight_of_layer(how, layer, node), form_, opset_);
    node.set_input(1, parts.value);
    remove_attribute(node, "alpha");  // part of the network's weight
    for (auto& tensor : parts.tensors) graph_.add_initializer()->Swap(&tensor);
    in_front_[&origin] = std::move(parts.nodes);
    if (!how.shift.empty() || !how.bias.empty()) add_bias(how, layer, node, &origin);
  }

  void finish() {
    google::protobuf::RepeatedPtrField<onnx::NodeProto> nodes;
    for (auto& node : *graph_.mutable_node()) {
      const onnx::NodeProto* key = &node;
      for (auto& added : in_front_[key]) nodes.Add()->Swap(&added);
      nodes.Add()->Swap(&node);
      for (auto& added : behind_[key]) nodes.Add()->Swap(&added);
    }
    graph_.mutable_node()->Swap(&nodes);
    remove_unread(graph_, before_);
  }

 private:
  static void remove_attribute(onnx::NodeProto& node, const std::string& name) {
    remove_if(*node.mutable_attribute(), [&](const onnx::AttributeProto& a) { return a.name() == name; });
  }

  std::string unused(const std::string& wanted) {
    std::string name = wanted;
    while (!names_.insert(name).second) name += "_";
    return name;
  }

  exporting::Weight weight_of_layer(const ExportLayer& how, const Node& layer, const onnx::NodeProto& node) {
    const Tensor& weight = *::vbq::weight_of(layer);
    exporting::Weight w{unused(node.output(0) + "_vbq_"),     weight.shape, how.indices, how.codebooks, how.scales, 0,
                        fmt::format("layer \"{}\"", how.name)};
    const auto outputs = static_cast<std::size_t>(weight.shape.front());
    if (how.indices.size() != weight.data.size() || (how.codebooks.size() != 1 && how.codebooks.size() != outputs)) {
      fail_internal("{} has {} weights, {} indices, {} codebooks", w.where, weight.data.size(), how.indices.size(),
                    how.codebooks.size());
    }
    for (std::size_t o = 0; o < how.gain.size(); ++o) {
      if (o == 0 && w.scales.size() < 2) w.scales.resize(outputs, w.scales.empty() ? 1.0F : w.scales.front());
      w.scales[o] *= how.gain[o];
    }
    if (std::holds_alternative<Linear>(layer.op) && !is_outputs_first(node)) {
      w.indices = exporting::transposed(how.indices, outputs);
      std::swap(w.shape[0], w.shape[1]);
      w.output_axis = 1;
    }
    return w;
  }

  // New constants are FP32: beside a network of another type they would not fit.
  void check_type(const onnx::NodeProto& node) const {
    for (const auto& tensor : graph_.initializer()) {
      if (tensor.name() == node.input(1) && tensor.data_type() != onnx::TensorProto::FLOAT) {
        fail("the weight of node \"{}\" has data type {}: FP32 was expected of a network to export",
             clean_name(node.name()), tensor.data_type());
      }
    }
  }

  static bool is_outputs_first(const onnx::NodeProto& node) {
    return std::any_of(node.attribute().begin(), node.attribute().end(),
                       [](const onnx::AttributeProto& a) { return a.name() == "transB" && a.i() != 0; });
  }

  // Bias b becomes gain b + shift; where the bias is no input of the layer, it is added behind.
  void add_bias(const ExportLayer& how, const Node& layer, onnx::NodeProto& node, const onnx::NodeProto* key) {
    const std::vector<float>& bias = how.bias.empty() ? *bias_of(layer) : how.bias;
    const auto outputs = static_cast<std::size_t>(::vbq::weight_of(layer)->shape.front());
    std::vector<float> shift = how.shift.empty() ? std::vector<float>(outputs, 0.0F) : how.shift;
    for (std::size_t o = 0; o < bias.size(); ++o) shift[o] += how.gain.empty() ? bias[o] : how.gain[o] * bias[o];
    const std::string name = unused(node.output(0) + "_vbq_bias");
    const auto channels = static_cast<std::int64_t>(shift.size());
    *graph_.add_initializer() =
        exporting::make_tensor(name, onnx::TensorProto::FLOAT, {channels}, shift.data(), shift.size() * sizeof(float));
    const bool adds_other = node.input_size() > 2 && !node.input(2).empty() && bias_of(layer)->empty();
    if (node.op_type() != "MatMul" && !adds_other) {
      remove_attribute(node, "beta");
      if (node.input_size() < 3) node.add_input();
      node.set_input(2, name);
      return;
    }
    onnx::NodeProto add;
    add.set_op_type("Add");
    add.set_name(name + "_add");
    add.add_input(unused(node.output(0) + "_vbq_unmatched"));
    add.add_input(name);
    add.add_output(node.output(0));
    node.set_output(0, add.input(0));
    behind_[key].push_back(std::move(add));
  }

  onnx::GraphProto& graph_;
  int opset_;
  ExportForm form_;
  Names names_, before_;
  std::unordered_map<const onnx::NodeProto*, std::vector<onnx::NodeProto>> in_front_, behind_;
};

std::string write_model(const onnx::ModelProto& model) {
  if (model.ByteSizeLong() > kLargestFile) {
    fail("the exported file would have {} bytes: at most {} are possible", model.ByteSizeLong(), kLargestFile);
  }
  return model.SerializeAsString();
}

ExportedModel export_model(std::string content, const std::filesystem::path& path, const Network& network,
                           const std::vector<ExportLayer>& layers, ExportForm form,
                           const std::vector<std::pair<std::string, std::string>>& metadata) {
  ExportedModel result{"", content.size()};
  onnx::ModelProto model = parse_model(std::move(content));
  Graph graph = read_graph(model);
  remove_unreached(graph);
  const Origins origins = origins_of(graph, TensorReader(path.parent_path(), budget_for(result.fp32_bytes, model)));
  for (auto& tensor : *model.mutable_graph()->mutable_initializer()) {
    result.fp32_bytes += take_in(tensor, path.parent_path());
  }
  Exporter exporter(model, graph.opset, form);
  for (const ExportLayer& layer : layers) {
    const auto node =
        std::find_if(network.nodes.begin(), network.nodes.end(), [&](const Node& n) { return n.name == layer.name; });
    const auto origin = origins.find(layer.name);
    if (node == network.nodes.end() || origin == origins.end()) fail("the file has no layer \"{}\"", layer.name);
    exporter.replace(layer, *node, *origin->second);
  }
  exporter.finish();
  if (form == ExportForm::dequantize && graph.opset >= 21) {
    model.set_ir_version(std::max<std::int64_t>(model.ir_version(), 10));  // the first that has int4
  }
  for (const auto& [key, value] : metadata) {
    auto* entry = model.add_metadata_props();
    entry->set_key(key);
    entry->set_value(value);
  }
  result.bytes = write_model(model);
  return result;
}

}  // namespace

ExportedModel export_onnx(const std::filesystem::path& path, const Network& network,
                          const std::vector<ExportLayer>& layers, ExportForm form,
                          const std::vector<std::pair<std::string, std::string>>& metadata) {
  try {
    return export_model(read_file(path, "network", kLargestFile), path, network, layers, form, metadata);
  } catch (const Error& error) {
    throw Error(fmt::format("network {}: {}", path.string(), error.what()), error.fault());
  } catch (const std::bad_alloc&) {
    fail("network {} asks for more memory than there is", path.string());
  }
}

}  // namespace vbq
