#include "evaluate/fitness.hpp"

#include <gtest/gtest.h>

#include <string>

#include "evaluate/interval.hpp"
#include "vbq/error.hpp"

namespace vbq {
namespace {

TEST(Fitness, IsLargerForBetterNetworks) {
  Tally tally;
  tally.seen = 8;
  tally.top1 = 6;
  tally.loss = static_cast<std::int64_t>(4 * kLossUnit);
  tally.divergence = static_cast<std::int64_t>(2 * kLossUnit);
  EXPECT_DOUBLE_EQ(fitness(tally, Fitness::top1), 0.75);
  EXPECT_DOUBLE_EQ(fitness(tally, Fitness::loss), -0.5);
  EXPECT_DOUBLE_EQ(fitness(tally, Fitness::divergence), -0.25);
  for (const Fitness kind : {Fitness::top1, Fitness::loss, Fitness::divergence}) EXPECT_EQ(fitness(Tally{}, kind), 0.0);
}

TEST(Fitness, NamesGoBothWays) {
  for (const Fitness kind : {Fitness::top1, Fitness::loss, Fitness::divergence}) {
    EXPECT_EQ(parse_fitness(fitness_name(kind)), kind);
  }
  try {
    parse_fitness("divergense");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("did you mean divergence?"), std::string::npos) << error.what();
  }
}

TEST(Interval, IsWilsons) {
  const Interval resnet = wilson95(9155, 9980);
  EXPECT_NEAR(resnet.low, 91.18, 0.005);
  EXPECT_NEAR(resnet.high, 92.26, 0.005);
  // Agresti and Coull 1998: 0 of 20 gives an upper end of z^2 / (n + z^2).
  const Interval none = wilson95(0, 20);
  EXPECT_EQ(none.low, 0.0);
  EXPECT_NEAR(none.high, 100 * 3.8414589 / 23.8414589, 1e-4);
  const Interval all = wilson95(20, 20);
  EXPECT_EQ(all.high, 100.0);
  EXPECT_NEAR(all.low, 100 - none.high, 1e-9);
}

TEST(Interval, HoldsTheShareAndStaysInRange) {
  for (std::int64_t n = 1; n <= 60; ++n) {
    for (std::int64_t k = 0; k <= n; ++k) {
      const Interval interval = wilson95(k, n);
      const double share = 100.0 * static_cast<double>(k) / static_cast<double>(n);
      EXPECT_LE(0.0, interval.low);
      EXPECT_LE(interval.low, share);
      EXPECT_LE(share, interval.high);
      EXPECT_LE(interval.high, 100.0);
    }
  }
  EXPECT_EQ(wilson95(0, 0).low, 0.0);
  EXPECT_EQ(wilson95(0, 0).high, 100.0);
  EXPECT_THROW(wilson95(3, 2), Error);
  EXPECT_THROW(wilson95(-1, 2), Error);
}

}  // namespace
}  // namespace vbq
