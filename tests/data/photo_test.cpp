// JPEG and PNG decoding, resizing and cropping against what Pillow makes of the same files (photos/make.py).
#include <gtest/gtest.h>

#include <algorithm>

#include "core/random.hpp"
#include "data/npy.hpp"
#include "data/picture.hpp"
#include "data/preprocessing.hpp"
#include "support/folder.hpp"

namespace vbq {
namespace {
namespace fs = std::filesystem;

using test::error_of;
using test::has;

const fs::path kPhotos = fs::path(VBQ_SOURCE) / "tests" / "data" / "photos";

Picture decode(const std::string& file) {
  return decode_picture({reinterpret_cast<const std::uint8_t*>(file.data()), file.size()}, "image x");
}
Picture photo(const std::string& name) { return decode(test::get(kPhotos / name)); }

// Same size and pixels as photos/NAME.npy, [H, W, 3] or [H, W].
void expect_is(const Picture& picture, const std::string& name) {
  const NpyArray wanted = read_npy(kPhotos / (name + ".npy"));
  std::vector<std::int64_t> shape{picture.height, picture.width};
  if (picture.channels != 1) shape.push_back(picture.channels);
  EXPECT_EQ(shape, wanted.shape) << name;
  EXPECT_TRUE(picture.pixels == wanted.bytes) << name;
}

// preprocess() gives planes.
Picture interleaved(const Picture& planes) {
  Picture out{planes.height, planes.width, planes.channels, {}};
  const std::int64_t plane = planes.height * planes.width;
  for (std::int64_t i = 0; i < plane; ++i) {
    for (std::int64_t c = 0; c < planes.channels; ++c) {
      out.pixels.push_back(planes.pixels[static_cast<std::size_t>(c * plane + i)]);
    }
  }
  return out;
}

TEST(Photo, DecodesAsPillowDoes) {
  for (const char* name :
       {"rgb.jpg", "progressive.jpg", "grey.jpg", "cmyk.jpg", "plain.png", "rgba.png", "palette.png", "one_bit.png"}) {
    const std::string file = name;
    expect_is(photo(file), file.substr(0, file.find('.')));
  }
}

// Where Pillow would clip at 255, and leave little of the picture (photos/make.py): the upper 8 bits.
TEST(Photo, GreyOf16BitsKeepsItsUpperBits) {
  const Picture deep = photo("deep.png");
  const auto [least, greatest] = std::ranges::minmax(deep.pixels);
  EXPECT_LT(least, 60);
  EXPECT_GT(greatest, 200);
  expect_is(deep, "deep");
}

TEST(Photo, ResamplesAsPillowDoes) {
  const Picture rgb = photo("rgb.jpg");
  expect_is(grey_of(rgb), "luma");
  for (const auto& [interpolation, name] :
       {std::pair{Interpolation::bilinear, "bilinear"}, {Interpolation::bicubic, "bicubic"}}) {
    expect_is(resample(rgb, 5, 7, interpolation), std::string(name) + "_smaller");
    expect_is(resample(rgb, 23, 31, interpolation), std::string(name) + "_larger");
    expect_is(resample(rgb, 20, 7, interpolation), std::string(name) + "_mixed");
    EXPECT_EQ(resample(rgb, rgb.height, rgb.width, interpolation).pixels, rgb.pixels);
  }
}

TEST(Photo, ResizesAndCropsAsTorchvisionDoes) {
  Preprocessing how{{9, 0}, {6, 7}};
  expect_is(interleaved(preprocess(photo("rgb.jpg"), how, "x")), "resized_and_cropped");
  EXPECT_EQ(how.text(), "resize shorter side to 9 (bilinear, antialiased), centre crop 6x7, RGB");
  how.grey = true;
  const Picture grey = preprocess(photo("rgb.jpg"), how, "x");
  EXPECT_EQ(grey.channels, 1);
  EXPECT_EQ(grey.pixels.size(), 42U);
  how = {{}, {14, 18}};
  EXPECT_TRUE(has(error_of([&] { preprocess(photo("rgb.jpg"), how, "image y"); }),
                  "image y has 13x18 pixels (height, width), after any resizing: at least the crop of 14x18"));
  // The longer side rounded down, upright or not; a huge one is refused.
  Picture thin{1, 60000, 3, std::vector<std::uint8_t>(180000)};
  how = {{16384, 0}, {}};
  EXPECT_TRUE(has(error_of([&] { preprocess(thin, how, "image z"); }), "image z has 1x60000 pixels"));
  const Picture upright = preprocess(Picture{7, 4, 3, std::vector<std::uint8_t>(84, 9)}, {{6, 0}, {}}, "x");
  EXPECT_EQ(upright.height, 10);
  EXPECT_EQ(upright.width, 6);
}

TEST(Photo, ParsesSizes) {
  EXPECT_EQ(parse_image_size("256", "--resize"), (ImageSize{256, 0}));
  EXPECT_EQ(parse_image_size("224x192", "--resize"), (ImageSize{224, 192}));
  EXPECT_EQ(parse_crop_size("224", "--crop"), (ImageSize{224, 224}));
  for (const char* text : {"", "x", "0", "-1", "1x", "x1", "16385", "224X224", "1x2x3", " 1", "99999999999999999999"}) {
    EXPECT_TRUE(has(error_of([&] { parse_image_size(text, "--resize"); }), "--resize is \"")) << text;
  }
}

TEST(Photo, RefusesWhatIsNone) {
  EXPECT_TRUE(has(error_of([] { decode(""); }), "image x is neither a JPEG nor a PNG file"));
  EXPECT_TRUE(has(error_of([] { decode("GIF89a"); }), "neither a JPEG nor a PNG"));
  const std::string jpeg = test::get(kPhotos / "rgb.jpg"), png = test::get(kPhotos / "plain.png");
  EXPECT_TRUE(has(error_of([&] { decode(jpeg.substr(0, jpeg.size() - 60)); }), "image x is damaged: "));
  EXPECT_TRUE(
      has(error_of([&] { decode(png.substr(0, png.size() - 40)); }), "image x is damaged: the file is cut off"));
  std::string large = png;  // 2^31 - 1 pixels wide; the header's checksum no longer fits, which libpng would forgive
  large[16] = '\x7f';
  error_of([&] { decode(large); });
}

// Every length and many a flipped bit: an Error or a picture, never more.
TEST(Photo, SurvivesDamage) {
  Random random(1, 0, 0, Purpose::test);
  for (const char* name : {"progressive.jpg", "cmyk.jpg", "palette.png", "rgba.png"}) {
    const std::string whole = test::get(kPhotos / name);
    int refused = 0;
    const auto attempt = [&](const std::string& file) {
      try {
        const Picture picture = decode(file);
        EXPECT_EQ(static_cast<std::int64_t>(picture.pixels.size()), picture.height * picture.width * 3);
      } catch (const Error&) {
        ++refused;
      }
    };
    for (std::size_t size = 0; size + 20 < whole.size(); size += 7) attempt(whole.substr(0, size));
    EXPECT_GE(refused, static_cast<int>((whole.size() - 20) / 7)) << name;  // cut off is never a picture
    for (int i = 0; i < 300; ++i) {
      std::string damaged = whole;
      damaged[random.below(damaged.size())] ^= static_cast<char>(1 << random.below(8));
      attempt(damaged);
    }
  }
}

}  // namespace
}  // namespace vbq
