#include "core/half.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "core/random.hpp"

namespace vbq {
namespace {

struct Format {
  const char* name;
  float (*wide)(std::uint16_t);
  std::uint16_t (*narrow)(float);
  std::uint16_t infinity;  // its bits
};
const Format kFormats[] = {{"fp16", float_of_fp16, fp16_of, 0x7c00}, {"bf16", float_of_bf16, bf16_of, 0x7f80}};

// The rule by arithmetic instead of by bits: fraction bits, least exponent, largest finite number.
double rounded(double v, int fraction, int least, double largest) {
  if (v == 0 || !std::isfinite(v)) return v;
  const double unit = std::ldexp(1.0, std::max(std::ilogb(v), least) - fraction);
  const double near = std::nearbyint(v / unit) * unit;
  return std::fabs(near) > largest ? std::copysign(HUGE_VAL, v) : near;
}
double rounded_to_fp16(double v) { return rounded(v, 10, -14, 65504); }
double rounded_to_bf16(double v) { return rounded(v, 7, -126, 0x1.fep127); }

TEST(Half, EveryPatternComesBack) {
  for (const Format& f : kFormats) {
    for (std::uint32_t i = 0; i < 65536; ++i) {
      const auto bits = static_cast<std::uint16_t>(i);
      const float v = f.wide(bits);
      const bool nan = (bits & 0x7fffU) > f.infinity;
      ASSERT_EQ(std::isnan(v), nan) << f.name << " " << i;
      ASSERT_EQ(f.narrow(v), nan ? 0x7fff : bits) << f.name << " " << i;
    }
  }
}

// Neighbours, the middle between them, and the numbers next to the middle.
TEST(Half, EveryTieGoesToTheEvenNumber) {
  for (const Format& f : kFormats) {
    for (std::uint16_t low = 0; low + 1 < f.infinity; ++low) {
      const auto high = static_cast<std::uint16_t>(low + 1);
      const auto middle = static_cast<float>((static_cast<double>(f.wide(low)) + f.wide(high)) / 2);
      const std::uint16_t even = low % 2 == 0 ? low : high;
      for (const float sign : {1.0F, -1.0F}) {
        const std::uint16_t minus = sign < 0 ? 0x8000 : 0;
        ASSERT_EQ(f.narrow(sign * middle), even | minus) << f.name << " " << low;
        ASSERT_EQ(f.narrow(sign * std::nextafter(middle, 0.0F)), low | minus) << f.name << " " << low;
        ASSERT_EQ(f.narrow(sign * std::nextafter(middle, INFINITY)), high | minus) << f.name << " " << low;
      }
    }
  }
}

TEST(Half, KnownNumbers) {
  EXPECT_EQ(float_of_fp16(0x3c00), 1.0F);
  EXPECT_EQ(float_of_fp16(0xc000), -2.0F);
  EXPECT_EQ(float_of_fp16(0x7bff), 65504.0F);
  EXPECT_EQ(float_of_fp16(0x0400), 0x1p-14F);      // the smallest normal number
  EXPECT_EQ(float_of_fp16(0x03ff), 0x1.ff8p-15F);  // the largest subnormal one
  EXPECT_EQ(float_of_fp16(0x8001), -0x1p-24F);
  EXPECT_EQ(float_of_fp16(0xfc00), -INFINITY);
  EXPECT_EQ(fp16_of(65519.996F), 0x7bff);
  EXPECT_EQ(fp16_of(65520), 0x7c00);
  EXPECT_EQ(fp16_of(-1e38F), 0xfc00);
  EXPECT_EQ(fp16_of(0x1p-25F), 0);
  EXPECT_EQ(fp16_of(std::nextafter(0x1p-25F, 1.0F)), 1);
  EXPECT_EQ(fp16_of(-0x1p-140F), 0x8000);
  EXPECT_EQ(fp16_of(-0.0F), 0x8000);
  EXPECT_EQ(float_of_bf16(0x3f80), 1.0F);
  EXPECT_EQ(float_of_bf16(0xc0a0), -5.0F);
  EXPECT_EQ(float_of_bf16(0x7f7f), 0x1.fep127F);
  EXPECT_EQ(float_of_bf16(0x0001), 0x1p-133F);
  EXPECT_EQ(bf16_of(std::numeric_limits<float>::max()), 0x7f80);
  EXPECT_EQ(bf16_of(0x1.fefffep127F), 0x7f7f);
  EXPECT_EQ(bf16_of(-INFINITY), 0xff80);
  EXPECT_EQ(bf16_of(3.140625F), 0x4049);
  EXPECT_EQ(bf16_of(3.1415927F), 0x4049);
}

TEST(Half, NanStaysNan) {
  for (const float nan : {std::nanf(""), -std::nanf(""), std::bit_cast<float>(0x7f800001U),
                          std::bit_cast<float>(0xffffffffU), std::bit_cast<float>(0x7f80ffffU)}) {
    for (const Format& f : kFormats) EXPECT_TRUE(std::isnan(f.wide(f.narrow(nan)))) << f.name;
  }
}

TEST(Half, AnyNumberGoesToTheNearest) {
  Random random(1, 0, 0, Purpose::test);
  for (int i = 0; i < 300000; ++i) {
    const auto v = std::bit_cast<float>(random.bits32());
    if (std::isnan(v)) continue;
    ASSERT_EQ(float_of_fp16(fp16_of(v)), rounded_to_fp16(v)) << v;
    ASSERT_EQ(float_of_bf16(bf16_of(v)), rounded_to_bf16(v)) << v;
  }
}

static_assert(float_of_fp16(fp16_of(0.333F)) == 0x1.55p-2F);  // while compiling, too

}  // namespace
}  // namespace vbq
