// Refit: what it finds where that is known, and that it never makes a layer worse.
#include "assign/refit.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "assign/compensated.hpp"
#include "assign/weighted_error.hpp"
#include "core/random.hpp"

namespace vbq {
namespace {

constexpr std::size_t kOutputs = 6, kSeen = 40;

// Of inputs that depend on each other, the rows in two groups; the second group's columns in two runs.
LayerFactor factor_of_inputs(std::uint32_t name) {
  const auto block = [&](std::uint32_t part, std::size_t first, std::size_t count, std::int64_t first_row) {
    Random random(5, name, part, Purpose::test);
    std::vector<double> h(count * count, 0.0), x(count);
    for (std::size_t p = 0; p < 3 * count; ++p) {
      const double common = random.normal();
      for (double& v : x) v = 0.7 * common + random.normal();
      for (std::size_t i = 0; i < h.size(); ++i) h[i] += x[i / count] * x[i % count] / static_cast<double>(3 * count);
    }
    std::vector<std::int32_t> columns;
    for (std::size_t i = 0; i < count; ++i) columns.push_back(static_cast<std::int32_t>(first + i));
    return make_factor(std::move(h), columns, first_row, kOutputs / 2);
  };
  return {0, {block(0, 0, kSeen, 0), block(1, 0, 25, kOutputs / 2), block(2, 25, kSeen - 25, kOutputs / 2)}};
}

std::vector<float> normal_weights(std::uint32_t name) {
  Random random(6, name, 0, Purpose::test);
  std::vector<float> weight(kOutputs * kSeen);
  for (float& w : weight) w = static_cast<float>(random.normal());
  return weight;
}

LayerFormat format_of(int levels, int rounds, Movable movable) {
  LayerFormat format;
  std::vector<float> values;
  for (int i = 0; i < levels; ++i)
    values.push_back(0.8F * (static_cast<float>(i) - 0.5F * static_cast<float>(levels - 1)));
  format.codebooks = {Codebook::from_levels(values)};
  for (std::size_t r = 0; r < kOutputs; ++r) format.scales.push_back(0.9F + 0.05F * static_cast<float>(r));
  format.refit = rounds;
  format.movable = movable;
  return format;
}

TEST(Refit, NeverMakesALayerWorse) {
  int lowered = 0;
  for (std::uint32_t name = 0; name < 20; ++name) {
    const std::vector<float> weight = normal_weights(name);
    const LayerFactor factor = factor_of_inputs(name);
    for (const Movable movable : {Movable::scales, Movable::levels}) {
      double before = 0;
      for (int rounds = 0; rounds <= kMostRefit; ++rounds) {
        LayerFormat format = format_of(2 + static_cast<int>(name % 5), rounds, movable);
        if (name % 2 == 1) format.scales.resize(1);
        if (name % 3 == 1) format.codebooks.resize(kOutputs, format.codebooks.front());
        if (name % 4 == 3) format.rate = 0.5F;
        format.indices = assign_compensated(weight, kOutputs, format, factor);
        const LayerFormat start = format;
        refit(weight, kOutputs, factor, format);
        const double now = assigned_error(weight, kOutputs, format, factor);
        if (rounds == 0) {
          EXPECT_EQ(format.indices, start.indices);
        } else {
          EXPECT_LE(now, before) << name << ", round " << rounds;
          lowered += now < before ? 1 : 0;
        }
        if (movable == Movable::scales) {
          EXPECT_EQ(format.codebooks, start.codebooks);
        }
        before = now;
      }
    }
  }
  EXPECT_GE(lowered, 40);  // of 120: most first rounds
}

// Weights that are levels times scales, from levels and scales that are a little off.
TEST(Refit, FindsLevelsAndScalesThatTheWeightsAreMadeOf) {
  const LayerFactor factor = factor_of_inputs(1);
  for (const Movable movable : {Movable::scales, Movable::levels}) {
    LayerFormat of = format_of(5, kMostRefit, movable), off = of;
    if (movable == Movable::levels) {
      off.codebooks = {Codebook::from_levels({-1.7F, -0.75F, 0.04F, 0.82F, 1.56F})};
    } else {
      for (std::size_t r = 0; r < kOutputs; ++r) off.scales[r] *= 1.0F + (r % 2 == 0 ? 0.06F : -0.04F);
    }
    std::vector<float> weight = normal_weights(2);
    of.indices.resize(weight.size());
    nearest_levels(weight, kOutputs, of, of.indices);
    apply_indices(kOutputs, of, weight);
    off.indices = assign_compensated(weight, kOutputs, off, factor);
    EXPECT_GT(assigned_error(weight, kOutputs, off, factor), 0.1);
    refit(weight, kOutputs, factor, off);
    EXPECT_EQ(off.indices, of.indices);
    EXPECT_LT(assigned_error(weight, kOutputs, off, factor), 1e-9);
    const LayerFormat found = off;
    refit(weight, kOutputs, factor, off);  // nothing is left to gain
    EXPECT_LT(assigned_error(weight, kOutputs, off, factor), 1e-9);
    EXPECT_EQ(off.indices, found.indices);
  }
}

// Levels that no weight takes stay where they are, and so does a layer that is fitted already.
TEST(Refit, LeavesWhatItCannotMend) {
  const LayerFactor factor = factor_of_inputs(3);
  std::vector<float> weight(kOutputs * kSeen, 0.5F);
  LayerFormat format = format_of(3, 2, Movable::levels);
  format.scales.clear();
  format.codebooks = {Codebook::from_levels({-9.0F, 0.5F, 9.0F})};
  format.indices = assign_compensated(weight, kOutputs, format, factor);
  const LayerFormat before = format;
  refit(weight, kOutputs, factor, format);
  EXPECT_EQ(format.codebooks, before.codebooks);
  format.codebooks = {Codebook::from_levels({-9.0F, 0.25F, 9.0F})};
  refit(weight, kOutputs, factor, format);
  EXPECT_EQ(format.codebooks.front().levels().front(), -9.0F);
  EXPECT_NEAR(format.codebooks.front().levels()[1], 0.5F, 1e-6F);
}

}  // namespace
}  // namespace vbq
