#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "core/random.hpp"
#include "support/networks.hpp"
#include "vbq/error.hpp"
#include "vbq/format.hpp"

namespace vbq {
namespace {

// out = s * codebook(w / s), one weight at a time.
std::vector<float> plain(const std::vector<float>& weight, std::size_t channels, const LayerFormat& format) {
  std::vector<float> out(weight.size());
  const std::size_t row = weight.size() / channels;
  for (std::size_t i = 0; i < weight.size(); ++i) {
    if (format.scales.empty()) {
      out[i] = format.codebook(i / row).quantise(weight[i]);
      continue;
    }
    const float s = format.scales[format.scales.size() == 1 ? 0 : i / row];
    out[i] = s * format.codebook(i / row).quantise(weight[i] / s);
  }
  return out;
}

// By levels, and then by what they stand for.
std::vector<float> nearest(const std::vector<float>& weight, std::size_t channels, LayerFormat format) {
  format.indices.resize(weight.size());
  nearest_levels(weight, static_cast<std::int64_t>(channels), format, format.indices);
  std::vector<float> out(weight.size(), -1);
  apply_indices(static_cast<std::int64_t>(channels), format, out);
  return out;
}

TEST(NearestLevels, HaveTheBitsOfThePlainLoop) {
  Random random(5, 0, 0, Purpose::test);
  for (int levels = 1; levels <= 40; ++levels) {
    for (const std::size_t channels : {1U, 3U, 8U}) {
      for (int scale = 0; scale < 3; ++scale) {
        const std::size_t row = 1 + random.below(77);
        std::vector<float> weight = support::normals(channels * row, random.bits64(), 0.3);
        LayerFormat format;
        for (std::size_t c = 0; c < (scale < 2 || levels % 2 == 0 ? 1 : channels); ++c) {
          format.codebooks.push_back(
              Codebook::from_levels(support::normals(static_cast<std::size_t>(levels) + c, random.bits64(), 0.5)));
        }
        if (scale == 1) format.scales = {0.37F};
        if (scale == 2) {
          for (std::size_t c = 0; c < channels; ++c)
            format.scales.push_back(static_cast<float>(random.uniform(1e-3, 3)));
        }
        for (std::size_t i = 0; i < weight.size(); i += 3) {  // also weights at boundaries and extremes
          const auto t = format.codebook(0).boundaries();
          if (!t.empty()) weight[i] = t[random.below(t.size())];
          if (i % 7 == 0) weight[i] = i % 2 ? -0.0F : std::numeric_limits<float>::max();
        }
        const std::vector<float> out = nearest(weight, channels, format);
        const std::vector<float> expected = plain(weight, channels, format);
        for (std::size_t i = 0; i < out.size(); ++i) {
          ASSERT_EQ(std::bit_cast<std::uint32_t>(out[i]), std::bit_cast<std::uint32_t>(expected[i]));
        }
      }
    }
  }
}

TEST(NearestLevels, AreAtMost256) {
  for (const std::size_t levels : {255U, 256U, 257U}) {
    LayerFormat format;
    format.codebooks = {Codebook::from_levels(support::normals(levels, 3))};
    const std::vector<float> weight = support::normals(4000, 4);
    if (levels > 256) {
      EXPECT_THROW(nearest(weight, 1, format), Error);
    } else {
      EXPECT_EQ(nearest(weight, 1, format), plain(weight, 1, format));
    }
  }
}

TEST(NearestLevels, RefuseSizesThatDoNotFit) {
  LayerFormat format;
  format.codebooks = {Codebook::from_levels({0.0F, 1.0F})};
  const std::vector<float> weight(6);
  std::vector<std::uint8_t> out(6), small(5);
  EXPECT_THROW(nearest_levels(weight, 1, format, small), Error);
  EXPECT_THROW(nearest_levels(weight, 4, format, out), Error);
  EXPECT_THROW(nearest_levels(weight, 0, format, out), Error);
  format.scales = {1.0F, 1.0F};
  EXPECT_THROW(nearest_levels(weight, 3, format, out), Error);
  format.codebooks = {Codebook()};
  EXPECT_THROW(nearest_levels(weight, 2, format, out), Error);
  nearest_levels({}, 1, {0, {Codebook::from_levels({1.0F})}, {}}, {});  // nothing to do
}

}  // namespace
}  // namespace vbq
