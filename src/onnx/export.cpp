#include "onnx/export.hpp"

#include <new>

#include "core/check.hpp"
#include "core/file.hpp"
#include "core/log.hpp"
#include "onnx/export_activations.hpp"
#include "onnx/export_header.hpp"
#include "onnx/export_layers.hpp"
#include "onnx/export_opset.hpp"
#include "onnx/export_source.hpp"
#include "onnx/external.hpp"
#include "onnx/graph.hpp"
#include "onnx/load.hpp"

namespace vbq {
namespace {

using namespace exporting;

std::string write_model(const onnx::ModelProto& model) {
  if (model.ByteSizeLong() > kLargestFile) {
    fail("the exported file would have {} bytes: at most {} are possible", model.ByteSizeLong(), kLargestFile);
  }
  return model.SerializeAsString();
}

ExportedModel export_model(std::string content, const std::filesystem::path& path, const Network& network,
                           const std::vector<ExportLayer>& layers, const ExportStyle& style,
                           const std::vector<std::pair<std::string, std::string>>& metadata) {
  ExportedModel result{"", content.size(), ""};
  onnx::ModelProto model = parse_model(std::move(content));
  const bool too_old = !network.activations.empty() && opset_of(model) < kRoundingOpset;
  if (style.opset || too_old) raise_opset(model, style.opset.value_or(kRoundingOpset));
  const ModelPlace place(path);
  const TensorReader reader(place, budget_for(result.fp32_bytes, model));
  const Source source = source_of(model, network.output_name, layers, reader);
  onnx::GraphProto& own = *model.mutable_graph();
  for (auto& tensor : *own.mutable_initializer()) {
    result.fp32_bytes += take_in(tensor, place);
  }
  const std::vector<QuantisedValue> activations = quantised_values(own, network, source.layers);
  result.weights = put_layers_in(model, network, layers, source, style);
  put_activations_in(own, activations, source.opset, style.form);
  settle_version(model);
  for (const auto& [key, value] : metadata) set_metadata(model, key, value);
  result.bytes = write_model(model);
  return result;
}

}  // namespace

ExportedModel export_onnx(const std::filesystem::path& path, const Network& network,
                          const std::vector<ExportLayer>& layers, const ExportStyle& style,
                          const std::vector<std::pair<std::string, std::string>>& metadata) {
  try {
    return export_model(read_file(path, "network", kLargestFile), path, network, layers, style, metadata);
  } catch (const Error& error) {
    throw Error(fmt::format("network {}: {}", path.string(), error.what()), error.fault());
  } catch (const std::bad_alloc&) {
    fail("network {} asks for more memory than there is", path.string());
  }
}

}  // namespace vbq
