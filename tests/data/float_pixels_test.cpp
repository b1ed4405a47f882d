#include "data/float_pixels.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "data/pixel_table.hpp"
#include "vbq/error.hpp"

namespace vbq::test {
namespace {

// 3 images of 2 channels of 5 pixels; each channel has pixels 0 and 255 somewhere.
std::vector<std::uint8_t> some_pixels() {
  std::vector<std::uint8_t> pixels;
  for (std::size_t i = 0; i < 30; ++i) pixels.push_back(static_cast<std::uint8_t>(i * 37 % 256));
  pixels[3] = pixels[27] = 0;
  pixels[13] = pixels[6] = 255;
  return pixels;
}

std::vector<float> fed(const std::vector<std::uint8_t>& pixels, const Normalisation& normalisation) {
  std::vector<float> values(pixels.size());
  for (std::size_t image = 0; image < 3; ++image) {
    normalise(pixel_table(normalisation), &pixels[image * 10], 5, &values[image * 10]);
  }
  return values;
}

const Normalisation kGiven{{0.485F, 0.3F}, {0.229F, 0.5F}};

TEST(FloatPixels, AreThePixelsThatTheValuesCameFrom) {
  const std::vector<std::uint8_t> pixels = some_pixels();
  const FloatPixels told = pixels_of(fed(pixels, kGiven), 2, 5, kGiven, "x.npy");
  EXPECT_EQ(told.pixels, pixels);
  EXPECT_EQ(told.normalisation, kGiven);
  EXPECT_LT(told.rounding, 1e-4);
}

// Nobody says how they were normalised; each channel has its least and its greatest pixel.
TEST(FloatPixels, FindTheNormalisation) {
  const std::vector<std::uint8_t> pixels = some_pixels();
  const std::vector<float> values = fed(pixels, kGiven);
  const FloatPixels found = pixels_of(values, 2, 5, {}, "x.npy");
  EXPECT_EQ(found.pixels, pixels);
  EXPECT_LT(found.rounding, 1e-4);
  const std::vector<float> again = fed(found.pixels, found.normalisation);
  for (std::size_t i = 0; i < values.size(); ++i) EXPECT_NEAR(again[i], values[i], 2e-6) << i;
}

TEST(FloatPixels, AreRoundedWhereThereAreMoreValuesThanPixels) {
  std::vector<float> values;
  for (int i = 0; i < 3000; ++i) values.push_back(std::sin(static_cast<float>(i)) * 3.0F + 1.0F);
  const FloatPixels found = pixels_of(values, 1, 3000, {}, "x.npy");
  EXPECT_NEAR(found.rounding, 1 / std::sqrt(12.0), 0.02);  // as of numbers between two steps
  const PixelTable table = pixel_table(found.normalisation);
  const float step = table[0][1] - table[0][0];
  for (std::size_t i = 0; i < values.size(); ++i) ASSERT_NEAR(table[0][found.pixels[i]], values[i], 0.501F * step) << i;
}

TEST(FloatPixels, AConstantChannelStaysWhatItIs) {
  const FloatPixels found = pixels_of(std::vector<float>(6, -2.5F), 1, 6, {}, "x.npy");
  EXPECT_EQ(pixel_table(found.normalisation)[0][found.pixels[0]], -2.5F);
}

TEST(FloatPixels, RefuseWhatIsNoImage) {
  std::vector<float> values = fed(some_pixels(), kGiven);
  const auto refused = [&](const Normalisation& given) -> std::string {
    try {
      pixels_of(values, 2, 5, given, "x.npy");
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  values[17] = 40;  // image 1, channel 1
  EXPECT_NE(refused(kGiven).find("x.npy: image 1 (counted from 0) holds 40 in channel 1, which is pixel 5176.5"),
            std::string::npos)
      << refused(kGiven);
  EXPECT_NE(refused({{0, 0, 0}, {}}).find("3 means"), std::string::npos) << refused({{0, 0, 0}, {}});
  values[17] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_NE(refused({}).find("image 1 (counted from 0) holds nan"), std::string::npos) << refused({});
  values[17] = 3e38F;
  EXPECT_NE(refused({}).find("that is no image"), std::string::npos) << refused({});
}

}  // namespace
}  // namespace vbq::test
