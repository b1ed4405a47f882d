#include "app/export_file.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "app/format_file.hpp"
#include "app/names.hpp"
#include "core/check.hpp"
#include "core/file.hpp"
#include "model/onnx.hpp"
#include "quant/packing.hpp"
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
  for (const LayerFormat& format : formats) {
    const Node& node = network.nodes[static_cast<std::size_t>(format.node)];
    if (format.levels() > 256) {
      fail("layer \"{}\" has {} levels: at most 256 can be exported", node.name, format.levels());
    }
    std::vector<std::vector<float>> codebooks;
    for (const Codebook& one : format.codebooks) codebooks.emplace_back(one.levels().begin(), one.levels().end());
    layers.push_back({node.name, std::move(codebooks), indices_of(*weight_of(node), format), format.scales, format.bias,
                      format.gain, format.shift});
    counts.levels = std::max(counts.levels, format.levels());
    counts.weights += elements(weight_of(node)->shape);
  }
  return layers;
}

}  // namespace

ExportedFile export_file(const std::filesystem::path& network_path, const std::filesystem::path& format_path,
                         const std::filesystem::path& output, ExportForm form) {
  const Network network = read_onnx(network_path);
  const FoundFormat found = read_format(format_path, network);
  Counts counts;
  const std::vector<ExportLayer> layers = layers_of(network, found.layers, counts);
  const int bits = index_bits(counts.levels);
  const ExportedModel exported = export_onnx(network_path, network, layers, form,
                                             {{"vbq.version", kVersion},
                                              {"vbq.bits", std::to_string(bits)},
                                              {"vbq.levels", std::to_string(counts.levels)},
                                              {"vbq.form", name_of<ExportForm>(form, kExportForms)},
                                              {"vbq.network_hash", network_hash(network)}});
  write_file(output, exported.bytes);
  return {layers.size(), counts.weights, bits, exported.bytes.size(), exported.fp32_bytes};
}

}  // namespace vbq
