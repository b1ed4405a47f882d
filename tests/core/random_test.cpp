#include "core/random.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

namespace vbq {
namespace {

TEST(Random, SameNameSameDraws) {
  Random a(7, 1, 2, Purpose::test), b(7, 1, 2, Purpose::test);
  for (int i = 0; i < 100; ++i) ASSERT_EQ(a.bits64(), b.bits64());
}

TEST(Random, EveryPartOfTheNameMatters) {
  std::set<std::uint64_t> first;
  first.insert(Random(7, 1, 2, Purpose::test).bits64());
  first.insert(Random(8, 1, 2, Purpose::test).bits64());
  first.insert(Random(7 + (1ULL << 32), 1, 2, Purpose::test).bits64());
  first.insert(Random(7, 2, 2, Purpose::test).bits64());
  first.insert(Random(7, 1, 3, Purpose::test).bits64());
  first.insert(Random(7, 1, 2, Purpose::split).bits64());
  EXPECT_EQ(first.size(), 6U);
}

// Philox4x32-10 of an all-zero counter and key, from Random123's own known-answer file (kat_vectors).
TEST(Random, KnownAnswer) {
  Random random(0, 0, 0, static_cast<Purpose>(0));
  EXPECT_EQ(random.bits32(), 0x6627e8d5U);
  EXPECT_EQ(random.bits32(), 0xe169c58dU);
  EXPECT_EQ(random.bits32(), 0xbc57ac4cU);
  EXPECT_EQ(random.bits32(), 0x9b00dbd8U);
}

TEST(Random, MomentsOfUniformAndNormal) {
  Random random(1, 0, 0, Purpose::test);
  const int n = 200000;
  double sum = 0, squares = 0, normal = 0, normal_squares = 0;
  for (int i = 0; i < n; ++i) {
    const double u = random.uniform();
    ASSERT_GE(u, 0.0);
    ASSERT_LT(u, 1.0);
    sum += u;
    squares += u * u;
    const double z = random.normal();
    ASSERT_TRUE(std::isfinite(z));
    normal += z;
    normal_squares += z * z;
  }
  EXPECT_NEAR(sum / n, 0.5, 0.005);
  EXPECT_NEAR(squares / n, 1.0 / 3.0, 0.005);
  EXPECT_NEAR(normal / n, 0.0, 0.015);
  EXPECT_NEAR(normal_squares / n, 1.0, 0.02);
}

TEST(Random, BelowStaysBelowAndReachesAll) {
  Random random(3, 0, 0, Purpose::test);
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1000; ++i) {
    const auto draw = random.below(7);
    ASSERT_LT(draw, 7U);
    seen.insert(draw);
  }
  EXPECT_EQ(seen.size(), 7U);
  EXPECT_EQ(random.below(1), 0U);
}

}  // namespace
}  // namespace vbq
