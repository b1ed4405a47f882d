// Format: which layers, their scales, and how genes become codebooks.
#include "vbq/format.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/check.hpp"
#include "core/text.hpp"

namespace vbq {
namespace {

void check_format(const Format& format) {
  if (format.levels < 2 || format.levels > 256) fail("a format has {} levels; expected 2 to 256", format.levels);
  if (format.symmetric && format.encoding != Encoding::values) {
    fail("a symmetric format has an encoding other than values; only values can be mirrored at zero");
  }
  if (format.symmetric && format.levels % 2 != 0) {
    fail("a symmetric format has {} levels; expected an even number", format.levels);
  }
}

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

// y_i = sign(x_i) b (a^|x_i| - 1), x_i = i - (n - 1) / 2. (Nogami et al., IJCNN 2019.) A level beyond float's range is
// cut off there: no weight is near it.
std::vector<float> companded_levels(double a, double b, int n) {
  if (!(a > 0)) fail("a companded chromosome has a = {}; expected a > 0", a);
  const double limit = std::numeric_limits<float>::max();
  std::vector<float> levels;
  for (int i = 0; i < n; ++i) {
    const double x = i - (n - 1) / 2.0;
    const double sign = x > 0 ? 1 : x < 0 ? -1 : 0;
    const double y = sign * b * (std::pow(a, std::fabs(x)) - 1);
    levels.push_back(static_cast<float>(std::isnan(y) ? 0.0 : std::clamp(y, -limit, limit)));
  }
  return levels;
}

}  // namespace

std::vector<int> quantised_layers(const Network& network, const Format& format) {
  const std::vector<int> all = weight_layers(network);
  std::vector<std::string> names;
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

int chromosome_count(const Format& format, int layers) { return format.scope == Scope::network ? 1 : layers; }

int gene_count(const Format& format) {
  check_format(format);
  switch (format.encoding) {
    case Encoding::values:
      return format.symmetric ? format.levels / 2 : format.levels;
    case Encoding::boundaries:
      return format.levels - 1;
    case Encoding::companded:
      return 2;
  }
  fail_internal("unknown encoding {}", static_cast<int>(format.encoding));
}

Codebook decode(const Chromosome& genes, const Format& format) {
  const auto expected = static_cast<std::size_t>(gene_count(format));
  if (genes.size() != expected) fail("a chromosome has {} genes; expected {}", genes.size(), expected);
  const double limit = std::numeric_limits<float>::max();
  for (std::size_t i = 0; i < genes.size(); ++i) {
    if (!(std::fabs(genes[i]) <= limit)) {
      fail("gene {} of a chromosome is {}; expected a finite single-precision number", i, genes[i]);
    }
  }
  if (format.encoding == Encoding::companded) {
    return Codebook::from_levels(companded_levels(genes[0], genes[1], format.levels));
  }
  if (const auto it = std::is_sorted_until(genes.begin(), genes.end()); it != genes.end()) {
    fail("gene {} of a chromosome is {}, below the one before it ({}); expected ascending genes", it - genes.begin(),
         *it, *(it - 1));
  }
  std::vector<float> values;
  for (double gene : genes) values.push_back(static_cast<float>(gene));
  if (format.encoding == Encoding::boundaries) return Codebook::from_boundaries(std::move(values));
  if (format.symmetric) {
    if (genes.front() < 0) fail("a symmetric chromosome has gene {}; expected genes above zero", genes.front());
    for (double gene : genes) values.push_back(static_cast<float>(-gene));
  }
  return Codebook::from_levels(std::move(values));
}

Decoder::Decoder(const Network& network, const Format& format)
    : format_(format), layers_(quantised_layers(network, format)), scales_(layer_scales(network, format)) {
  gene_count(format_);  // checks the format
}

NetworkFormat Decoder::operator()(const Genome& genome) const {
  const auto expected = static_cast<std::size_t>(chromosome_count(format_, static_cast<int>(layers_.size())));
  if (genome.chromosomes.size() != expected) {
    fail("a genome has {} chromosomes; expected {}", genome.chromosomes.size(), expected);
  }
  std::vector<Codebook> codebooks;
  for (const Chromosome& genes : genome.chromosomes) codebooks.push_back(decode(genes, format_));
  NetworkFormat formats;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    formats.push_back({layers_[i], codebooks[codebooks.size() == 1 ? 0 : i], scales_[i]});
  }
  return formats;
}

}  // namespace vbq
