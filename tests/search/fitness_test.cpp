#include "search/fitness.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

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
  EXPECT_DOUBLE_EQ(fitness(tally, Fitness::outputs), -0.25);
  for (const Fitness kind : {Fitness::top1, Fitness::loss, Fitness::divergence, Fitness::outputs})
    EXPECT_EQ(fitness(Tally{}, kind), 0.0);
}

// A bit less than the budget is worth 1 nat of harm, a bit more costs 6; harm is counted in its logarithm.
TEST(Fitness, UnderABudgetBitsHaveAPrice) {
  const auto tally = [](double nats) {
    Tally of;
    of.seen = 4;
    of.divergence = static_cast<std::int64_t>(4 * nats * kLossUnit);
    return of;
  };
  const auto of = [&](double nats, double over) { return fitness_within(tally(nats), Fitness::divergence, over); };
  EXPECT_NEAR(of(0.25, 0) - of(0.5, 0), std::log(2), 1e-9);
  EXPECT_NEAR(of(0.25, -0.5) - of(0.25, 0), 0.5, 1e-12);
  EXPECT_GT(of(0.25, 0) - of(0.25, 0.001), 0.02);
  EXPECT_NEAR(of(0.25, 0.1) - of(0.25, 0.2), 0.6, 1e-12);
  EXPECT_TRUE(std::isfinite(of(0, 0)));  // no harm at all
  EXPECT_EQ(fitness_within({}, Fitness::divergence, 1), 0.0);
  Tally right;
  right.seen = right.top1 = 10;
  EXPECT_TRUE(std::isfinite(fitness_within(right, Fitness::top1, 0)));
}

// What is left of a bound earns nothing; and the worst network within it is better than the best beyond.
TEST(Fitness, WithinABoundOnlyHarmCounts) {
  Tally good, bad;
  good.seen = bad.seen = 4;
  good.divergence = 1;
  bad.divergence = static_cast<std::int64_t>(4 * kLossLimit * kLossUnit);
  const auto of = [](const Tally& tally, double over) {
    return fitness_within(tally, Fitness::divergence, over, Budgeting::bound);
  };
  EXPECT_EQ(of(good, -0.5), of(good, 0));
  EXPECT_GT(of(bad, 0), of(good, 1e-6));
  EXPECT_GT(of(good, 0.1), of(good, 0.2));
}

TEST(Fitness, NamesGoBothWays) {
  for (const Fitness kind : {Fitness::top1, Fitness::loss, Fitness::divergence, Fitness::outputs}) {
    EXPECT_EQ(parse_fitness(fitness_name(kind)), kind);
  }
  try {
    parse_fitness("divergense");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("did you mean divergence?"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace vbq
