#include "assign/rate.hpp"

#include <algorithm>

#include "assign/priced_level.hpp"
#include "quant/code_length.hpp"

namespace vbq {
namespace {

double mean(std::span<const float> values) {
  double sum = 0;
  for (const float v : values) sum += static_cast<double>(v);
  return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

double mean_square(std::span<const float> values) {
  double sum = 0;
  for (const float v : values) sum += static_cast<double>(v) * static_cast<double>(v);
  return values.empty() ? 1 : sum / static_cast<double>(values.size());
}

// Mean over the codebooks of the square of their mean step.
double step_square(const std::vector<Codebook>& codebooks) {
  double sum = 0;
  for (const Codebook& codebook : codebooks) {
    const auto levels = codebook.levels();
    if (levels.size() < 2) continue;
    const double step = (static_cast<double>(levels.back()) - static_cast<double>(levels.front())) /
                        static_cast<double>(levels.size() - 1);
    sum += step * step;
  }
  return sum / static_cast<double>(codebooks.size());
}

}  // namespace

double price_of_a_bit(const LayerFormat& format) {
  return price_of_a_bit(static_cast<double>(format.rate), step_square(format.codebooks)) * mean_square(format.scales);
}

RateChooser::RateChooser(const LayerFormat& format, const LayerFactor& factor, std::span<const std::uint8_t> taken)
    : costs_(code_lengths(taken, format.levels())) {
  double diagonal = 0, columns = 0;
  for (const FactorBlock& block : factor.blocks) {
    diagonal += mean(block.diagonal) * static_cast<double>(block.diagonal.size());
    columns += static_cast<double>(block.diagonal.size());
  }
  if (columns > 0) diagonal /= columns;
  const double lambda = price_of_a_bit(format) * diagonal;
  for (float& cost : costs_) cost = static_cast<float>(lambda * static_cast<double>(cost));
}

int RateChooser::choose(const Codebook& codebook, float x, float importance) const {
  return cheapest_level(x, importance, codebook.levels().data(), codebook.size(), costs_.data(), codebook.index(x),
                        codebook.index(0.0F));
}

}  // namespace vbq
