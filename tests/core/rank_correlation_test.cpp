#include "core/rank_correlation.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace vbq {
namespace {

double of(const std::vector<double>& x, const std::vector<double>& y) { return rank_correlation(x, y); }

TEST(RankCorrelation, IsSpearmans) {
  EXPECT_DOUBLE_EQ(of({1, 2, 3, 4}, {10, 20, 30, 1000}), 1);
  EXPECT_DOUBLE_EQ(of({1, 2, 3, 4}, {-1, -2, -3, -4}), -1);
  // the example of scipy.stats.spearmanr, and its definition worked out in Python, with more ties
  EXPECT_NEAR(of({1, 2, 3, 4, 5}, {5, 6, 7, 8, 7}), 0.8207826816681233, 1e-15);
  EXPECT_NEAR(of({3, 1, 4, 1, 5, 9, 2, 6}, {2, 7, 1, 8, 2, 8, 1, 8}), 0.19885368120992464, 1e-15);
}

TEST(RankCorrelation, IsNothingWhereNothingDiffers) {
  EXPECT_EQ(of({1, 1, 1}, {1, 2, 3}), 0);
  EXPECT_EQ(of({1}, {2}), 0);
  EXPECT_EQ(of({}, {}), 0);
}

}  // namespace
}  // namespace vbq
