#include "quant/seeds.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "core/check.hpp"
#include "quant/encoding.hpp"
#include "quant/fit.hpp"
#include "quant/kmeans.hpp"
#include "quant/seed_grids.hpp"
#include "quant/sorted_weights.hpp"
#include "quant/stretch.hpp"

namespace vbq {
namespace {

enum class Seed { kmeans, quantiles, normal, linear, logarithmic };
constexpr Seed kSeeds[] = {Seed::kmeans, Seed::quantiles, Seed::normal, Seed::linear, Seed::logarithmic};
constexpr double kLimit = std::numeric_limits<float>::max();  // decode() takes no greater gene

bool fitted(Seed seed) { return seed == Seed::kmeans || seed == Seed::quantiles; }

double magnitude_of(std::span<const float> weights) {
  double magnitude = 0;
  for (float w : weights) magnitude = std::max(magnitude, std::fabs(static_cast<double>(w)));
  return magnitude;
}

// n ascending magnitudes up to `top`, equal ratios between them: powers of two, or finer so that they span at most 2^8.
std::vector<double> logarithmic_half(double top, int n) {
  const double octaves = n > 1 ? std::min(1.0, 8.0 / (n - 1)) : 1.0;
  std::vector<double> values;
  values.reserve(static_cast<std::size_t>(n));
  for (int i = 0; i < n; ++i) values.push_back(top * std::exp2(-octaves * (n - 1 - i)));
  return values;
}

// The n levels of a seed for these weights, ascending.
std::vector<double> levels_of(Seed seed, const SortedWeights& weights, int n) {
  const double magnitude = std::max(std::fabs(weights.minimum()), std::fabs(weights.maximum()));
  std::vector<double> levels;
  switch (seed) {
    case Seed::kmeans:
      return kmeans(weights, n);
    case Seed::quantiles:
      return kmeans_from_quantiles(weights, n);
    case Seed::normal:
      for (int i = 0; i < n; ++i)
        levels.push_back(weights.mean() + weights.deviation() * normal_quantile((i + 0.5) / n));
      break;
    case Seed::linear:
      for (int i = 0; i < n; ++i) {
        levels.push_back(weights.minimum() + (weights.maximum() - weights.minimum()) * i / std::max(1, n - 1));
      }
      break;
    case Seed::logarithmic: {
      const std::vector<double> half = logarithmic_half(magnitude, n / 2);
      for (std::size_t i = half.size(); i > 0; --i) levels.push_back(-half[i - 1]);
      if (n % 2 != 0) levels.push_back(0);
      levels.insert(levels.end(), half.begin(), half.end());
      break;
    }
  }
  return levels;
}

// The positive half of a seed's mirrored levels for weights whose magnitudes are given.
std::vector<double> symmetric_genes(Seed seed, const SortedWeights& magnitudes, const Format& format) {
  const int n = format.levels;
  const double top = magnitudes.maximum();
  std::vector<double> genes;
  switch (seed) {
    case Seed::kmeans:
      genes = kmeans(magnitudes, n / 2);  // nearest in magnitude is nearest among mirrored levels
      break;
    case Seed::quantiles:
      genes = kmeans_from_quantiles(magnitudes, n / 2);
      break;
    case Seed::normal: {
      const double rms = std::hypot(magnitudes.mean(), magnitudes.deviation());
      for (int i = n / 2; i < n; ++i) genes.push_back(rms * normal_quantile((i + 0.5) / n));
      break;
    }
    case Seed::linear:
      for (int i = 0; i < n / 2; ++i) genes.push_back(top * (2 * i + 1) / (n - 1));
      break;
    case Seed::logarithmic:
      genes = logarithmic_half(top, n / 2);
      break;
  }
  if (fitted(seed)) genes = stretched_half(std::move(genes), magnitudes, format);
  const double least = top > 0 ? 1e-6 * top : 1e-6;  // genes stay above zero
  for (double& gene : genes) gene = std::max(gene, least);
  return genes;
}

// The least and greatest of n evenly spaced levels.
Chromosome uniform_genes(Seed seed, const SortedWeights& weights, int n) {
  Chromosome whole{weights.minimum(), weights.maximum()};
  const double middle = weights.mean(), reach = weights.deviation() * normal_quantile(1 - 0.5 / n);
  switch (seed) {
    case Seed::linear:
      return whole;
    case Seed::kmeans: {
      // From both sides: too narrow and too wide.
      const Chromosome wide = fit_uniform(weights, n, whole);
      const Chromosome narrow = fit_uniform(weights, n, {middle - reach, middle + reach});
      const auto error = [&](const Chromosome& genes) {
        std::vector<double> levels;
        levels.reserve(static_cast<std::size_t>(n));
        for (int i = 0; i < n; ++i) levels.push_back(genes[0] + (genes[1] - genes[0]) * i / (n - 1));
        return nearest_error(weights, levels);
      };
      return error(wide) <= error(narrow) ? wide : narrow;
    }
    case Seed::quantiles:
      return fit_uniform(weights, n, {middle - 0.7 * reach, middle + 0.7 * reach});
    case Seed::normal:
      return {middle - reach, middle + reach};
    case Seed::logarithmic:
      return {middle - 1.5 * reach, middle + 1.5 * reach};
  }
  fail_internal("unknown seed {}", static_cast<int>(seed));
}

// The largest level of an encoding that has no other gene.
double unit_gene(Seed seed, const SortedWeights& weights, const Format& format) {
  const double magnitude = std::max(std::fabs(weights.minimum()), std::fabs(weights.maximum()));
  double gene = magnitude;
  if (seed != Seed::linear) gene = fit_factor(weights, unit_levels(format));
  if (format.encoding == Encoding::power_of_two && seed == Seed::kmeans) {  // rounded to a power: the better neighbour
    const auto error = [&](double power) {
      std::vector<double> levels = unit_levels(format);
      for (double& level : levels) level *= power;
      return nearest_error(weights, levels);
    };
    const double power = nearest_power(gene);
    for (const double other : {power / 2, power, 2 * power}) {
      if (error(other) < error(nearest_power(gene))) gene = other;
    }
  }
  if (seed == Seed::quantiles) gene *= 0.85;
  if (seed == Seed::normal) gene *= 1.15;
  if (seed == Seed::logarithmic) gene *= 1.4;
  return std::max(gene, magnitude > 0 ? 1e-6 * magnitude : 1e-6);
}

Chromosome genes_of(Seed seed, const SortedWeights& weights, const Format& format) {
  if (has_unit(format)) return {unit_gene(seed, weights, format)};
  const int n = format.levels;
  switch (format.encoding) {
    case Encoding::values: {
      std::vector<double> levels = levels_of(seed, weights, n);
      return fitted(seed) ? stretched(std::move(levels), weights, format) : levels;
    }
    case Encoding::boundaries:
      if (fitted(seed)) return fit_boundaries(weights, levels_of(seed, weights, n));
      return [&] {
        const std::vector<double> levels = levels_of(seed, weights, n);
        Chromosome boundaries;
        for (std::size_t i = 1; i < levels.size(); ++i) boundaries.push_back((levels[i - 1] + levels[i]) / 2);
        return boundaries;
      }();
    case Encoding::uniform:
      return uniform_genes(seed, weights, n);
    case Encoding::floating:
    case Encoding::power_of_two:
    case Encoding::grid:
      break;  // has_unit(); seed_grids()
    case Encoding::companded: {
      if (seed == Seed::kmeans) return fit_companded(weights, n);
      const std::vector<double> levels = levels_of(seed, weights, n);  // the curve that comes closest to them
      return fit_companded(SortedWeights(std::vector<float>(levels.begin(), levels.end())), n);
    }
  }
  fail_internal("unknown encoding {}", static_cast<int>(format.encoding));
}

}  // namespace

std::vector<std::vector<float>> coded_weights(const Network& network, const Format& format) {
  const std::vector<int> layers = quantised_layers(network, format);
  const std::vector<std::vector<float>> scales = layer_scales(network, format);
  std::vector<std::vector<float>> coded;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const Tensor& weight = *weight_of(network.nodes[static_cast<std::size_t>(layers[i])]);
    const std::size_t row = weight.data.size() / static_cast<std::size_t>(weight.shape.front());
    if (format.scope == Scope::layer || coded.empty()) coded.emplace_back();
    for (std::size_t k = 0; k < weight.data.size(); ++k) {
      if (format.scope == Scope::channel && k % row == 0 && k + i > 0) coded.emplace_back();
      const float scale = scales[i].empty() ? 1.0F : scales[i][scales[i].size() == 1 ? 0 : k / row];
      coded.back().push_back(scales[i].empty() ? weight.data[k] : weight.data[k] / scale);
    }
  }
  return coded;
}

std::vector<Genome> seed_genomes(const std::vector<std::vector<float>>& coded, const Format& format) {
  if (format.encoding == Encoding::grid) return seed_grids(coded, format);
  const auto genes = static_cast<std::size_t>(gene_count(format));
  std::vector<Genome> seeds(std::size(kSeeds));
  for (std::vector<float> weights : coded) {
    const bool mirrored = format.symmetric && format.encoding == Encoding::values;
    if (mirrored) {
      for (float& w : weights) w = std::fabs(w);
    }
    const SortedWeights sorted(std::move(weights));
    for (std::size_t s = 0; s < seeds.size(); ++s) {
      Chromosome chromosome =
          mirrored ? symmetric_genes(kSeeds[s], sorted, format) : genes_of(kSeeds[s], sorted, format);
      if (chromosome.size() != genes) fail_internal("a seed has {} genes; expected {}", chromosome.size(), genes);
      for (double& gene : chromosome) gene = std::clamp(gene, -kLimit, kLimit);
      seeds[s].chromosomes.push_back(std::move(chromosome));
    }
  }
  return seeds;
}

std::vector<Genome> seed_genomes(const Network& network, const Format& format) {
  return seed_genomes(coded_weights(network, format), format);
}

std::vector<double> weight_magnitudes(const std::vector<std::vector<float>>& coded) {
  std::vector<double> magnitudes;
  magnitudes.reserve(coded.size());
  for (const std::vector<float>& weights : coded) magnitudes.push_back(magnitude_of(weights));
  return magnitudes;
}

double normal_quantile(double p) {
  // Bisection on the distribution function. 100 halvings of [-40, 40] are more than a double can tell apart; it is
  // called a few hundred times at most.
  double low = -40, high = 40;
  for (int i = 0; i < 100; ++i) {
    const double middle = (low + high) / 2;
    (0.5 * std::erfc(-middle / std::sqrt(2.0)) < p ? low : high) = middle;
  }
  return (low + high) / 2;
}

}  // namespace vbq
