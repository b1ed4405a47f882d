#include "onnx/export_source.hpp"

#include <algorithm>
#include <utility>

#include "core/check.hpp"
#include "onnx/export_branches.hpp"
#include "onnx/graph.hpp"
#include "onnx/load.hpp"
#include "onnx/translate.hpp"

namespace vbq::exporting {
namespace {

// The network as it was read.
Translation translation_of(const Graph& graph, const TensorReader& reader) {
  const std::int64_t fixed = graph.input_shape.front();
  TensorReader first = reader, second = reader;  // each reading has the whole budget
  try {
    return translate(graph, first, fixed > 0 ? fixed : kProbe);
  } catch (const Error&) {
    if (fixed > 0) throw;
    return translate(graph, second, 1);
  }
}

bool is_own(const onnx::GraphProto& graph, const onnx::NodeProto* node) {
  return std::ranges::any_of(graph.node(), [&](const auto& n) { return &n == node; });
}

}  // namespace

Source source_of(onnx::ModelProto& model, const std::string& output, const std::vector<ExportLayer>& layers,
                 const TensorReader& reader) {
  while (true) {
    Graph graph = read_graph(model, output);
    remove_unreached(graph);
    Translation read = translation_of(graph, reader);
    const bool own = std::ranges::all_of(layers, [&](const ExportLayer& layer) {
      const auto origin = read.layers.find(layer.name);
      return origin == read.layers.end() || is_own(model.graph(), origin->second);
    });
    if (own) return {std::move(read.layers), graph.opset};
    put_branches(*model.mutable_graph(), read.taken);
  }
}

std::uint64_t take_in(onnx::TensorProto& tensor, const ModelPlace& place) {
  if (tensor.data_location() != onnx::TensorProto::EXTERNAL) return 0;
  const std::string where = "tensor \"" + tensor.name() + "\"";
  const std::int64_t bytes = declared_external_bytes(tensor);
  if (bytes == 0) fail("{} has external data of unknown length: the file states it, as was expected", where);
  tensor.set_raw_data(read_external(tensor, place, bytes, where));
  tensor.clear_external_data();
  tensor.clear_data_location();
  return static_cast<std::uint64_t>(bytes);
}

}  // namespace vbq::exporting
