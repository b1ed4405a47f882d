#include "data/dataset_checks.hpp"

#include <algorithm>
#include <cmath>

#include "core/check.hpp"
#include "data/dataset_hash.hpp"
#include "vbq/label.hpp"

namespace vbq {
namespace {

std::int64_t product(std::int64_t a, std::int64_t b, const char* what, const std::string& where) {
  std::int64_t result = 0;
  if (__builtin_mul_overflow(a, b, &result))
    fail("{}: {} of {} times {} are more than can be counted", where, what, a, b);
  return result;
}

void match(const char* what, std::int64_t& stated, std::int64_t found, const std::string& where) {
  if (stated != 0 && stated != found) fail("{}: {} is {}, {} was stated", where, what, found, stated);
  stated = found;
}

}  // namespace

std::int64_t image_bytes(std::int64_t channels, std::int64_t height, std::int64_t width, const std::string& where) {
  if (channels < 1 || height < 1 || width < 1) {
    fail("{}: images of {}x{}x{} (channels, height, width): at least 1x1x1 was expected", where, channels, height,
         width);
  }
  return product(product(channels, height, "pixels", where), width, "pixels", where);
}

std::int64_t pixel_bytes(std::int64_t count, std::int64_t bytes_an_image, const std::string& where) {
  if (count < 1) fail("{}: {} images were found: at least one was expected", where, count);
  return product(count, bytes_an_image, "pixels", where);
}

Normalisation complete_normalisation(Normalisation given, std::int64_t channels, const std::string& where) {
  const auto size = static_cast<std::size_t>(channels);
  if (given.mean.empty()) given.mean.assign(size, 0.0F);
  if (given.std.empty()) given.std.assign(size, 1.0F);
  if (given.mean.size() != size || given.std.size() != size) {
    fail("{}: normalisation has {} means and {} standard deviations: one each for {} channels was expected", where,
         given.mean.size(), given.std.size(), channels);
  }
  for (std::size_t c = 0; c < size; ++c) {
    if (!std::isfinite(given.mean[c]))
      fail("{}: mean of channel {} is {}: a finite number was expected", where, c, given.mean[c]);
    if (!std::isfinite(given.std[c]) || given.std[c] <= 0) {
      fail("{}: standard deviation of channel {} is {}: a finite number above 0 was expected", where, c, given.std[c]);
    }
  }
  return given;
}

void check_labels(std::span<const std::int32_t> labels, std::int64_t classes, const std::string& where) {
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (classes == 0 && labels[i] == kNoLabel) continue;
    if (labels[i] < 0 || labels[i] >= classes) {
      fail("{}: image {} (counted from 0) has label {}: 0..{} was expected", where, i, labels[i], classes - 1);
    }
  }
}

void check_class_names(const DatasetInfo& info, const std::string& where) {
  if (!info.class_names.empty() && static_cast<std::int64_t>(info.class_names.size()) != info.classes) {
    fail("{}: {} class names were found for {} classes", where, info.class_names.size(), info.classes);
  }
}

void check_indices(std::span<const std::int64_t> indices, std::int64_t count, const std::string& where) {
  for (std::size_t i = 0; i < indices.size(); ++i) {
    if (indices[i] < 0 || indices[i] >= count) {
      fail("{}: image {} was asked for: 0..{} was expected", where, indices[i], count - 1);
    }
    if (i != 0 && indices[i] <= indices[i - 1]) {
      fail_internal("{}: image {} was asked for after image {}: ascending indices were expected", where, indices[i],
                    indices[i - 1]);
    }
  }
}

void complete_info(DatasetInfo& info, const Images& images, const std::string& where) {
  const std::int64_t one = image_bytes(images.channels, images.height, images.width, where);
  const std::int64_t all = pixel_bytes(images.count, one, where);
  if (static_cast<std::int64_t>(images.pixels.size()) != all) {
    fail("{}: {} bytes of pixels were found: {} images of {} bytes were expected", where, images.pixels.size(),
         images.count, one);
  }
  if (static_cast<std::int64_t>(images.labels.size()) != images.count) {
    fail("{}: {} labels were found for {} images", where, images.labels.size(), images.count);
  }
  match("the number of images", info.count, images.count, where);
  match("the number of channels", info.channels, images.channels, where);
  match("the height", info.height, images.height, where);
  match("the width", info.width, images.width, where);
  if (info.classes == 0) {
    const std::int64_t largest = *std::max_element(images.labels.begin(), images.labels.end());
    info.classes = info.class_names.empty() ? largest + 1 : static_cast<std::int64_t>(info.class_names.size());
  }
  check_labels(images.labels, info.classes, where);
  check_class_names(info, where);
  info.normalisation = complete_normalisation(std::move(info.normalisation), info.channels, where);
  info.hash = dataset_hash(images, info.normalisation);
}

}  // namespace vbq
