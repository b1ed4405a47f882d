#include "search/greedy.hpp"

#include <gtest/gtest.h>

namespace vbq::test {
namespace {

using Choices = std::vector<std::size_t>;

// Bits and harm; the last of each layer is the largest.
const std::vector<std::vector<Priced>> kLayers{{{10, 9}, {20, 2}, {40, 0}}, {{5, 7}, {30, 1}, {60, 0}}};

TEST(Greedy, GoesThroughTheListUntilTheBudgetIsKept) {
  // The list: (1: 30 bits, harm 1), (0: 20 bits, harm 2), (1: 5 bits, harm 7), (0: 10 bits, harm 9), after those of no
  // harm, which change nothing.
  EXPECT_EQ(greedy_choices(kLayers, 1000), (Choices{2, 2}));
  EXPECT_EQ(greedy_choices(kLayers, 100), (Choices{2, 2}));
  EXPECT_EQ(greedy_choices(kLayers, 99), (Choices{2, 1}));
  EXPECT_EQ(greedy_choices(kLayers, 70), (Choices{2, 1}));
  EXPECT_EQ(greedy_choices(kLayers, 69), (Choices{1, 1}));
  EXPECT_EQ(greedy_choices(kLayers, 49), (Choices{1, 0}));
  EXPECT_EQ(greedy_choices(kLayers, 24), (Choices{0, 0}));
  EXPECT_EQ(greedy_choices(kLayers, 15), (Choices{0, 0}));
  EXPECT_EQ(greedy_choices(kLayers, 14), std::nullopt);
}

TEST(Greedy, AChoiceThatIsLargerThanTheLayersOwnIsPassedOver) {
  // 20 bits do less harm than 40: they are taken first, and 40 not at all.
  const std::vector<std::vector<Priced>> layers{{{10, 9}, {20, -3}, {40, 2}, {80, 0}}};
  EXPECT_EQ(greedy_choices(layers, 79), (Choices{1}));
  EXPECT_EQ(greedy_choices(layers, 40), (Choices{1}));
  EXPECT_EQ(greedy_choices(layers, 19), (Choices{0}));
}

// It looks at one layer at a time where the exact allocation looks at all.
TEST(Greedy, IsNoBetterThanTheExactAllocation) {
  const auto harm = [](const Choices& choices) {
    std::int64_t sum = 0;
    for (std::size_t c = 0; c < choices.size(); ++c) sum += kLayers[c][choices[c]].harm;
    return sum;
  };
  for (std::int64_t budget = 15; budget <= 100; ++budget) {
    const auto exact = allocate(kLayers, budget);
    ASSERT_TRUE(exact);
    EXPECT_LE(exact->harm, harm(*greedy_choices(kLayers, budget))) << budget;
  }
  EXPECT_EQ(allocate(kLayers, 65)->choices, (Choices{1, 1}));
  EXPECT_EQ(allocate(kLayers, 45)->choices, (Choices{2, 0}));  // which the list never comes to
}

}  // namespace
}  // namespace vbq::test
