#include "search/fitness.hpp"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace vbq
