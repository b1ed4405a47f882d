#include "data/preprocessing.hpp"

#include <algorithm>
#include <charconv>

#include "core/check.hpp"

namespace vbq {
namespace {

constexpr std::int64_t kLargestExtent = 16384;

std::int64_t parse_extent(const std::string& digits, const std::string& text, const std::string& option) {
  std::int64_t value = 0;
  const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (code != std::errc() || end != digits.data() + digits.size() || value < 1 || value > kLargestExtent) {
    fail("{} is \"{}\": pixels such as 256, or HEIGHTxWIDTH such as 224x224, up to {}, were expected", option, text,
         kLargestExtent);
  }
  return value;
}

// torchvision rounds the longer side down.
ImageSize resized(const Picture& picture, const ImageSize& asked) {
  if (asked.width != 0) return asked;
  const bool upright = picture.height > picture.width;
  const std::int64_t shorter = std::min(picture.height, picture.width),
                     longer = std::max(picture.height, picture.width);
  const std::int64_t other = asked.height * longer / shorter;
  return upright ? ImageSize{other, asked.height} : ImageSize{asked.height, other};
}

// Half of the surplus, to the nearest even number where it ends in a half, as Python's round().
std::int64_t centre_start(std::int64_t extent, std::int64_t crop) {
  const std::int64_t surplus = extent - crop, half = surplus / 2;
  return surplus % 2 != 0 && half % 2 != 0 ? half + 1 : half;
}

Picture cropped(const Picture& in, const ImageSize& size, const std::string& where) {
  if (in.height < size.height || in.width < size.width) {
    fail("{} has {}x{} pixels (height, width), after any resizing: at least the crop of {}x{} was expected", where,
         in.height, in.width, size.height, size.width);
  }
  const std::int64_t top = centre_start(in.height, size.height), left = centre_start(in.width, size.width);
  Picture out{size.height, size.width, in.channels, {}};
  for (std::int64_t y = 0; y < size.height; ++y) {
    const auto from = in.pixels.begin() + ((top + y) * in.width + left) * in.channels;
    out.pixels.insert(out.pixels.end(), from, from + size.width * in.channels);
  }
  return out;
}

Picture planes_of(const Picture& in) {
  Picture out{in.height, in.width, in.channels, {}};
  out.pixels.reserve(in.pixels.size());
  for (std::int64_t c = 0; c < in.channels; ++c) {
    for (std::size_t i = static_cast<std::size_t>(c); i < in.pixels.size();
         i += static_cast<std::size_t>(in.channels)) {
      out.pixels.push_back(in.pixels[i]);
    }
  }
  return out;
}

}  // namespace

std::string Preprocessing::text() const {
  std::string text;
  const char* name = interpolation == Interpolation::bilinear ? "bilinear" : "bicubic";
  if (resize.height != 0 && resize.width == 0) {
    text += fmt::format("resize shorter side to {} ({}, antialiased), ", resize.height, name);
  } else if (resize.height != 0) {
    text += fmt::format("resize to {}x{} ({}, antialiased), ", resize.height, resize.width, name);
  }
  if (crop.height != 0) text += fmt::format("centre crop {}x{}, ", crop.height, crop.width);
  return text + (grey ? "grey" : "RGB");
}

ImageSize parse_image_size(const std::string& text, const std::string& option) {
  const auto x = text.find('x');
  if (x == std::string::npos) return {parse_extent(text, text, option), 0};
  return {parse_extent(text.substr(0, x), text, option), parse_extent(text.substr(x + 1), text, option)};
}

ImageSize parse_crop_size(const std::string& text, const std::string& option) {
  ImageSize size = parse_image_size(text, option);
  if (size.width == 0) size.width = size.height;
  return size;
}

Picture preprocess(Picture picture, const Preprocessing& how, const std::string& where) {
  if (how.grey) picture = grey_of(picture);
  if (how.resize.height != 0) {
    const ImageSize size = resized(picture, how.resize);
    if (size.height > kMostPicturePixels / size.width) {
      fail("{} has {}x{} pixels, which would become {}x{}: at most {} pixels were expected", where, picture.height,
           picture.width, size.height, size.width, kMostPicturePixels);
    }
    picture = resample(picture, size.height, size.width, how.interpolation);
  }
  if (how.crop.height != 0) picture = cropped(picture, how.crop, where);
  return planes_of(picture);
}

}  // namespace vbq
