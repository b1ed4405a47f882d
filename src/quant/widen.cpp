#include "quant/widen.hpp"

#include <algorithm>
#include <cmath>

#include "quant/encoding.hpp"

namespace vbq {
namespace {

// The ascending values read at `count` evenly spread places, straight lines between them and on beyond their ends.
Chromosome spread(const Chromosome& values, std::size_t count) {
  Chromosome result;
  for (std::size_t j = 0; j < count; ++j) {
    const double n = static_cast<double>(values.size());
    const double at = (static_cast<double>(j) + 0.5) * n / static_cast<double>(count) - 0.5;
    const double last = std::max(0.0, n - 2);
    const double below = std::clamp(std::floor(at), 0.0, last);
    const auto i = static_cast<std::size_t>(below);
    const double next = values[std::min(i + 1, values.size() - 1)];
    result.push_back(values[i] + (at - below) * (next - values[i]));
  }
  return result;
}

Chromosome widen(const Chromosome& genes, const Format& from, const Format& to) {
  if (has_unit(to) || to.encoding == Encoding::uniform) return genes;
  if (to.widths == Widths::own && genes.size() <= static_cast<std::size_t>(to.levels)) return genes;
  if (to.encoding == Encoding::grid) {  // as many more levels over the same range
    Chromosome finer = genes;
    finer[0] *= static_cast<double>(from.levels) / to.levels;
    return finer;
  }
  if (to.encoding == Encoding::companded) {
    return {std::pow(genes[0], static_cast<double>(from.levels - 1) / (to.levels - 1)), genes[1]};
  }
  const auto count = static_cast<std::size_t>(gene_count(to));
  if (!to.symmetric) return spread(genes, count);
  Chromosome mirrored;
  for (std::size_t i = genes.size(); i > 0; --i) mirrored.push_back(-genes[i - 1]);
  mirrored.insert(mirrored.end(), genes.begin(), genes.end());
  Chromosome both = spread(mirrored, 2 * count);
  both.erase(both.begin(), both.begin() + static_cast<std::ptrdiff_t>(count));
  for (double& gene : both) gene = std::max(gene, 1e-6 * both.back());  // above zero
  return both;
}

}  // namespace

Genome widen(const Genome& genome, const Format& from, const Format& to) {
  Genome wide;
  for (const Chromosome& genes : genome.chromosomes) wide.chromosomes.push_back(widen(genes, from, to));
  return wide;
}

}  // namespace vbq
