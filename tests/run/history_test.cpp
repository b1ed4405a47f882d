#include "run/history.hpp"

#include <gtest/gtest.h>

#include "report/progress.hpp"

namespace vbq {
namespace {

SearchState two_individuals() {
  SearchState state;
  state.generation = 3;
  state.best = {{{{-1.0, 0.0, 1.0}}}, -0.25};
  state.population = {{{{{-1.0, 0.0, 1.0}}}, -0.25}, {{{{-1.0, 0.5, 1.0}}}, -0.5}};
  return state;
}

TEST(History, DiversityIsTheMeanSpreadOverTheRange) {
  // One gene of three has standard deviation 0.25; the range is 2.
  EXPECT_NEAR(diversity(two_individuals()), 0.25 / 2 / 3, 1e-15);
}

TEST(History, DiversityIsOfChromosomesWithAsManyGenes) {
  SearchState state = two_individuals();
  state.population.push_back({{{{-1.0, 1.0}}}, -0.75});
  state.population.push_back({{{{}}}, -0.8});
  EXPECT_NEAR(diversity(state), 0.25 / 2 / 3, 1e-15);
}

TEST(History, ALineHasGenerationEvaluationsBestMedianWorstTop1Diversity) {
  Tally best;
  best.seen = 200;
  best.top1 = 150;
  EXPECT_EQ(history_line(two_individuals(), best, 42), "3,42,-0.25,-0.25,-0.5,75.0000,0.0416667");
}

TEST(Progress, TextsOfDurationsAndCounts) {
  EXPECT_EQ(duration_text(0.2), "0 s");
  EXPECT_EQ(duration_text(59.4), "59 s");
  EXPECT_EQ(duration_text(185), "3:05 min");
  EXPECT_EQ(duration_text(3765), "1:02:45 h");
  EXPECT_EQ(thousands(7), "7");
  EXPECT_EQ(thousands(1234567), "1,234,567");
  EXPECT_EQ(thousands(-1234), "-1,234");
  EXPECT_EQ(thousands(-123), "-123");
}

}  // namespace
}  // namespace vbq
