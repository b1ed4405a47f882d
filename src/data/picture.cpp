#include "data/picture.hpp"

#include <algorithm>
#include <array>

#include "core/check.hpp"

namespace vbq {

Picture empty_picture(std::int64_t height, std::int64_t width, std::int64_t channels, const std::string& where) {
  if (height < 1 || width < 1 || height > kMostPicturePixels / width) {
    fail("{} is an image of {}x{} pixels: at least 1x1 and at most {} in all were expected", where, height, width,
         kMostPicturePixels);
  }
  Picture picture{height, width, channels, {}};
  picture.pixels.resize(static_cast<std::size_t>(height * width * channels));
  return picture;
}

Picture decode_picture(std::span<const std::uint8_t> file, const std::string& where) {
  constexpr std::array<std::uint8_t, 3> kJpeg{0xFF, 0xD8, 0xFF};
  constexpr std::array<std::uint8_t, 8> kPng{0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
  const auto starts_with = [&](std::span<const std::uint8_t> magic) {
    return file.size() >= magic.size() && std::equal(magic.begin(), magic.end(), file.begin());
  };
  if (starts_with(kJpeg)) return decode_jpeg(file, where);
  if (starts_with(kPng)) return decode_png(file, where);
  fail("{} is neither a JPEG nor a PNG file", where);
}

Picture grey_of(const Picture& rgb) {
  Picture grey{rgb.height, rgb.width, 1, {}};
  grey.pixels.reserve(rgb.pixels.size() / 3);
  for (std::size_t i = 0; i + 2 < rgb.pixels.size(); i += 3) {
    const std::uint32_t luma = 19595U * rgb.pixels[i] + 38470U * rgb.pixels[i + 1] + 7471U * rgb.pixels[i + 2];
    grey.pixels.push_back(static_cast<std::uint8_t>((luma + 0x8000U) >> 16));
  }
  return grey;
}

}  // namespace vbq
