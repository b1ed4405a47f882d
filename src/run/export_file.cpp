#include "run/export_file.hpp"

#include <algorithm>
#include <future>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/names.hpp"
#include "core/check.hpp"
#include "core/file.hpp"
#include "quant/packing.hpp"
#include "quant/roundings.hpp"
#include "quant/whole_biases.hpp"
#include "vbq/error.hpp"
#include "vbq/format_file.hpp"
#include "vbq/onnx.hpp"
#include "vbq/version.hpp"

namespace vbq {
namespace {

// Level of each weight: as found, or the nearest, which is what every engine takes then.
std::vector<std::uint8_t> indices_of(const Tensor& weight, const LayerFormat& format) {
  if (!format.indices.empty()) return format.indices;
  std::vector<std::uint8_t> indices;
  const std::size_t row = weight.data.size() / static_cast<std::size_t>(weight.shape.front());
  for (std::size_t i = 0; i < weight.data.size(); ++i) {
    const float w = format.scales.empty() ? weight.data[i] : weight.data[i] / format.scale(i / row);
    indices.push_back(static_cast<std::uint8_t>(format.codebook(i / row).index(w)));
  }
  return indices;
}

struct Counts {
  int levels = 0;            // of the largest codebook
  std::int64_t weights = 0;  // quantised
};

std::vector<ExportLayer> layers_of(const Network& network, const NetworkFormat& formats, Counts& counts) {
  std::vector<ExportLayer> layers;
  const std::optional<NetworkFormat> whole = whole_biases(network, formats);
  for (const LayerFormat& format : whole ? *whole : formats) {
    const Node& node = network.nodes[static_cast<std::size_t>(format.node)];
    if (format.levels() > 256) {
      fail("layer \"{}\" has {} levels: at most 256 can be exported", node.name, format.levels());
    }
    std::vector<std::vector<float>> codebooks;
    for (const Codebook& one : format.codebooks) codebooks.emplace_back(one.levels().begin(), one.levels().end());
    layers.push_back({node.name, std::move(codebooks), indices_of(*weight_of(node), format), format.scales, format.bias,
                      format.gain, format.shift,
                      has_whole_biases(network, format) ? input_step(network, format.node) : 0});
    counts.levels = std::max(counts.levels, format.levels());
    counts.weights += elements(weight_of(node)->shape);
  }
  return layers;
}

// The file in one form, with the metadata that goes with it.
ExportedModel exported(const std::filesystem::path& file, const Network& network,
                       const std::vector<ExportLayer>& layers, const Counts& counts, const ExportStyle& style) {
  return export_onnx(file, network, layers, style,
                     {{"vbq.version", kVersion},
                      {"vbq.bits", std::to_string(index_bits(counts.levels))},
                      {"vbq.levels", std::to_string(counts.levels)},
                      {"vbq.form", name_of<ExportForm>(style.form, kExportForms)},
                      {"vbq.network_hash", hash_as_trained(network)}});
}

// The bytes of the weights of layers that are not quantised.
std::string left_as_trained(const Network& network, const NetworkFormat& formats) {
  std::string bytes;
  for (const int node : weight_layers(network)) {
    if (std::ranges::find(formats, node, &LayerFormat::node) != formats.end()) continue;
    const std::vector<float>& weights = weight_of(network.nodes[static_cast<std::size_t>(node)])->data;
    bytes.append(reinterpret_cast<const char*>(weights.data()), weights.size() * sizeof(float));
  }
  return bytes;
}

}  // namespace

ExportedFile export_file(const std::filesystem::path& network_path, const std::string& network_output,
                         const std::filesystem::path& format_path, const std::filesystem::path& output,
                         const ExportStyle& style) {
  const auto [network, found] = read_found_network(format_path, read_onnx(network_path, network_output));
  Counts counts;
  const std::vector<ExportLayer> layers = layers_of(network, found.network.formats(), counts);
  ExportedModel model = exported(network_path, network, layers, counts, style);
  write_file(output, model.bytes);
  model.weights += left_as_trained(network, found.network.formats());
  auto weights = std::async(std::launch::async, compressed_size, std::string_view(model.weights));
  const CompressedSize compressed = compressed_size(model.bytes);
  return {layers.size(), counts.weights, index_bits(counts.levels), model.bytes.size(), model.fp32_bytes,
          compressed,    weights.get()};
}

ExportForm FileSizes::smallest_exact() const {
  const Form* best = nullptr;
  for (const Form& one : forms) {
    if (one.form == ExportForm::dequantize || one.form == ExportForm::qdq || one.bytes == 0) continue;
    if (best == nullptr || one.bytes < best->bytes) best = &one;
  }
  return best == nullptr ? ExportForm::plain : best->form;
}

FileSizes file_sizes(const std::filesystem::path& file, const Network& network, const NetworkFormat& formats,
                     std::optional<int> opset) {
  Counts counts;
  const std::vector<ExportLayer> layers = layers_of(network, formats, counts);
  FileSizes sizes;
  for (const auto& [name, form] : kExportForms) {
    if (form == ExportForm::qdq && network.activations.empty()) continue;
    FileSizes::Form& one = sizes.forms.emplace_back(FileSizes::Form{form, 0, ""});
    try {
      const ExportedModel model = exported(file, network, layers, counts, {form, opset});
      one.bytes = static_cast<std::int64_t>(model.bytes.size());
      sizes.as_trained = static_cast<std::int64_t>(model.fp32_bytes);
    } catch (const Error& error) {
      if (form == ExportForm::plain || error.fault() != Fault::input) throw;  // which holds any format
      one.why_not = error.what();
    }
  }
  return sizes;
}

}  // namespace vbq
