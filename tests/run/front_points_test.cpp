// Points of a front, and its knee.
#include "run/front_points.hpp"

#include <gtest/gtest.h>

namespace vbq {
namespace {

// Fitness is minus the harm, as of a divergence.
Judged judged(std::int64_t bits, double harm) { return {bits, -harm, harm}; }

TEST(FrontPoints, ArePointsThatNothingSmallerMatches) {
  const FrontPoints found = front_points(
      std::vector{judged(300, 2), judged(100, 9), judged(200, 9), judged(250, 4), judged(250, 3), judged(400, 2.5)});
  EXPECT_EQ(found.numbers, (std::vector<int>{3, 1, 0, 0, 2, 0}));
  EXPECT_EQ(found.knee, 4U);
}

TEST(FrontPoints, OfEqualNetworksTheFirstIsOne) {
  EXPECT_EQ(front_points(std::vector{judged(200, 5), judged(200, 5)}).numbers, (std::vector<int>{1, 0}));
}

TEST(FrontPoints, TheKneeIsFarthestBelowTheLineBetweenTheEnds) {
  // Below the line by 0.5 - 0.4 and by 0.7 - 0.1 of the front's extent.
  EXPECT_EQ(front_points(std::vector{judged(100, 10), judged(150, 4), judged(120, 2), judged(200, 0)}).knee, 2U);
  EXPECT_EQ(front_points(std::vector{judged(100, 10), judged(110, 4), judged(190, 1), judged(200, 0)}).knee, 1U);
}

TEST(FrontPoints, OfOneOrTwoPointsTheSmallerIsTheKnee) {
  EXPECT_EQ(front_points(std::vector{judged(100, 1)}).knee, 0U);
  EXPECT_EQ(front_points(std::vector{judged(200, 1), judged(100, 2)}).knee, 1U);
}

}  // namespace
}  // namespace vbq
