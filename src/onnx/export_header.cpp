#include "onnx/export_header.hpp"

#include <algorithm>
#include <unordered_set>

#include "onnx/export_weight.hpp"

namespace vbq::exporting {
namespace {

// Up to IR version 3 every initialiser is listed among the graph's inputs, and is a constant; from 4 on one that is
// listed may be overridden by whoever runs the file, so that nothing is computed with it ahead.
void settle_inputs(onnx::GraphProto& graph, std::int64_t version_before, std::int64_t version) {
  constexpr std::int64_t kListing = 3;
  if (version_before > kListing) return;
  std::unordered_set<std::string> initialisers, listed;
  for (const auto& tensor : graph.initializer()) initialisers.insert(tensor.name());
  for (int k = graph.input_size(); k-- > 0;) {
    const std::string& name = graph.input(k).name();
    listed.insert(name);
    if (version > kListing && initialisers.contains(name)) graph.mutable_input()->DeleteSubrange(k, 1);
  }
  if (version > kListing) return;
  for (const auto& tensor : graph.initializer()) {
    if (listed.contains(tensor.name())) continue;
    auto& input = *graph.add_input();
    input.set_name(tensor.name());
    auto& type = *input.mutable_type()->mutable_tensor_type();
    type.set_elem_type(tensor.data_type());
    type.mutable_shape();
    for (const std::int64_t extent : tensor.dims()) type.mutable_shape()->add_dim()->set_dim_value(extent);
  }
}

}  // namespace

void settle_version(onnx::ModelProto& model) {
  const std::int64_t before = model.ir_version();
  onnx::GraphProto& graph = *model.mutable_graph();
  for (const auto& tensor : graph.initializer()) {
    const int type = tensor.data_type();
    const std::int64_t first = type == kUint2 ? 13 : type == kInt4 || type == kUint4 ? 10 : 0;  // that has the type
    model.set_ir_version(std::max(model.ir_version(), first));
  }
  settle_inputs(graph, before, model.ir_version());
}

void set_metadata(onnx::ModelProto& model, const std::string& key, const std::string& value) {
  for (int k = model.metadata_props_size(); k-- > 0;) {
    if (model.metadata_props(k).key() == key) model.mutable_metadata_props()->DeleteSubrange(k, 1);
  }
  auto* entry = model.add_metadata_props();
  entry->set_key(key);
  entry->set_value(value);
}

}  // namespace vbq::exporting
