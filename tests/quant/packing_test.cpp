#include "quant/packing.hpp"

#include <gtest/gtest.h>

#include "core/random.hpp"

namespace vbq {
namespace {

TEST(Packing, RoundTripsEveryWidthAndLength) {
  for (int bits = 1; bits <= 8; ++bits) {
    for (std::size_t count = 0; count < 40; ++count) {
      Random random(9, static_cast<std::uint32_t>(bits), static_cast<std::uint32_t>(count), Purpose::test);
      std::vector<std::uint8_t> indices(count);
      for (auto& i : indices) i = static_cast<std::uint8_t>(random.below(1ULL << bits));
      const std::string text = pack_indices(indices, bits);
      EXPECT_EQ(unpack_indices(text, count, bits), indices);
      EXPECT_EQ(unpack_indices(text + "AAAA", count, bits), std::nullopt);
      if (count > 0) {
        EXPECT_EQ(unpack_indices("*" + text.substr(1), count, bits), std::nullopt);
      }
    }
  }
  EXPECT_EQ(pack_indices(std::vector<std::uint8_t>{'M', 'a', 'n', '!'}, 8), "TWFuIQ==");
}

}  // namespace
}  // namespace vbq
