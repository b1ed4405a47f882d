// Sizes behind zstd and deflate, counted in a stream: those that the libraries give in one piece.
#include "compress/compressed_size.hpp"

#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include <string>
#include <vector>

#include "core/random.hpp"

namespace vbq {
namespace {

// Bytes of which half are 0, a quarter 1, an eighth 2, ...: an entropy of 2 bits each.
std::string geometric(std::size_t size) {
  Random random(1, 2, 3, Purpose::calibration);
  std::string bytes(size, '\0');
  for (char& c : bytes) {
    while (random.below(2) == 0 && c < 20) ++c;
  }
  return bytes;
}

std::uint64_t deflated_at_once(const std::string& content) {
  uLongf size = compressBound(content.size());
  std::vector<Bytef> out(size);
  const std::vector<Bytef> in(content.begin(), content.end());
  EXPECT_EQ(compress2(out.data(), &size, in.data(), in.size(), 9), Z_OK);
  return size;
}

std::uint64_t zstd_at_once(const std::string& content) {
  std::vector<char> out(ZSTD_compressBound(content.size()));
  return ZSTD_compress(out.data(), out.size(), content.data(), content.size(), 19);
}

TEST(CompressedSize, IsWhatTheLibrariesGiveInOnePiece) {
  for (const std::string& content :
       {std::string(), std::string("a"), std::string(3 << 20, 'x'), geometric(1000), geometric(300'000)}) {
    const CompressedSize size = compressed_size(content);
    EXPECT_EQ(size.deflate, deflated_at_once(content)) << content.size();
    EXPECT_EQ(size.zstd, zstd_at_once(content)) << content.size();
  }
}

TEST(CompressedSize, OfSkewedBytesIsNearTheirEntropy) {
  constexpr std::size_t kBytes = 1 << 20;
  const CompressedSize size = compressed_size(geometric(kBytes));
  EXPECT_NEAR(static_cast<double>(size.zstd), kBytes / 4.0, 0.03 * kBytes / 4.0);
  EXPECT_LT(size.zstd, size.deflate);  // which takes chance repetitions for something to refer to
  EXPECT_LT(size.deflate, 0.35 * kBytes);
}

TEST(CompressedSize, OfMoreThanAPiece) {
  const std::string content((std::size_t{130} << 20) + 1, 'x');
  EXPECT_EQ(deflate_bytes(content), deflated_at_once(content));
}

}  // namespace
}  // namespace vbq
