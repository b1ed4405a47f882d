// H-weighted errors: against their definition.
#include "assign/weighted_error.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "assign/compensated.hpp"
#include "core/random.hpp"

namespace vbq {
namespace {

// H of n inputs that depend on each other, and its damped version.
std::vector<double> symmetric(std::size_t n, std::uint32_t name) {
  Random random(5, name, 0, Purpose::test);
  std::vector<double> h(n * n, 0.0), x(n);
  for (std::size_t p = 0; p < 3 * n; ++p) {
    const double common = random.normal();
    for (double& v : x) v = 0.7 * common + random.normal();
    for (std::size_t i = 0; i < n * n; ++i) h[i] += x[i / n] * x[i % n] / static_cast<double>(3 * n);
  }
  return h;
}

std::vector<double> damped(std::vector<double> h, std::size_t n) {
  double mean = 0;
  for (std::size_t i = 0; i < n; ++i) mean += h[i * n + i] / static_cast<double>(n);
  for (std::size_t i = 0; i < n; ++i) h[i * n + i] += 0.01 * mean;
  return h;
}

// e^T H e of row r, whose inputs are `columns`.
double defined(const std::vector<float>& weight, std::size_t row_length, std::size_t r, const LayerFormat& format,
               const std::vector<std::int32_t>& columns, const std::vector<double>& h) {
  std::vector<double> error;
  for (const std::int32_t c : columns) {
    const float w = weight[r * row_length + static_cast<std::size_t>(c)], s = format.scale(r);
    error.push_back(static_cast<double>(w) - static_cast<double>(s * format.codebook(r).quantise(w / s)));
  }
  double sum = 0;
  const std::size_t n = columns.size();
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) sum += error[i] * h[i * n + j] * error[j];
  }
  return sum;
}

TEST(WeightedError, IsTheQuadraticFormOfTheInputsSecondMoment) {
  constexpr std::size_t kChannels = 4, kInputs = 6;
  Random random(6, 1, 0, Purpose::test);
  std::vector<float> weight(kChannels * kInputs);
  for (float& w : weight) w = static_cast<float>(random.normal());
  LayerFormat format;
  format.codebooks = {Codebook::from_levels({-1.6F, -0.7F, 0.0F, 0.6F, 1.5F})};
  for (std::size_t r = 0; r < kChannels; ++r) format.scales.push_back(0.5F + 0.1F * static_cast<float>(r));
  // Two groups of rows that see different inputs, in orders of their own.
  const std::vector<double> first = symmetric(6, 1), second = symmetric(3, 2);
  const std::vector<std::int32_t> all{3, 0, 5, 1, 2, 4}, some{4, 0, 2};
  const LayerFactor factor{0, {make_factor(first, all, 0, 3), make_factor(second, some, 3, 1)}};
  double expected = defined(weight, kInputs, 3, format, some, damped(second, 3));
  for (std::size_t r = 0; r < 3; ++r) expected += defined(weight, kInputs, r, format, all, damped(first, 6));
  EXPECT_NEAR(weighted_error(weight, kChannels, format, factor), expected, 1e-5 * expected);
}

TEST(WeightedError, WeightsThatAreLevelsHaveNone) {
  const std::vector<float> weight{1.0F, 0.5F, -0.5F, 1.0F};
  LayerFormat format;
  format.codebooks = {Codebook::from_levels({-0.5F, 0.5F, 1.0F})};
  const LayerFactor factor{0, {make_factor(symmetric(2, 3), {0, 1}, 0, 2)}};
  EXPECT_EQ(weighted_error(weight, 2, format, factor), 0.0);
}

}  // namespace
}  // namespace vbq
