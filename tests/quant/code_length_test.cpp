#include "quant/code_length.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace vbq {
namespace {

TEST(CodeLength, Log2IsWithinItsUnitOfTheRealOne) {
  for (std::uint64_t x = 1; x < 100'000; x += x < 300 ? 1 : 997) {
    const double exact = std::log2(static_cast<double>(x)) * 65536;
    EXPECT_NEAR(static_cast<double>(log2_fixed(x)), exact, 1.5) << x;
  }
  for (int k = 0; k < 63; ++k) EXPECT_EQ(log2_fixed(std::uint64_t{1} << k), std::int64_t{65536} * k);
  EXPECT_NEAR(static_cast<double>(log2_fixed(3'000'000'000'000)), std::log2(3e12) * 65536, 1.5);
}

TEST(CodeLength, IsMinusLog2OfTheShare) {
  EXPECT_EQ(code_lengths(std::vector<std::uint8_t>{0, 0, 1, 3}, 4), (std::vector<float>{1, 2, 2, 2}));
  EXPECT_EQ(code_lengths({}, 2), (std::vector<float>{0, 0}));
}

TEST(CodeLength, EntropyIsTheSumOverTheWeights) {
  EXPECT_EQ(entropy_bits(std::vector<std::uint8_t>{0, 0, 1, 3}), 6.0);
  EXPECT_EQ(entropy_bits(std::vector<std::uint8_t>(100, 7)), 0.0);
  EXPECT_EQ(entropy_bits({}), 0.0);
}

}  // namespace
}  // namespace vbq
