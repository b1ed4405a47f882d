#include "search/response_surface.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "core/random.hpp"

namespace vbq {
namespace {

constexpr SurfacePrior kNone{1e-9, 1e-9, 0};

std::vector<std::vector<double>> points_of(std::size_t count, std::size_t n, std::uint64_t seed) {
  Random random(seed, 0, 0, Purpose::test);
  std::vector<std::vector<double>> points(count, std::vector<double>(n));
  for (std::vector<double>& point : points) {
    for (double& x : point) x = random.normal();
  }
  return points;
}

TEST(ResponseSurface, FindsAQuadraticThatIsOne) {
  const Surface truth{0.7, {1, -2, 0.5}, {0.25, 0, -1}};
  const auto points = points_of(20, 3, 1);
  std::vector<double> heights;
  for (const auto& point : points) heights.push_back(truth.at(point));
  const Surface found = fit_surface(points, heights, {}, kNone);
  EXPECT_NEAR(found.height, truth.height, 1e-6);
  for (std::size_t k = 0; k < 3; ++k) {
    EXPECT_NEAR(found.slope[k], truth.slope[k], 1e-6) << k;
    EXPECT_NEAR(found.curvature[k], truth.curvature[k], 1e-6) << k;
  }
}

// One measurement says how high a surface is, and nothing of its form.
TEST(ResponseSurface, OfOnePointIsWhatIsUsual) {
  const std::vector<std::vector<double>> points(1, std::vector<double>(4));
  const std::vector<double> heights{3};
  const Surface found = fit_surface(points, heights, {}, {10, 10, 0.02});
  EXPECT_NEAR(found.height, 3, 1e-12);
  for (std::size_t k = 0; k < 4; ++k) {
    EXPECT_EQ(found.slope[k], 0);
    EXPECT_EQ(found.curvature[k], 0.02);
  }
}

// Noise as strong as what is to be found: slopes are believed the more, the more measurements there are, and the mean
// error is what theory says, noise / sqrt(measurements).
TEST(ResponseSurface, NoiseAveragesOut) {
  constexpr std::size_t kSize = 10;
  Surface truth{0, std::vector<double>(kSize), std::vector<double>(kSize, 0.005)};
  for (std::size_t k = 0; k < kSize; ++k) truth.slope[k] = k % 2 == 0 ? 0.03 : -0.02;
  const auto error = [&](std::size_t count) {
    double squares = 0;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      const auto points = points_of(count, kSize, seed);
      Random random(seed, 1, 0, Purpose::test);
      std::vector<double> heights;
      for (const auto& point : points) heights.push_back(truth.at(point) + 0.07 * random.normal());
      const Surface found = fit_surface(points, heights, {}, {12, 77, 0.005});
      for (std::size_t k = 0; k < kSize; ++k) squares += std::pow(found.slope[k] - truth.slope[k], 2);
    }
    return std::sqrt(squares / (20 * kSize));
  };
  EXPECT_NEAR(error(400), 0.07 / 20, 0.0005);
  EXPECT_LT(error(25), 0.025) << "less than the slopes themselves, by the prior";
}

TEST(LeastHarm, IsTheBottomWhereSizeDoesNotMatter) {
  const Surface harm{0, {0.2, -0.2, 5, 0}, {0.5, 0.5, 0.5, -1}}, size{0.5, {0, 0, 0, 0}, {0, 0, 0, 0}};
  const std::vector<double> x = least_harm(harm, size, 1, 2);
  EXPECT_NEAR(x[0], -0.2, 1e-12);
  EXPECT_NEAR(x[1], 0.2, 1e-12);
  EXPECT_EQ(x[2], -2) << "no farther than it may";
  EXPECT_EQ(std::fabs(x[3]), 2) << "a ridge: either side";
}

// Where size binds, what a step more of size is worth is the same in all coordinates (Lagrange).
TEST(LeastHarm, SharesOutASize) {
  const Surface harm{0, {1, 0.5, 0.1}, {0.2, 0.1, 0.3}}, size{1.4, {-0.2, -0.3, -0.5}, {0, 0, 0}};
  const std::vector<double> x = least_harm(harm, size, 1, 10);
  EXPECT_NEAR(size.at(x), 1, 1e-9);
  std::vector<double> prices;
  for (std::size_t k = 0; k < 3; ++k) prices.push_back((harm.slope[k] + 2 * harm.curvature[k] * x[k]) / -size.slope[k]);
  EXPECT_NEAR(prices[0], prices[1], 1e-6);
  EXPECT_NEAR(prices[0], prices[2], 1e-6);
  EXPECT_GT(prices[0], 0);
}

TEST(LeastHarm, OfASizeThatCannotBeIsTheSmallest) {
  const Surface harm{0, {1, 1}, {0.1, 0.1}}, size{5, {-0.2, 0.3}, {0, 0}};
  const std::vector<double> x = least_harm(harm, size, 1, 1);
  EXPECT_NEAR(x[0], 1, 1e-3);
  EXPECT_NEAR(x[1], -1, 1e-3);
}

}  // namespace
}  // namespace vbq
