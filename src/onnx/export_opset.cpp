#include "onnx/export_opset.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "core/check.hpp"
#include "onnx/export_chain.hpp"
#include "onnx/graph.hpp"
#include "onnx/name.hpp"
#include "onnx/translate.hpp"
#include "vbq/onnx.hpp"

namespace vbq::exporting {
namespace {

using Integers = std::vector<std::int64_t>;
using Nodes = google::protobuf::RepeatedPtrField<onnx::NodeProto>;

// Removes it, and gives what it was.
std::optional<onnx::AttributeProto> take(onnx::NodeProto& node, const std::string& name) {
  for (int k = 0; k < node.attribute_size(); ++k) {
    if (node.attribute(k).name() != name) continue;
    onnx::AttributeProto found = node.attribute(k);
    node.mutable_attribute()->DeleteSubrange(k, 1);
    return found;
  }
  return std::nullopt;
}

std::int64_t integer(const onnx::NodeProto& node, const char* name, std::int64_t otherwise) {
  const auto* found = attribute_of(node, name);
  return found == nullptr ? otherwise : found->i();
}

// Respells the nodes of one model.
class Raiser {
 public:
  explicit Raiser(onnx::ModelProto& model) : model_(model), names_(model.graph()) {
    for (const auto& node : model.graph().node()) {
      const bool flat = node.op_type() == "Gemm" || node.op_type() == "Flatten";
      if (flat && node.output_size() > 0) flat_.insert(node.output(0));
    }
  }

  void raise(int from, int to) { raise(*model_.mutable_graph(), from, to); }

  [[noreturn]] void refuse(const onnx::NodeProto& node, const std::string& why) const {
    const std::string& name = node.name().empty() && node.output_size() > 0 ? node.output(0) : node.name();
    fail("{} node \"{}\" {}: the file's opset cannot be raised past that", clean_name(node.op_type()), clean_name(name),
         why);
  }

  // What was an attribute is input `at`, a constant of its own in front of the node.
  void make_input(onnx::NodeProto& node, int at, const Integers& values) {
    const auto count = static_cast<std::int64_t>(values.size());
    put(node, at, make_tensor("", onnx::TensorProto::INT64, {count}, values.data(), values.size() * sizeof(values[0])));
  }
  void make_input(onnx::NodeProto& node, int at, float value) {
    put(node, at, make_tensor("", onnx::TensorProto::FLOAT, {}, &value, sizeof value));
  }
  void list_to_input(onnx::NodeProto& node, const char* attribute, int at) {
    const auto list = take(node, attribute);
    if (list) make_input(node, at, Integers(list->ints().begin(), list->ints().end()));
  }

  // Extents that the file states of a value, -1 where one is free; nothing where it does not say how many there are.
  std::optional<Integers> stated_shape(const std::string& value) const {
    for (const auto* infos : {&model_.graph().input(), &model_.graph().output(), &model_.graph().value_info()}) {
      for (const auto& info : *infos) {
        if (info.name() != value || !info.type().tensor_type().has_shape()) continue;
        Integers shape;
        for (const auto& dim : info.type().tensor_type().shape().dim()) {
          shape.push_back(dim.has_dim_value() ? dim.dim_value() : -1);
        }
        return shape;
      }
    }
    if (flat_.contains(value)) return Integers{-1, -1};
    return std::nullopt;
  }

 private:
  void put(onnx::NodeProto& node, int at, onnx::TensorProto tensor) {
    while (node.input_size() <= at) node.add_input();
    onnx::NodeProto& constant = in_front_.emplace_back();
    constant.set_op_type("Constant");
    constant.add_output(names_.fresh(node.output(0) + "_" + node.op_type() + "_" + std::to_string(at)));
    auto& value = *constant.add_attribute();
    value.set_name("value");
    value.set_type(onnx::AttributeProto::TENSOR);
    value.mutable_t()->Swap(&tensor);
    node.set_input(at, constant.output(0));
  }

  void raise(onnx::GraphProto& graph, int from, int to);

  onnx::ModelProto& model_;
  UsedNames names_;
  std::unordered_set<std::string> flat_;   // values that operators make matrices
  std::vector<onnx::NodeProto> in_front_;  // of the node in hand
};

void no_ceil(Raiser& raiser, onnx::NodeProto& node) {
  if (integer(node, "ceil_mode", 0) != 0) raiser.refuse(node, "has ceil_mode, which opset 19 defines anew");
}

void no_spatial(Raiser& raiser, onnx::NodeProto& node) {
  const auto spatial = take(node, "spatial");
  if (spatial && spatial->i() == 0) raiser.refuse(node, "has spatial = 0, which ends with opset 9");
}

void one_output(Raiser& raiser, onnx::NodeProto& node) {
  if (node.output_size() > 1) raiser.refuse(node, "gives several outputs, which it does otherwise from opset 14");
}

void clip(Raiser& raiser, onnx::NodeProto& node) {
  int at = 1;
  for (const char* bound : {"min", "max"}) {
    if (const auto value = take(node, bound)) raiser.make_input(node, at, value->f());
    ++at;
  }
}

// Its ratio is of no effect outside training.
void dropout(Raiser& raiser, onnx::NodeProto& node) {
  if (node.output_size() > 1) raiser.refuse(node, "gives a mask, which is of another type from opset 12");
  take(node, "ratio");
}

void pad(Raiser& raiser, onnx::NodeProto& node) {
  raiser.list_to_input(node, "pads", 1);
  const auto value = take(node, "value");
  if (value && value->f() != 0) raiser.make_input(node, 2, value->f());
}

void axes(Raiser& raiser, onnx::NodeProto& node) { raiser.list_to_input(node, "axes", 1); }

void slice(Raiser& raiser, onnx::NodeProto& node) {
  raiser.list_to_input(node, "starts", 1);
  raiser.list_to_input(node, "ends", 2);
  raiser.list_to_input(node, "axes", 3);
}

// Over all axes from `axis` on, of each image; over that axis alone from opset 13, where the default is another.
void softmax(Raiser& raiser, onnx::NodeProto& node) {
  std::optional<Integers> shape = raiser.stated_shape(node.input(0));
  if (!shape) shape = raiser.stated_shape(node.output(0));
  if (!shape) raiser.refuse(node, "reads a value whose number of axes the file does not state, which opset 13 needs");
  std::int64_t axis = integer(node, "axis", 1);
  if (axis < 0) axis += static_cast<std::int64_t>(shape->size());
  const bool fits = axis >= 0 && axis < static_cast<std::int64_t>(shape->size());
  if (!fits || std::any_of(shape->begin() + axis + 1, shape->end(), [](std::int64_t extent) { return extent != 1; })) {
    raiser.refuse(node, "is over several axes, where it is over one from opset 13");
  }
  take(node, "axis");
  set_integer(node, "axis", axis);
}

void split(Raiser& raiser, onnx::NodeProto& node) { raiser.list_to_input(node, "split", 1); }

void equal_split(Raiser&, onnx::NodeProto& node) {
  const bool stated = node.input_size() > 1 && !node.input(1).empty();
  if (!stated) set_integer(node, "num_outputs", node.output_size());
}

// Each operator whose definition changed after opset 7 so that a node means something else, or nothing; those of other
// operators took more types, or attributes and inputs that may be left out.
struct Rule {
  const char* type;
  int since;
  void (*respell)(Raiser&, onnx::NodeProto&);
};
constexpr Rule kRules[] = {
    {"BatchNormalization", 9, no_spatial},
    {"Slice", 10, slice},
    {"Clip", 11, clip},
    {"Pad", 11, pad},
    {"Dropout", 12, dropout},
    {"LogSoftmax", 13, softmax},
    {"ReduceSum", 13, axes},
    {"Softmax", 13, softmax},
    {"Split", 13, split},
    {"Squeeze", 13, axes},
    {"Unsqueeze", 13, axes},
    {"BatchNormalization", 14, one_output},
    {"ReduceMax", 18, axes},
    {"ReduceMean", 18, axes},
    {"Split", 18, equal_split},
    {"AveragePool", 19, no_ceil},
};
static_assert(std::ranges::is_sorted(kRules, {}, &Rule::since));

void Raiser::raise(onnx::GraphProto& graph, int from, int to) {
  Nodes nodes;
  for (auto& node : *graph.mutable_node()) {
    for (auto& attribute : *node.mutable_attribute()) {
      if (attribute.has_g()) raise(*attribute.mutable_g(), from, to);
    }
    const bool ours = node.domain().empty() || node.domain() == "ai.onnx";
    if (ours && !is_known(node.op_type())) refuse(node, "has an operator that vbq does not know");
    for (const Rule& rule : kRules) {
      if (ours && node.op_type() == rule.type && from < rule.since && rule.since <= to) rule.respell(*this, node);
    }
    for (auto& constant : in_front_) nodes.Add()->Swap(&constant);
    in_front_.clear();
    nodes.Add()->Swap(&node);
  }
  graph.mutable_node()->Swap(&nodes);
}

// The IR version that came with an opset.
int ir_version_of(int opset) {
  constexpr std::pair<int, int> kFirst[] = {{28, 14}, {25, 13}, {24, 12}, {23, 11}, {21, 10}, {19, 9},
                                            {15, 8},  {12, 7},  {11, 6},  {10, 5},  {9, 4}};
  for (const auto& [first, version] : kFirst) {
    if (opset >= first) return version;
  }
  return 3;
}

}  // namespace

void raise_opset(onnx::ModelProto& model, int opset) {
  const int own = opset_of(model);
  if (opset < own || opset > kNewestOpset) {
    fail("the file has opset {}, which can be raised to {} at most and not be lowered: {} was asked for", own,
         kNewestOpset, opset);
  }
  if (opset == own) return;
  Raiser(model).raise(own, opset);
  for (auto& import : *model.mutable_opset_import()) {
    if (import.domain().empty() || import.domain() == "ai.onnx") import.set_version(opset);
  }
  model.set_ir_version(std::max<std::int64_t>(model.ir_version(), ir_version_of(opset)));
}

}  // namespace vbq::exporting
