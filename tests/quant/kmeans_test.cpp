#include "quant/kmeans.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/random.hpp"
#include "support/networks.hpp"

namespace vbq {
namespace {

// Least squared error of k clusters over all partitions of the sorted values: O(k n^2).
double exact_error(std::vector<float> w, int k) {
  std::sort(w.begin(), w.end());
  const std::size_t n = w.size();
  std::vector<double> before(n + 1, std::numeric_limits<double>::infinity());
  before[0] = 0;
  for (int c = 0; c < k; ++c) {
    std::vector<double> now = before;
    for (std::size_t j = 1; j <= n; ++j) {
      double sum = 0, square = 0;
      for (std::size_t i = j; i-- > 0;) {
        sum += w[i];
        square += static_cast<double>(w[i]) * w[i];
        now[j] = std::min(now[j], before[i] + square - sum * sum / static_cast<double>(j - i));
      }
    }
    before = now;
  }
  return before[n];
}

double plain_error(const std::vector<float>& w, const std::vector<double>& levels) {
  double error = 0;
  for (float x : w) {
    double best = std::numeric_limits<double>::infinity();
    for (double l : levels) best = std::min(best, (x - l) * (x - l));
    error += best;
  }
  return error;
}

TEST(KMeans, FromQuantilesIsAFixedPointOfLloyd) {
  Random random(4, 0, 0, Purpose::test);
  for (int round = 0; round < 40; ++round) {
    std::vector<float> w = support::normals(200 + random.below(2000), random.bits64(), 0.2);
    const std::vector<double> levels = kmeans_from_quantiles(SortedWeights(w), 8);
    ASSERT_EQ(levels.size(), 8U);
    for (std::size_t k = 0; k < 8; ++k) {
      double sum = 0, count = 0;
      for (const float x : w) {
        const bool above = k == 0 || x > (levels[k - 1] + levels[k]) / 2;
        const bool below = k == 7 || x <= (levels[k] + levels[k + 1]) / 2;
        if (above && below) sum += x, ++count;
      }
      ASSERT_GT(count, 0) << "round " << round;
      ASSERT_NEAR(sum / count, levels[k], 1e-6) << "round " << round << " level " << k;
    }
    ASSERT_GE(plain_error(w, levels), plain_error(w, kmeans(SortedWeights(w), 8)) - 1e-9);
  }
  EXPECT_EQ(kmeans_from_quantiles(SortedWeights({1.0F, 1.0F, 1.0F}), 4).size(), 4U);
}

TEST(KMeans, IsExactOnSmallSets) {
  Random random(3, 0, 0, Purpose::test);
  for (int round = 0; round < 60; ++round) {
    std::vector<float> w = support::normals(2 + random.below(120), random.bits64(), 0.2);
    if (round % 3 == 0) {  // heavy tails and repeated weights
      for (float& x : w) x = std::round(x * x * x * 4000) / 16;
    }
    const int k = 1 + static_cast<int>(random.below(9));
    const std::vector<double> levels = kmeans(SortedWeights(w), k);
    ASSERT_EQ(levels.size(), static_cast<std::size_t>(k));
    ASSERT_TRUE(std::is_sorted(levels.begin(), levels.end()));
    const double exact = exact_error(w, k);
    ASSERT_NEAR(plain_error(w, levels), exact, 1e-9 * (1 + exact)) << "round " << round << " k " << k;
    ASSERT_NEAR(nearest_error(SortedWeights(w), levels), plain_error(w, levels), 1e-9 * (1 + exact));
  }
}

// On 40,000 heavy-tailed weights: no worse than the best of 20 Lloyd runs from random starts, and a fixed point itself.
TEST(KMeans, BeatsLloydOnLargeSets) {
  std::vector<float> w = support::normals(40000, 8, 0.05);
  for (std::size_t i = 0; i < w.size(); i += 2) w[i] *= std::fabs(w[i]) * 30;
  const SortedWeights sorted(w);
  for (const int k : {4, 8, 16, 64}) {
    const std::vector<double> ours = kmeans(sorted, k);
    double best = std::numeric_limits<double>::infinity();
    for (std::uint32_t start = 0; start < 20; ++start) {
      Random random(1, 0, start, Purpose::test);
      std::vector<double> levels;
      for (int i = 0; i < k; ++i) levels.push_back(sorted.values()[random.below(sorted.size())]);
      std::sort(levels.begin(), levels.end());
      for (int step = 0; step < 300; ++step) {
        std::vector<double> next = levels;
        std::size_t first = 0;
        for (std::size_t i = 0; i < levels.size(); ++i) {
          const std::size_t last =
              i + 1 < levels.size() ? sorted.upper((levels[i] + levels[i + 1]) / 2) : sorted.size();
          if (last > first) next[i] = sorted.mean(first, last);
          first = last;
        }
        levels = next;
      }
      best = std::min(best, nearest_error(sorted, levels));
    }
    EXPECT_LE(nearest_error(sorted, ours), best * (1 + 1e-4)) << k << " clusters";
    std::size_t first = 0;
    for (std::size_t i = 0; i < ours.size(); ++i) {
      const std::size_t last = i + 1 < ours.size() ? sorted.upper((ours[i] + ours[i + 1]) / 2) : sorted.size();
      ASSERT_GT(last, first);
      EXPECT_DOUBLE_EQ(ours[i], sorted.mean(first, last));
      first = last;
    }
  }
}

TEST(KMeans, SpreadsSpareLevels) {
  EXPECT_EQ(kmeans(SortedWeights({2.0F}), 3), (std::vector<double>{2, 2, 2}));
  EXPECT_EQ(kmeans(SortedWeights({0.0F, 0.0F, 0.0F}), 2), (std::vector<double>{0, 0}));
  EXPECT_EQ(kmeans(SortedWeights({1.0F, 0.0F, 1.0F}), 4), (std::vector<double>{0, 0.25, 0.5, 1}));
  EXPECT_EQ(kmeans(SortedWeights({3.0F, 1.0F, 2.0F}), 3), (std::vector<double>{1, 2, 3}));
}

}  // namespace
}  // namespace vbq
