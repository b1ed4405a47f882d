#include "assign/rounded_sums.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "support/networks.hpp"

namespace vbq {
namespace {

using Side = ActivationRange::Side;

// residual_network(): relu1 (value 3) and bn2 (value 5) are added; relu2 (value 7), behind the sum, is pooled before a
// layer sees it. With a convolution in the pool's place the sum is one of two rounded values that is rounded.
Network two_blocks() {
  Network net = support::residual_network();
  Conv last;
  last.weight = support::normal_tensor({7, 7, 1, 1}, 5);
  net.nodes[7] = {"conv3", last, {7}, "conv3.weight"};
  net.shapes[8] = net.shapes[7];
  net.nodes.resize(8);
  net.shapes.resize(9);
  return net;
}

TEST(RoundedSums, AreThoseWhoseOperandsAreRounded) {
  const Network net = two_blocks();
  auto places = activation_places(net, weight_layers(net));
  const auto at = [&](ValueId value) {
    return static_cast<std::size_t>(std::ranges::find(places, value, &ActivationPlace::value) - places.begin());
  };
  const auto sums = rounded_sums(net, places);
  ASSERT_EQ(sums.size(), 1U);
  EXPECT_EQ(sums[0].first, at(5));
  EXPECT_EQ(sums[0].second, at(3));
  EXPECT_EQ(sums[0].sum, at(7));
  places.erase(places.begin() + static_cast<std::ptrdiff_t>(at(3)));
  EXPECT_TRUE(rounded_sums(net, places).empty()) << "an operand is FP32";
  const Network pooled = support::residual_network();
  EXPECT_TRUE(rounded_sums(pooled, activation_places(pooled, weight_layers(pooled))).empty());
}

TEST(RoundedSums, DistanceIsThatOfTheNearestValue) {
  const ActivationRange first{"a", Side::input, 4, 2, 1}, second{"b", Side::output, 4, 0.2F, 0};
  ActivationRange sum{"c", Side::input, 4, 1, 0};
  EXPECT_NEAR(distance_from_halves(first, second, sum), 0.1, 1e-6);  // 0.4, 0.6
  const ActivationRange quarter{"b", Side::output, 4, 0.25F, 0};
  EXPECT_EQ(distance_from_halves(first, quarter, sum), 0);
  EXPECT_EQ(distance_from_halves({"a", Side::input, 4, 2, 8}, {"b", Side::output, 4, 0.25F, 15}, sum), 0);
  sum.zero_point = 15;  // what is above zero is clipped: -0.5 is one of the others
  EXPECT_EQ(distance_from_halves({"a", Side::input, 4, 2, 1}, {"b", Side::output, 4, 0.5F, 2}, sum), 0);
  EXPECT_EQ(
      distance_from_halves({"a", Side::input, 4, 2, 0}, {"b", Side::output, 4, 1.5F, 0}, {"c", Side::input, 4, 1, 15}),
      0.5)
      << "1.5 is clipped";
  sum.zero_point = 0;
  sum.scale = 100;  // the greatest is 28 + 3.75
  EXPECT_NEAR(distance_from_halves(first, quarter, sum), 0.5 - 0.3175, 1e-6);
}

TEST(RoundedSums, StepsAreWidenedUntilNoSumIsNearAHalf) {
  const std::vector<RoundedSum> sums{{0, 1, 2}, {3, 2, 4}};
  int nearer = 0;
  for (int trial = 0; trial < 4; ++trial) {
    const float off = 1.37e-5F * static_cast<float>(trial);
    const ActivationRanges before{{"a", Side::output, 8, 0.023959331F + off, 152},
                                  {"a", Side::input, 8, 0.024812434F, 0},
                                  {"b", Side::input, 8, 0.025951656F, 0},
                                  {"b", Side::output, 8, 0.028248105F - off, 140},
                                  {"c", Side::input, 8, 0.028466435F, 0}};
    ActivationRanges after = before;
    part_from_halves(sums, after);
    for (const RoundedSum& sum : sums) {
      EXPECT_GE(after[sum.sum].scale, before[sum.sum].scale);
      EXPECT_LT(after[sum.sum].scale, 1.01F * before[sum.sum].scale);
      const double apart = distance_from_halves(after[sum.first], after[sum.second], after[sum.sum]);
      EXPECT_GT(apart, 1e-4);  // FP32 is off by 2e-5 of such steps
      if (distance_from_halves(before[sum.first], before[sum.second], before[sum.sum]) < 2e-5) ++nearer;
    }
    for (const std::size_t other : {0, 1, 3}) EXPECT_EQ(after[other], before[other]);
  }
  EXPECT_GT(nearer, 0) << "there was something to do";
}

}  // namespace
}  // namespace vbq
