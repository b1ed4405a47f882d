#include "quant/stand_in.hpp"

#include <cmath>

#include "quant/encoding.hpp"

namespace vbq {
namespace {

// Genes of a codebook with as many levels as the format allows, another one for each chromosome.
Chromosome stand_in_genes(const Format& format, std::size_t chromosome) {
  constexpr std::size_t kDifferent = 64;  // powers of two
  const double size = format.encoding == Encoding::power_of_two
                          ? std::exp2(static_cast<double>(chromosome % kDifferent))
                          : 1 + static_cast<double>(chromosome) / 1024;
  if (has_unit(format)) return {size};
  if (format.encoding == Encoding::companded) return {1.5, size};
  if (format.encoding == Encoding::grid) return Chromosome(static_cast<std::size_t>(gene_count(format)), size);
  if (format.encoding == Encoding::uniform) return {-size, 1.7 * size};
  Chromosome genes;  // on no grid: a golden share of half a step is added to each
  const int count = gene_count(format);
  const double below = positive_genes(format) ? 0 : 0.5 * count;
  for (int k = 1; k <= count; ++k) genes.push_back(size * (k + 0.5 * std::fmod(0.6180339887 * k, 1.0) - below));
  return genes;
}

}  // namespace

NetworkFormat stand_in_format(const Network& network, const Format& format) {
  Genome genome;
  const auto chromosomes = static_cast<std::size_t>(chromosome_count(network, format));
  for (std::size_t c = 0; c < chromosomes; ++c) genome.chromosomes.push_back(stand_in_genes(format, c));
  NetworkFormat layers = Decoder(network, format)(genome);
  for (LayerFormat& layer : layers) {
    const Tensor& weight = *weight_of(network.nodes[static_cast<std::size_t>(layer.node)]);
    const auto outputs = static_cast<std::size_t>(weight.shape.front());
    for (std::size_t i = 0; i < weight.data.size(); ++i) {
      const int levels = layer.codebook(i / (weight.data.size() / outputs)).size();
      layer.indices.push_back(static_cast<std::uint8_t>(i % static_cast<std::size_t>(levels)));
    }
    if (format.matching == Matching::never) continue;
    layer.gain.assign(outputs, 1.0F);
    layer.shift.assign(outputs, 0.0F);
  }
  return layers;
}

}  // namespace vbq
