#include "search/sensitivity.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace vbq {
namespace {

TEST(Sensitivity, HarmIsWhatTheFitnessSeesBeyondTheNetworkAsTrained) {
  const Sensitivity table{{100, 90, 99, 1000, 5}, {{{{100, 70, 95, 4000, 905}, 64}, {{100, 91, 99, 990, 4}, 320}}}};
  const auto costs = [&](Fitness kind) { return priced(table, kind).front(); };
  EXPECT_EQ(costs(Fitness::divergence)[0].harm, 900);
  EXPECT_EQ(costs(Fitness::divergence)[1].harm, -1);
  EXPECT_EQ(costs(Fitness::loss)[0].harm, 3000);
  EXPECT_EQ(costs(Fitness::loss)[1].harm, -10);
  EXPECT_EQ(costs(Fitness::top1)[0].harm, 20);
  EXPECT_EQ(costs(Fitness::top1)[1].harm, -1);
  EXPECT_EQ(costs(Fitness::top1)[1].bits, 320);
}

// The most that tallies may hold, in many layers, still adds up.
TEST(Sensitivity, HarmsOfAllLayersFitTogether) {
  const std::int64_t most = std::numeric_limits<std::int64_t>::max() - 1000;
  Sensitivity table{{1, 0, 0, 0, 0}, {}};
  table.layers.assign(1000, {{{1, 0, 0, 0, most}, 1}, {{1, 0, 0, 0, most / 2}, 2}});
  const auto costs = priced(table, Fitness::divergence);
  double sum = 0;
  for (const std::vector<Priced>& own : costs) sum += static_cast<double>(own[0].harm);
  EXPECT_LE(sum, std::ldexp(1.0, 55));
  EXPECT_GE(sum, std::ldexp(1.0, 53));
  const auto found = allocate(costs, 1500);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->bits, 1500);
}

}  // namespace
}  // namespace vbq
