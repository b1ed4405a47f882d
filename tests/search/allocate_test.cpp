#include "search/allocate.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "core/random.hpp"

namespace vbq {
namespace {

// Every combination.
std::optional<Allocation> exhaustively(const std::vector<std::vector<Priced>>& layers, std::int64_t budget) {
  std::optional<Allocation> best;
  std::vector<std::size_t> digits(layers.size());
  for (bool more = true; more;) {
    Allocation one{digits};
    for (std::size_t i = 0; i < layers.size(); ++i) {
      one.bits += layers[i][digits[i]].bits;
      one.harm += layers[i][digits[i]].harm;
    }
    const auto better = [&] { return std::pair(one.harm, one.bits) < std::pair(best->harm, best->bits); };
    if (one.bits <= budget && (!best || better())) best = one;
    more = false;
    for (std::size_t i = 0; i < layers.size() && !more; ++i) {
      digits[i] = (digits[i] + 1) % layers[i].size();
      more = digits[i] != 0;
    }
  }
  return best;
}

void expect_sums(const Allocation& found, const std::vector<std::vector<Priced>>& layers) {
  std::int64_t bits = 0, harm = 0;
  ASSERT_EQ(found.choices.size(), layers.size());
  for (std::size_t i = 0; i < layers.size(); ++i) {
    bits += layers[i].at(found.choices[i]).bits;
    harm += layers[i].at(found.choices[i]).harm;
  }
  EXPECT_EQ(found.bits, bits);
  EXPECT_EQ(found.harm, harm);
}

TEST(Allocate, IsTheBestOfAllCombinations) {
  for (std::uint32_t instance = 0; instance < 400; ++instance) {
    Random random(1, 0, instance, Purpose::test);
    // Small numbers bring ties; large ones are as tallies are. Some harms are below zero, as differences of losses are.
    const std::uint64_t range = instance % 2 == 0 ? 12 : std::uint64_t{1} << 40;
    std::vector<std::vector<Priced>> layers(1 + random.below(5));
    std::int64_t all = 0;
    for (auto& choices : layers) {
      choices.resize(1 + random.below(6));
      for (Priced& one : choices) {
        one.bits = static_cast<std::int64_t>(random.below(instance % 3 == 0 ? 8 : 100000));
        one.harm = static_cast<std::int64_t>(random.below(range)) - static_cast<std::int64_t>(range / 8);
        all += one.bits;
      }
    }
    for (int k = 0; k < 6; ++k) {
      const auto budget = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(all) + 2));
      const auto expected = exhaustively(layers, budget), found = allocate(layers, budget);
      ASSERT_EQ(found.has_value(), expected.has_value()) << instance;
      if (!found) continue;
      EXPECT_EQ(found->harm, expected->harm) << instance;
      EXPECT_EQ(found->bits, expected->bits) << instance;
      EXPECT_TRUE(found->exact);
      EXPECT_LE(found->bits, budget);
      expect_sums(*found, layers);
    }
  }
}

TEST(Allocate, WhatDoesNotFitIsNone) {
  const std::vector<std::vector<Priced>> layers{{{3, 9}, {5, 1}}, {{4, 9}}};
  EXPECT_FALSE(allocate(layers, 6).has_value());
  EXPECT_EQ(allocate(layers, 7)->choices, (std::vector<std::size_t>{0, 0}));
  EXPECT_EQ(allocate(layers, 9)->choices, (std::vector<std::size_t>{1, 0}));
  EXPECT_EQ(allocate(layers, std::int64_t{1} << 60)->harm, 10);
}

// 160 layers whose harm falls as quantisation's does: seconds at most, and a budget that is used up.
TEST(Allocate, IsExactOnLargeNetworksToo) {
  std::vector<std::vector<Priced>> layers(160);
  std::int64_t least = 0, most = 0;
  for (std::uint32_t i = 0; i < layers.size(); ++i) {
    Random random(2, 0, i, Purpose::test);
    const double weights = std::floor(std::exp(random.uniform(5, 14))), harm = std::exp(random.uniform(15, 28));
    for (int bits = 1; bits <= 8; ++bits) {
      layers[i].push_back({static_cast<std::int64_t>(weights * bits) + (32 << bits),
                           static_cast<std::int64_t>(harm * std::pow(4.0, -bits) * std::exp(0.3 * random.normal()))});
    }
    layers[i].push_back({static_cast<std::int64_t>(32 * weights), 0});
    least += layers[i].front().bits;
    most += layers[i][7].bits;
  }
  std::int64_t before = std::numeric_limits<std::int64_t>::max();
  for (int k = 1; k <= 6; ++k) {
    const std::int64_t budget = least + (most - least) * k / 7;
    const auto found = allocate(layers, budget);
    ASSERT_TRUE(found.has_value());
    EXPECT_TRUE(found->exact);
    expect_sums(*found, layers);
    EXPECT_LE(found->bits, budget);
    EXPECT_GT(static_cast<double>(found->bits), 0.9999 * static_cast<double>(budget));
    EXPECT_LT(found->harm, before);
    before = found->harm;
    const auto limited = allocate(layers, budget, 4);  // few partial sums: worse perhaps, and says so
    ASSERT_TRUE(limited.has_value());
    expect_sums(*limited, layers);
    EXPECT_LE(limited->bits, budget);
    EXPECT_GE(limited->harm, found->harm);
  }
}

}  // namespace
}  // namespace vbq
