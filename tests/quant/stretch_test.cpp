#include "quant/stretch.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "quant/kmeans.hpp"
#include "quant/seeds.hpp"
#include "quant/width_choices.hpp"
#include "support/networks.hpp"

namespace vbq {
namespace {

Format sequential(int levels) {
  Format format;
  format.assignment = Assignment::sequential;
  format.levels = levels;
  return format;
}

TEST(Stretch, FollowsTheErrorOfTheLevels) {
  const SortedWeights weights({-3, -1, 1, 3});  // variance 5; two levels at -2 and 2: mean squared error 1
  const std::vector<double> levels = stretched({-2, 2}, weights, sequential(2));
  EXPECT_DOUBLE_EQ(levels[0], -2 * std::sqrt(1 + 2 * 1.0 / 5));
  EXPECT_DOUBLE_EQ(levels[1], 2 * std::sqrt(1 + 2 * 1.0 / 5));
}

TEST(Stretch, IsAboutTheMean) {
  const SortedWeights weights({7, 9, 11, 13});
  const std::vector<double> levels = stretched({8, 12}, weights, sequential(2));
  EXPECT_DOUBLE_EQ(levels[0] + levels[1], 20);
  EXPECT_DOUBLE_EQ(levels[1] - levels[0], 4 * std::sqrt(1 + 2 * 1.0 / 5));
}

// Mirrored levels are about 0: halves of -3, -1, 1, 3 are magnitudes 1 and 3, whose mean square is 5.
TEST(Stretch, OfMirroredLevelsIsThatOfBothHalves) {
  const std::vector<double> half = stretched_half({2}, SortedWeights({1, 3, 3, 1}), sequential(2));
  ASSERT_EQ(half.size(), 1U);
  EXPECT_DOUBLE_EQ(half[0], 2 * std::sqrt(1 + 2 * 1.0 / 5));
}

TEST(Stretch, NothingWhereNoErrorIsCarriedOrThereIsNone) {
  const SortedWeights weights({-3, -1, 1, 3}), equal({2, 2, 2});
  Format nearest = sequential(2);
  nearest.assignment = Assignment::nearest;
  EXPECT_EQ(stretched({-2, 2}, weights, nearest), (std::vector<double>{-2, 2}));
  EXPECT_EQ(stretched_half({2}, SortedWeights({1, 3}), nearest), (std::vector<double>{2}));
  EXPECT_EQ(stretched({-3, -1, 1, 3}, weights, sequential(4)), (std::vector<double>{-3, -1, 1, 3}));
  EXPECT_EQ(stretched({1, 2}, equal, sequential(2)), (std::vector<double>{1, 2}));
}

TEST(Stretch, LevelsStayFloats) {
  constexpr float most = std::numeric_limits<float>::max();
  const SortedWeights weights({-most, -most / 2, most / 2, most});
  EXPECT_EQ(stretched({-most, most}, weights, sequential(2)), (std::vector<double>{-most, most}));
}

// The textbook's distortions of a normal distribution at 2, 4, 8 levels (Max, 1960): 0.3634, 0.1175, 0.0345.
TEST(Stretch, OfSeedsOfNormalWeights) {
  const std::vector<float> weights = support::normals(100000, 5);
  const SortedWeights sorted(weights);
  const double distortions[] = {0.3634, 0.1175, 0.0345};
  for (int k = 0; k < 3; ++k) {
    Format format = sequential(2 << k);
    for (const bool symmetric : {false, true}) {
      format.symmetric = symmetric;
      const double plain = kmeans(sorted, format.levels).back();
      const Chromosome seed = seed_genomes({weights}, format).front().chromosomes.front();
      EXPECT_NEAR(seed.back() / plain, std::sqrt(1 + 2 * distortions[k]), 0.01) << format.levels << ' ' << symmetric;
    }
  }
}

TEST(Stretch, IsOfChoicesToo) {
  const std::vector<float> weights = support::normals(3000, 6);
  const SortedWeights sorted(weights);
  Format format = sequential(8);
  const std::vector<Chromosome> choices = width_choices({weights}, format).front();
  ASSERT_EQ(choices.size(), 4U);
  for (const int k : {0, 1, 2}) EXPECT_EQ(choices[k], stretched(kmeans(sorted, 2 << k), sorted, format));
}

}  // namespace
}  // namespace vbq
