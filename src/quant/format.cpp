// Format: which layers, their scales, and how genes become codebooks.
#include "vbq/format.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/check.hpp"
#include "core/text.hpp"
#include "quant/encoding.hpp"
#include "quant/whole_levels.hpp"

namespace vbq {
namespace {

float scale_of(std::span<const float> weights, ScaleBy by) {
  double scale = 0;
  if (by == ScaleBy::rms) {
    double sum = 0;
    for (float w : weights) sum += static_cast<double>(w) * static_cast<double>(w);
    scale = weights.empty() ? 0 : std::sqrt(sum / static_cast<double>(weights.size()));
  } else {
    for (float w : weights) scale = std::max(scale, std::fabs(static_cast<double>(w)));
  }
  const float s = static_cast<float>(scale);
  return s > 0 ? s : 1.0F;  // nothing to scale in a channel of zeros
}

}  // namespace

std::vector<int> quantised_layers(const Network& network, const Format& format) {
  const std::vector<int> all = weight_layers(network);
  std::vector<std::string> names;
  names.reserve(all.size());
  for (int node : all) names.push_back(network.nodes[static_cast<std::size_t>(node)].name);
  for (const std::string& name : format.skip) {
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    const std::string nearest = nearest_name(name, names);
    fail("the layer to skip, '{}', is not a layer with weights of network '{}'{}", name, network.name,
         nearest.empty() ? std::string() : fmt::format("; did you mean '{}'?", nearest));
  }
  std::vector<int> layers;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (std::find(format.skip.begin(), format.skip.end(), names[i]) == format.skip.end()) layers.push_back(all[i]);
  }
  if (layers.empty()) {
    fail("network '{}' has {} layers with weights and {} are skipped; expected at least one to quantise", network.name,
         all.size(), all.size());
  }
  return layers;
}

std::vector<std::vector<float>> layer_scales(const Network& network, const Format& format) {
  std::vector<std::vector<float>> scales;
  for (int node : quantised_layers(network, format)) {
    const Tensor& weight = *weight_of(network.nodes[static_cast<std::size_t>(node)]);
    const std::span<const float> data(weight.data);
    std::vector<float>& of_layer = scales.emplace_back();
    if (format.scale == ScaleScope::layer) of_layer.push_back(scale_of(data, format.scale_by));
    if (format.scale == ScaleScope::channel) {
      const std::size_t channels = static_cast<std::size_t>(weight.shape.at(0));
      const std::size_t row = channels == 0 ? 0 : data.size() / channels;
      for (std::size_t c = 0; c < channels; ++c)
        of_layer.push_back(scale_of(data.subspan(c * row, row), format.scale_by));
    }
  }
  return scales;
}

int chromosome_count(const Network& network, const Format& format) {
  const std::vector<int> layers = quantised_layers(network, format);
  if (format.scope == Scope::network) return 1;
  if (format.scope == Scope::layer) return static_cast<int>(layers.size());
  std::int64_t channels = 0;
  for (const int node : layers) channels += weight_of(network.nodes[static_cast<std::size_t>(node)])->shape.front();
  return static_cast<int>(channels);
}

Decoder::Decoder(const Network& network, const Format& format)
    : format_(format), layers_(quantised_layers(network, format)), scales_(layer_scales(network, format)) {
  gene_count(format_);  // checks the format
  for (const int layer : layers_) {
    const Node& node = network.nodes[static_cast<std::size_t>(layer)];
    channels_.push_back(weight_of(node)->shape.front());
    biases_.push_back(format_.biases ? *bias_of(node) : std::vector<float>());
  }
}

NetworkFormat Decoder::operator()(const Genome& genome) const {
  std::size_t expected = format_.scope == Scope::network ? 1 : layers_.size();
  if (format_.scope == Scope::channel) {
    expected = 0;
    for (const std::int64_t channels : channels_) expected += static_cast<std::size_t>(channels);
  }
  if (genome.chromosomes.size() != expected) {
    fail("a genome has {} chromosomes; expected {}", genome.chromosomes.size(), expected);
  }
  NetworkFormat formats;
  std::size_t next = 0;  // chromosome
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    if (format_.scope == Scope::layer && genome.chromosomes[next].empty()) {  // the layer stays FP32
      ++next;
      continue;
    }
    LayerFormat& layer = formats.emplace_back();
    layer.node = layers_[i];
    layer.scales = scales_[i];
    layer.refit = format_.refit;
    layer.movable = movable(format_);
    const std::int64_t books = format_.scope == Scope::channel ? channels_[i] : 1;
    for (std::int64_t k = 0; k < books; ++k) {
      if (format_.scope == Scope::network && i > 0) {
        layer.codebooks = formats.front().codebooks;
        layer.rate = formats.front().rate;
      } else {
        const Chromosome& genes = genome.chromosomes[next++];
        layer.codebooks.push_back(decode(genes, format_));
        if (k == 0) layer.rate = rate_of(genes, format_);  // one a layer, as its levels are coded together
      }
    }
    for (std::size_t c = 0; c < biases_[i].size(); ++c) {
      const float scale = layer.scale(c);
      layer.bias.push_back(scale * layer.codebook(c).quantise(biases_[i][c] / scale));
    }
  }
  // After all, as layers may share a codebook.
  if (format_.level_values == LevelValues::int8) std::ranges::for_each(formats, take_whole_levels);
  return formats;
}

}  // namespace vbq
