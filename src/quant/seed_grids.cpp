#include "quant/seed_grids.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>

#include "quant/code_length.hpp"
#include "vbq/size.hpp"

namespace vbq {
namespace {

constexpr double kLargest = std::numeric_limits<float>::max();
constexpr double kLeast = std::numeric_limits<float>::min();  // genes are above zero
constexpr int kHalvings = 16;                                 // of the range of steps: to a thousandth
constexpr double kAim = 0.97;                                 // of the bits: what is over a budget is of no use
constexpr std::size_t kMostWeights = 32768;                   // of a chromosome: so many tell how its levels are used
constexpr double kLeastHarm = 1.0 / 256;                      // of the mean: below, harms are noise
constexpr double kWidest = 1.6;  // of the mean step: still wider ones leave no weight but zero

// How a grid's levels would be used, as assignments use them: see compensated.cpp and RateChooser.
class LevelUse {
 public:
  explicit LevelUse(const Format& format)
      : levels_(format.levels),
        carries_(format.assignment != Assignment::nearest),
        price_(carries_ ? price_of_a_bit(format.rate.value_or(1), 1) : 0) {}

  // Of some weights, in steps: bits a weight that their levels take at their entropy, and how many levels these are.
  struct Used {
    double entropy;
    int levels;
  };
  Used of(std::span<const double> x) {
    taken_.resize(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) taken_[i] = nearest(x[i]);
    for (int round = 0; price_ > 0 && round < kRounds; ++round) {
      const std::vector<float> lengths = code_lengths(taken_, levels_);
      for (std::size_t i = 0; i < x.size(); ++i) taken_[i] = cheapest(x[i], lengths);
    }
    const auto levels = std::ranges::count_if(count_levels(taken_), [](std::int64_t count) { return count > 0; });
    return {entropy_bits(taken_) / static_cast<double>(x.size()), static_cast<int>(levels)};
  }

  // What a weight is assigned beside itself: what the errors of earlier ones have left to it, about as much as a step
  // is wide, spread evenly.
  double carried(std::size_t i) const {
    constexpr double kGolden = 0.6180339887498949;
    const double many = static_cast<double>(i) * kGolden;
    return carries_ ? many - std::floor(many) - 0.5 : 0;
  }

 private:
  static constexpr int kRounds = 2;

  std::uint8_t nearest(double x) const {
    const int zero = levels_ / 2;
    const double k = std::floor(x + 0.5) + zero;
    return static_cast<std::uint8_t>(std::clamp(k, 0.0, static_cast<double>(levels_ - 1)));
  }

  // The nearest, those beside it, or zero.
  std::uint8_t cheapest(double x, const std::vector<float>& lengths) const {
    const int zero = levels_ / 2, middle = nearest(x);
    double least = std::numeric_limits<double>::infinity();
    int best = middle;
    for (const int k : {middle, middle - 1, middle + 1, zero}) {
      if (k < 0 || k >= levels_) continue;
      const double off = x - (k - zero),
                   cost = off * off + price_ * static_cast<double>(lengths[static_cast<std::size_t>(k)]);
      if (cost < least) {
        least = cost;
        best = k;
      }
    }
    return static_cast<std::uint8_t>(best);
  }

  int levels_;
  bool carries_;
  double price_;  // of a bit, in squares of a step
  std::vector<std::uint8_t> taken_;
};

// Bits a weight of grids with these steps times `factor`, their codebooks included.
double bits_of(const std::vector<std::vector<float>>& coded, const std::vector<double>& steps, double factor,
               const Format& format) {
  const double level_bits = format.level_values == LevelValues::int8 ? 8 : 32;
  LevelUse use(format);
  double bits = 0, all = 0;
  std::vector<double> x;
  for (std::size_t c = 0; c < coded.size(); ++c) {
    const std::size_t stride = coded[c].size() / kMostWeights + 1;
    x.clear();
    for (std::size_t i = 0; i < coded[c].size(); i += stride) {
      x.push_back(static_cast<double>(coded[c][i]) / (factor * steps[c]) + use.carried(x.size()));
    }
    const auto weights = static_cast<double>(coded[c].size());
    if (x.empty()) continue;
    const LevelUse::Used used = use.of(x);
    const double each = format.coding == Coding::fixed ? static_cast<double>(fixed_bits(used.levels)) : used.entropy;
    bits += each * weights + level_bits * used.levels;
    all += weights;
  }
  return all > 0 ? bits / all : 0;
}

Genome genome_of(const std::vector<double>& steps, double factor, const Format& format) {
  Genome genome;
  for (const double step : steps) {
    // The outermost level is half of format.levels steps away.
    genome.chromosomes.push_back({std::clamp(factor * step, kLeast, kLargest / format.levels)});
    if (!format.rate) genome.chromosomes.back().push_back(1.0);
  }
  return genome;
}

// Of numbers of chromosomes, each counted by its weights.
double mean_logarithm(const std::vector<std::vector<float>>& coded, const std::vector<double>& numbers) {
  double logarithms = 0, weights = 0;
  for (std::size_t c = 0; c < coded.size(); ++c) {
    logarithms += std::log(numbers[c]) * static_cast<double>(coded[c].size());
    weights += static_cast<double>(coded[c].size());
  }
  return weights > 0 ? logarithms / weights : 0;
}

}  // namespace

double root_mean_square(const std::vector<float>& weights) {
  double sum = 0;
  for (const float w : weights) sum += static_cast<double>(w) * static_cast<double>(w);
  const double rms = weights.empty() ? 0 : std::sqrt(sum / static_cast<double>(weights.size()));
  return rms > 0 ? rms : 1;
}

std::vector<double> steps_by_power(const std::vector<std::vector<float>>& coded, const std::vector<double>& rms,
                                   double power) {
  const double middle = mean_logarithm(coded, rms);
  std::vector<double> steps;  // scales divide weights, and steps with them
  for (std::size_t c = 0; c < coded.size(); ++c) {
    steps.push_back(root_mean_square(coded[c]) * std::exp((power - 1) * (std::log(rms[c]) - middle)));
  }
  return steps;
}

std::vector<double> steps_by_harm(const std::vector<std::vector<float>>& coded, const std::vector<double>& harms,
                                  double power) {
  double sum = 0;
  for (const double harm : harms) sum += std::max(harm, 0.0);
  const double least = kLeastHarm * sum / static_cast<double>(harms.size());
  std::vector<double> factors;
  for (std::size_t c = 0; c < coded.size(); ++c) {
    const auto weights = static_cast<double>(std::max<std::size_t>(coded[c].size(), 1));
    factors.push_back(sum > 0 ? std::pow(std::max(harms[c], least) / weights, -power) : 1);
  }
  const double mean = std::exp(mean_logarithm(coded, factors));
  std::vector<double> steps;
  for (std::size_t c = 0; c < coded.size(); ++c) {
    steps.push_back(root_mean_square(coded[c]) * std::min(factors[c] / mean, kWidest));
  }
  return steps;
}

Genome seed_grid(const std::vector<std::vector<float>>& coded, const std::vector<double>& steps, const Format& format,
                 double bits) {
  double fine = 1e-3, coarse = 20;
  for (int i = 0; i < kHalvings; ++i) {
    const double factor = std::sqrt(fine * coarse);
    (bits_of(coded, steps, factor, format) > kAim * bits ? fine : coarse) = factor;
  }
  return genome_of(steps, coarse, format);
}

std::vector<Genome> seed_grids(const std::vector<std::vector<float>>& coded, const Format& format) {
  std::vector<double> rms;
  rms.reserve(coded.size());
  for (const std::vector<float>& weights : coded) rms.push_back(root_mean_square(weights));
  std::vector<Genome> seeds;
  for (const double step : {0.9, 0.6, 1.2, 0.45, 1.6}) seeds.push_back(genome_of(rms, step, format));
  return seeds;
}

}  // namespace vbq
