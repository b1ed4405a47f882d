#include "quant/seed_grids.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "quant/code_length.hpp"

namespace vbq {
namespace {

constexpr double kLargest = std::numeric_limits<float>::max();
constexpr double kRateTakes = 0.25;  // bits a weight off the nearest levels' entropy, measured on ResNet-20

double root_mean_square(const std::vector<float>& weights) {
  double sum = 0;
  for (const float w : weights) sum += static_cast<double>(w) * static_cast<double>(w);
  const double rms = weights.empty() ? 0 : std::sqrt(sum / static_cast<double>(weights.size()));
  return rms > 0 ? rms : 1;
}

// Bits a weight of the nearest levels of grids with this step, in units of each chromosome's rms.
double bits_of(const std::vector<std::vector<float>>& coded, const std::vector<double>& rms, double step, int levels) {
  double bits = 0, weights = 0;
  const int zero = levels / 2;
  std::vector<std::uint8_t> taken;
  for (std::size_t c = 0; c < coded.size(); ++c) {
    taken.clear();
    for (const float w : coded[c]) {
      const double k = std::floor(static_cast<double>(w) / (step * rms[c]) + 0.5) + zero;
      taken.push_back(static_cast<std::uint8_t>(std::clamp(k, 0.0, static_cast<double>(levels - 1))));
    }
    bits += entropy_bits(taken);
    weights += static_cast<double>(taken.size());
  }
  return weights > 0 ? bits / weights : 0;
}

}  // namespace

std::vector<Genome> seed_grids(const std::vector<std::vector<float>>& coded, const Format& format, double bits) {
  std::vector<double> rms;
  rms.reserve(coded.size());
  for (const std::vector<float>& weights : coded) rms.push_back(root_mean_square(weights));
  std::array<double, 5> steps{0.9, 0.6, 1.2, 0.45, 1.6};
  if (bits > 0) {
    const double nearest = bits + (format.rate && *format.rate == 0 ? 0 : kRateTakes);
    double fine = 1e-3, coarse = 20;
    for (int i = 0; i < 40; ++i) {
      const double middle = std::sqrt(fine * coarse);
      (bits_of(coded, rms, middle, format.levels) > nearest ? fine : coarse) = middle;
    }
    steps = {coarse, coarse * 1.07, coarse * 0.93, coarse * 1.15, coarse * 0.87};
  }
  std::vector<Genome> seeds;
  for (const double step : steps) {
    Genome& seed = seeds.emplace_back();
    for (const double unit : rms) {
      // The outermost level is half of format.levels steps away.
      seed.chromosomes.push_back({std::min(step * unit, kLargest / format.levels)});
      if (!format.rate) seed.chromosomes.back().push_back(1.0);
    }
  }
  return seeds;
}

}  // namespace vbq
