#include "assign/activation_ranges.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/random.hpp"

namespace vbq {
namespace {

constexpr int kBins = ActivationHistogram::kBins;

ActivationHistogram histogram_of(const std::vector<float>& values) {
  ActivationHistogram histogram;
  for (const float v : values) {
    histogram.low = std::min(histogram.low, v);
    histogram.high = std::max(histogram.high, v);
  }
  for (const float v : values) {
    const double at = (v - histogram.low) / (static_cast<double>(histogram.high) - histogram.low) * kBins;
    ++histogram.counts[static_cast<std::size_t>(std::clamp(at, 0.0, kBins - 1.0))];
  }
  return histogram;
}

// Of the values themselves.
double mean_error(const std::vector<float>& values, const ActivationRange& range) {
  double sum = 0;
  for (const float v : values) {
    const double q = std::clamp(std::nearbyint(static_cast<double>(v) / range.scale) + range.zero_point, 0.0,
                                (1 << range.bits) - 1.0);
    sum += std::pow(v - (q - range.zero_point) * range.scale, 2);
  }
  return sum / static_cast<double>(values.size());
}

std::vector<float> normal_values(std::size_t count) {
  Random random(1, 0, 0, Purpose::test);
  std::vector<float> values(count);
  for (float& v : values) v = static_cast<float>(random.normal());
  return values;
}

ActivationRange whole_range(const ActivationHistogram& histogram, int bits) {
  ActivationRange range{"layer", ActivationRange::Side::input, bits, 1, 0};
  range.scale = (histogram.high - histogram.low) / static_cast<float>((1 << bits) - 1);
  range.zero_point = static_cast<int>(std::nearbyint(-histogram.low / range.scale));
  return range;
}

// Of a normal distribution, the best uniform quantiser of 16 levels has a step of 0.335 deviations and an error of
// 0.01154 (Max, Quantizing for Minimum Distortion, 1960).
TEST(FitRange, ClipsWhereThatLosesLeast) {
  const std::vector<float> values = normal_values(200'000);
  const ActivationHistogram histogram = histogram_of(values);
  const ActivationRange range = fit_range(histogram, {"layer", ActivationRange::Side::input, 4, 1, 0});
  EXPECT_NEAR(range.scale, 0.335, 0.02);
  EXPECT_NEAR(mean_error(values, range), 0.01154, 0.0005);
  EXPECT_LT(mean_error(values, range), 0.5 * mean_error(values, whole_range(histogram, 4)));
  for (int bits = 5; bits <= 8; ++bits) {
    const ActivationRange fitted = fit_range(histogram, {"layer", ActivationRange::Side::input, bits, 1, 0});
    EXPECT_LT(mean_error(values, fitted), mean_error(values, whole_range(histogram, bits))) << bits;
    EXPECT_GT(fitted.zero_point, 0);
  }
}

TEST(FitRange, OfValuesThatAreNeverNegativeBeginsAtZero) {
  std::vector<float> values = normal_values(50'000);
  for (float& v : values) v = std::max(v, 0.0F);
  const ActivationRange range = fit_range(histogram_of(values), {"layer", ActivationRange::Side::input, 8, 1, 0});
  EXPECT_EQ(range.zero_point, 0);
  EXPECT_GT(range.scale, 3.0F / 255);
  const ActivationRange zeros = fit_range({}, {"layer", ActivationRange::Side::input, 8, 1, 0});
  EXPECT_EQ(zeros.scale, 1);
  EXPECT_EQ(zeros.zero_point, 0);
}

}  // namespace
}  // namespace vbq
