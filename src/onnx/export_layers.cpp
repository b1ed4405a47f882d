#include "onnx/export_layers.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <unordered_map>
#include <unordered_set>

#include "core/check.hpp"
#include "onnx/export_names.hpp"
#include "onnx/export_norm.hpp"
#include "onnx/export_weight.hpp"
#include "onnx/export_whole_bias.hpp"
#include "onnx/name.hpp"

namespace vbq::exporting {
namespace {

bool is_outputs_first(const onnx::NodeProto& node) {
  return std::ranges::any_of(node.attribute(), [](const auto& a) { return a.name() == "transB" && a.i() != 0; });
}

void remove_attribute(onnx::NodeProto& node, const std::string& name) {
  for (int k = node.attribute_size(); k-- > 0;) {
    if (node.attribute(k).name() == name) node.mutable_attribute()->DeleteSubrange(k, 1);
  }
}

// Takes the old weights out first, then puts the new ones in: so these may have the old ones' names, unless something
// else reads those.
class Exporter {
 public:
  Exporter(onnx::ModelProto& model, const Network& network, int opset, const ExportStyle& style)
      : graph_(*model.mutable_graph()), network_(network), opset_(opset), style_(style), before_(reads_of(graph_)) {}

  // index: of the network's node; origin: the file's.
  void take_out(const ExportLayer& how, int index, const onnx::NodeProto& origin) {
    const Node& layer = network_.nodes[static_cast<std::size_t>(index)];
    const auto at = std::ranges::find_if(*graph_.mutable_node(), [&](const auto& node) { return &node == &origin; });
    if (at == graph_.mutable_node()->end()) {
      fail("layer \"{}\" lies in a function or a branch of the file: one of the graph's own was expected", how.name);
    }
    onnx::NodeProto& node = *at;
    Taken taken{&how, &layer, &node, source_of(node.input(1)), "", false};
    check_type(node);
    node.set_input(1, "");
    find_norm(taken, index);
    if (taken.norm != nullptr) {
      if (node.input_size() > 2) node.mutable_input()->DeleteSubrange(2, 1);
      remove_attribute(node, "beta");
    } else if (!how.shift.empty() || !how.bias.empty()) {
      const bool has_third = node.input_size() > 2 && !node.input(2).empty();
      taken.adds = node.op_type() == "MatMul" || (has_third && bias_of(layer)->empty());
      if (has_third && !taken.adds) {
        taken.bias = source_of(node.input(2));
        node.set_input(2, "");
      }
    }
    taken_.push_back(std::move(taken));
  }

  // Returns ExportedModel::weights.
  std::string put_in() {
    remove_unread(graph_, before_);
    Scope scope{UsedNames(graph_), opset_, style_.readers};
    std::vector<std::string> names;  // weights keep theirs: before others are made
    for (const Taken& taken : taken_) names.push_back(scope.names.value(taken.weight));
    for (std::size_t k = 0; k < taken_.size(); ++k) put_in(taken_[k], names[k], scope);
    if (scope.masks) tensors_.push_back(*std::move(scope.masks));
    // Bytes beside bytes: in one block of a compressor, tables of FP32 numbers would spoil the indices' statistics.
    const auto is_wide = [](const onnx::TensorProto& tensor) {
      const int type = tensor.data_type();
      return type == onnx::TensorProto::FLOAT || type == onnx::TensorProto::INT32 || type == onnx::TensorProto::INT64;
    };
    std::stable_partition(tensors_.begin(), tensors_.end(), std::not_fn(is_wide));
    std::string weights;
    for (onnx::TensorProto& tensor : tensors_) {
      if (!biases_.contains(tensor.name())) weights += tensor.raw_data();
      graph_.add_initializer()->Swap(&tensor);
    }
    google::protobuf::RepeatedPtrField<onnx::NodeProto> nodes;
    for (auto& node : *graph_.mutable_node()) {
      const onnx::NodeProto* key = &node;
      for (auto& added : in_front_[key]) nodes.Add()->Swap(&added);
      if (!dropped_.contains(key)) nodes.Add()->Swap(&node);
      for (auto& added : behind_[key]) nodes.Add()->Swap(&added);
    }
    graph_.mutable_node()->Swap(&nodes);
    return weights;
  }

 private:
  struct Taken {
    const ExportLayer* how;
    const Node* layer;
    onnx::NodeProto* node;
    std::string weight, bias;            // what they were called
    bool adds;                           // the shift is added behind the layer: its bias is no input of it
    onnx::NodeProto* norm = nullptr;     // that takes scale and bias of the layer; null: there is none
    const BatchNorm* trained = nullptr;  // what it computed before
    std::vector<std::string> constants = {};
  };

  // Biases that take levels of the codebook stay where they are.
  void find_norm(Taken& taken, int index) {
    const int behind = batch_norm_behind(network_, index);
    const ExportLayer& how = *taken.how;
    const bool changes = !how.scales.empty() || !how.gain.empty() || !how.shift.empty();
    if (behind < 0 || !how.bias.empty() || (!changes && style_.form != ExportForm::qdq)) return;
    taken.norm = batch_norm_reading(graph_, before_, taken.node->output(0));
    if (taken.norm == nullptr) return;
    taken.trained = std::get_if<BatchNorm>(&network_.nodes[static_cast<std::size_t>(behind)].op);
    taken.constants = take_norm_out(*taken.norm);
  }

  void put_in(const Taken& taken, const std::string& name, Scope& scope) {
    onnx::NodeProto& node = *taken.node;
    UsedNames& names = scope.names;
    Weight weight = weight_of_layer(taken, name);
    if (taken.norm != nullptr && goes_in(taken)) {
      take_norm_in(taken, weight, names);
    } else if (taken.norm != nullptr) {
      fold_into_norm(taken, weight, names);
    }
    if (taken.norm == nullptr && (!taken.how->shift.empty() || !taken.how->bias.empty())) {
      put_bias_in(taken, weight, names);
    }
    Parts parts = weight_parts(weight, style_.form, scope);
    node.set_input(1, name);
    remove_attribute(node, "alpha");  // part of the network's weight
    for (auto& tensor : parts.tensors) tensors_.push_back(std::move(tensor));
    for (auto& made : parts.nodes) in_front_[&node].push_back(std::move(made));
  }

  // The layer gives levels alone, or, of plain weights, scaled ones.
  void fold_into_norm(const Taken& taken, Weight& weight, UsedNames& names) {
    const std::size_t outputs = taken.trained->scale.size();
    std::vector<float> multiply(outputs, 1.0F);
    if (style_.form != ExportForm::plain && !weight.scales.empty()) {
      for (std::size_t o = 0; o < outputs; ++o) multiply[o] = weight.scales[weight.scales.size() == 1 ? 0 : o];
      weight.scales.clear();
    }
    const BatchNorm norm = norm_after(*taken.trained, multiply, shift_of(taken));
    for (onnx::TensorProto& tensor : put_norm_in(*taken.norm, norm, taken.constants, names)) {
      biases_.insert(tensor.name());
      tensors_.push_back(std::move(tensor));
    }
  }

  // Whether the norm becomes part of the layer, as whoever computes in integers would have it.
  bool goes_in(const Taken& taken) const {
    return style_.form == ExportForm::qdq && taken.node->op_type() == "Conv" &&
           taken.norm->input(0) == taken.node->output(0);
  }

  // Its factors go into the weight's scales, which stay above zero: levels change their signs instead.
  void take_norm_in(const Taken& taken, Weight& weight, UsedNames& names) {
    const std::size_t outputs = taken.trained->scale.size();
    const BatchNorm norm = norm_after(*taken.trained, std::vector<float>(outputs, 1.0F), shift_of(taken));
    if (weight.scales.size() < outputs) weight.scales.resize(outputs, weight.scales.empty() ? 1 : weight.scales[0]);
    weight.codebooks.resize(outputs, weight.codebooks.front());
    for (std::size_t o = 0; o < outputs; ++o) {
      const float scale = weight.scales[o] * norm.scale[o];
      weight.scales[o] = std::max(std::abs(scale), std::numeric_limits<float>::min());
      if (scale < 0) {
        for (float& level : weight.codebooks[o]) level = -level;
      }
    }
    const std::string name = names.fresh(weight.name + "_bias");
    put_constant(taken, name, norm.shift, weight, names);
    onnx::NodeProto& node = *taken.node;
    while (node.input_size() < 3) node.add_input();
    node.set_input(2, name);
    node.set_output(0, taken.norm->output(0));
    dropped_.insert(taken.norm);
  }

  // Bias b becomes gain b + shift. [O].
  static std::vector<float> shift_of(const Taken& taken) {
    const ExportLayer& how = *taken.how;
    const std::vector<float>& bias = how.bias.empty() ? *bias_of(*taken.layer) : how.bias;
    const auto outputs = static_cast<std::size_t>(::vbq::weight_of(*taken.layer)->shape.front());
    std::vector<float> shift = how.shift.empty() ? std::vector<float>(outputs, 0.0F) : how.shift;
    for (std::size_t o = 0; o < bias.size(); ++o) shift[o] += how.gain.empty() ? bias[o] : how.gain[o] * bias[o];
    return shift;
  }

  // The name at the head of Identity nodes that lead to `name`.
  std::string source_of(std::string name) const {
    for (bool found = true; found;) {
      const auto gives = [&](const onnx::NodeProto& node) {
        return node.op_type() == "Identity" && node.input_size() == 1 && node.output_size() == 1 &&
               node.output(0) == name;
      };
      const auto node = std::ranges::find_if(graph_.node(), gives);
      found = node != graph_.node().end();
      if (found) name = node->input(0);
    }
    return name;
  }

  Weight weight_of_layer(const Taken& taken, const std::string& name) const {
    const ExportLayer& how = *taken.how;
    const Tensor& weight = *::vbq::weight_of(*taken.layer);
    Weight w{name, weight.shape, how.indices, how.codebooks, how.scales, 0, fmt::format("layer \"{}\"", how.name)};
    const auto outputs = static_cast<std::size_t>(weight.shape.front());
    if (how.indices.size() != weight.data.size() || (how.codebooks.size() != 1 && how.codebooks.size() != outputs)) {
      fail_internal("{} has {} weights, {} indices, {} codebooks", w.where, weight.data.size(), how.indices.size(),
                    how.codebooks.size());
    }
    for (std::size_t o = 0; o < how.gain.size(); ++o) {
      if (o == 0 && w.scales.size() < 2) w.scales.resize(outputs, w.scales.empty() ? 1.0F : w.scales.front());
      w.scales[o] *= how.gain[o];
    }
    if (std::holds_alternative<Linear>(taken.layer->op) && !is_outputs_first(*taken.node)) {
      w.indices = transposed(how.indices, outputs);
      std::swap(w.shape[0], w.shape[1]);
      w.output_axis = 1;
    }
    return w;
  }

  // New constants are FP32: beside a network of another type they would not fit.
  void check_type(const onnx::NodeProto& node) const {
    const int type = constant_type(graph_, node.input(1));
    if (type == onnx::TensorProto::FLOAT || type == 0) return;
    fail("the weight of node \"{}\" has data type {}: FP32 was expected of a network to export",
         clean_name(node.name()), type);
  }

  // A bias under this name: FP32, or, where a runtime is to compute in integers, such numbers and DequantizeLinear. Of
  // a bias that the network has anyway, `own`, the bytes do not stand for weights.
  void put_constant(const Taken& taken, const std::string& name, const std::vector<float>& bias, Weight& weight,
                    UsedNames& names, bool own = true) {
    const std::size_t before = tensors_.size();
    if (style_.form == ExportForm::qdq && taken.how->input_step > 0 && !taken.adds) {
      WholeBias whole = whole_bias(name, bias, taken.how->input_step, weight, names);
      in_front_[taken.node].push_back(std::move(whole.node));
      for (onnx::TensorProto& tensor : whole.tensors) tensors_.push_back(std::move(tensor));
    } else {
      tensors_.push_back(make_tensor(name, onnx::TensorProto::FLOAT, {static_cast<std::int64_t>(bias.size())},
                                     bias.data(), bias.size() * sizeof(float)));
    }
    for (std::size_t k = before; own && k < tensors_.size(); ++k) biases_.insert(tensors_[k].name());
  }

  // Where the bias is no input of the layer, it is added behind.
  void put_bias_in(const Taken& taken, Weight& weight, UsedNames& names) {
    onnx::NodeProto& node = *taken.node;
    const std::string name = taken.bias.empty() ? names.fresh(taken.weight + "_bias") : names.value(taken.bias);
    put_constant(taken, name, shift_of(taken), weight, names, !bias_of(*taken.layer)->empty());
    if (!taken.adds) {
      remove_attribute(node, "beta");
      if (node.input_size() < 3) node.add_input();
      node.set_input(2, name);
      return;
    }
    const std::string output = node.output(0);
    if (node.name().empty()) node.set_name(output);  // which is what the layer has been called after
    onnx::NodeProto add;
    add.set_op_type("Add");
    add.add_input(names.fresh(output + "_unmatched"));
    add.add_input(name);
    add.add_output(output);
    node.set_output(0, add.input(0));
    behind_[&node].push_back(std::move(add));
  }

  onnx::GraphProto& graph_;
  const Network& network_;
  int opset_;
  ExportStyle style_;
  Reads before_;
  std::vector<Taken> taken_;
  std::vector<onnx::TensorProto> tensors_;  // that are put in
  std::unordered_set<const onnx::NodeProto*> dropped_;
  std::unordered_set<std::string> biases_;  // of them: the layers' own, changed
  std::unordered_map<const onnx::NodeProto*, std::vector<onnx::NodeProto>> in_front_, behind_;
};

}  // namespace

std::string put_layers_in(onnx::ModelProto& model, const Network& network, const std::vector<ExportLayer>& layers,
                          const Source& source, const ExportStyle& style) {
  Exporter exporter(model, network, source.opset, style);
  for (const ExportLayer& layer : layers) {
    const auto node =
        std::find_if(network.nodes.begin(), network.nodes.end(), [&](const Node& n) { return n.name == layer.name; });
    const auto origin = source.layers.find(layer.name);
    if (node == network.nodes.end() || origin == source.layers.end()) fail("the file has no layer \"{}\"", layer.name);
    exporter.take_out(layer, static_cast<int>(node - network.nodes.begin()), *origin->second);
  }
  return exporter.put_in();
}

}  // namespace vbq::exporting
