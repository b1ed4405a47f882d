#include "vbq/codebook.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "core/random.hpp"
#include "vbq/error.hpp"

namespace vbq {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kMax = std::numeric_limits<float>::max();
constexpr float kTiny = std::numeric_limits<float>::denorm_min();

// Sign of (b - w) - (w - a) for a <= w <= b, exactly: floats are m * 2^e, so b + a - 2 w is compared in integers wide
// enough where possible, and otherwise by splitting: a + b == s + e exactly (TwoSum), then s against 2 w, then e.
int closer(float a, float b, float w) {
  const double s = static_cast<double>(a) + b, bb = s - a, e = (a - (s - bb)) + (b - bb);
  const double d =
      s - 2.0 * w;  // sign is right: Sterbenz or far apart; rounding never changes the sign of a difference
  if (d != 0) return d > 0 ? -1 : 1;
  return e > 0 ? -1 : e < 0 ? 1 : 0;  // -1: a is nearer, 1: b is nearer, 0: half-way
}

float random_float(Random& random, int kind) {
  switch (kind) {
    case 0:
      return static_cast<float>(random.normal() * 0.1);
    case 1:  // any finite bit pattern
      for (;;) {
        const float f = std::bit_cast<float>(random.bits32());
        if (std::isfinite(f)) return f;
      }
    case 2:  // denormals, both signs
      return std::bit_cast<float>((random.bits32() & 0x80000000U) | static_cast<std::uint32_t>(random.below(64)));
    default:  // few mantissa bits: exact ties happen
      return static_cast<float>(static_cast<int>(random.below(33)) - 16) / 8.0F;
  }
}

void expect_nearest(const Codebook& codebook, float w) {
  const auto levels = codebook.levels();
  const int i = codebook.index(w);
  ASSERT_GE(i, 0);
  ASSERT_LT(i, codebook.size());
  if (i > 0 && w < levels[static_cast<std::size_t>(i)]) {
    ASSERT_EQ(closer(levels[static_cast<std::size_t>(i - 1)], levels[static_cast<std::size_t>(i)], w), 1) << w;
  }
  if (i > 0) {
    ASSERT_GT(w, levels[static_cast<std::size_t>(i - 1)]);
  }
  if (i + 1 < codebook.size()) {
    const float upper = levels[static_cast<std::size_t>(i + 1)];
    ASSERT_LT(w, upper);
    if (w > levels[static_cast<std::size_t>(i)]) {
      ASSERT_LE(closer(levels[static_cast<std::size_t>(i)], upper, w), 0) << w;
    }
  }
}

TEST(Codebook, IsTrulyNearestForEveryFloat) {
  Random random(11, 0, 0, Purpose::test);
  for (int round = 0; round < 20000; ++round) {
    const int kind = round % 4;
    std::vector<float> levels(1 + random.below(9));
    for (float& l : levels) l = random_float(random, random.below(4) == 0 ? static_cast<int>(random.below(4)) : kind);
    if (round % 5 == 0) levels.push_back(std::nextafter(levels[0], 1.0F));  // one ulp apart
    const Codebook codebook = Codebook::from_levels(levels);
    std::vector<float> probes{0.0F, -0.0F, kMax, -kMax, kTiny, -kTiny, kInf, -kInf};
    for (float t : codebook.boundaries()) {
      probes.insert(probes.end(), {t, std::nextafter(t, kInf), std::nextafter(t, -kInf)});
    }
    for (float l : codebook.levels())
      probes.insert(probes.end(), {l, std::nextafter(l, kInf), std::nextafter(l, -kInf)});
    for (int i = 0; i < 8; ++i) probes.push_back(random_float(random, kind));
    for (float w : probes) {
      if (std::isfinite(w)) expect_nearest(codebook, w);
      if (HasFatalFailure()) return;
      int count = 0;
      for (float t : codebook.boundaries()) count += t < w;
      ASSERT_EQ(codebook.index(w), count);
    }
  }
}

TEST(Codebook, BoundaryOfFarApartLevelsIsExact) {
  // 1 - 1e-30 has no double: its half rounds to 0.5, but 0.5 is nearer to 1.
  const Codebook codebook = Codebook::from_levels({-1e-30F, 1.0F});
  EXPECT_EQ(codebook.boundaries()[0], std::nextafter(0.5F, 0.0F));
  EXPECT_EQ(codebook.quantise(0.5F), 1.0F);
  EXPECT_EQ(Codebook::from_levels({1e-30F, 1.0F}).quantise(0.5F), 1e-30F);
  EXPECT_EQ(Codebook::from_levels({-kMax, kMax}).boundaries()[0], 0.0F);
  EXPECT_EQ(Codebook::from_levels({kMax, std::nextafter(kMax, 0.0F)}).boundaries()[0], std::nextafter(kMax, 0.0F));
  EXPECT_EQ(Codebook::from_levels({0.0F, kTiny}).boundaries()[0], 0.0F);
  EXPECT_EQ(Codebook::from_levels({-kTiny, 0.0F}).boundaries()[0], -kTiny);
}

TEST(Codebook, SortsAndMerges) {
  const Codebook codebook = Codebook::from_levels({3.0F, -1.0F, 3.0F, 0.0F, -0.0F});
  ASSERT_EQ(codebook.size(), 3);
  EXPECT_EQ(codebook.levels()[0], -1.0F);
  EXPECT_EQ(codebook.levels()[1], 0.0F);
  EXPECT_FALSE(std::signbit(codebook.levels()[1]));
  EXPECT_EQ(codebook.levels()[2], 3.0F);
  EXPECT_EQ(codebook.boundaries().size(), 2U);
  EXPECT_EQ(Codebook::from_levels({2.5F}).quantise(-7.0F), 2.5F);
}

TEST(Codebook, FromBoundaries) {
  const Codebook codebook = Codebook::from_boundaries({-2.0F, -1.0F, 1.0F, 4.0F});
  const std::vector<float> expected{-2.0F, -1.5F, 0.0F, 2.5F, 4.0F};
  EXPECT_EQ(std::vector<float>(codebook.levels().begin(), codebook.levels().end()), expected);
  EXPECT_EQ(codebook.index(-2.0F), 0);  // on a boundary: lower
  EXPECT_EQ(codebook.index(-1.99F), 1);
  EXPECT_EQ(codebook.index(1.0F), 2);
  EXPECT_EQ(codebook.quantise(9.0F), 4.0F);
  EXPECT_EQ(codebook.quantise(-9.0F), -2.0F);
  const Codebook repeated = Codebook::from_boundaries({1.0F, 1.0F});  // an empty bin stays
  EXPECT_EQ(repeated.size(), 3);
  EXPECT_EQ(repeated.index(1.0F), 0);
  EXPECT_EQ(repeated.index(1.5F), 2);
  const Codebook wide = Codebook::from_boundaries({-kMax, kMax, kMax});
  EXPECT_EQ(wide.levels()[2], kMax);  // no overflow on the way
}

TEST(Codebook, RefusesBadInput) {
  EXPECT_THROW(Codebook::from_levels({}), Error);
  EXPECT_THROW(Codebook::from_levels({1.0F, std::nanf("")}), Error);
  EXPECT_THROW(Codebook::from_levels({kInf}), Error);
  EXPECT_THROW(Codebook::from_levels(std::vector<float>(65537, 1.0F)), Error);
  EXPECT_EQ(Codebook::from_levels(std::vector<float>(65536, 1.0F)).size(), 1);
  EXPECT_THROW(Codebook::from_boundaries({}), Error);
  EXPECT_THROW(Codebook::from_boundaries({2.0F, 1.0F}), Error);
  EXPECT_THROW(Codebook::from_boundaries({1.0F, kInf}), Error);
  EXPECT_THROW(Codebook::from_boundaries(std::vector<float>(65536, 1.0F)), Error);
}

}  // namespace
}  // namespace vbq
