// Images and labels as a pair of .npy arrays.
#include <limits>

#include "core/check.hpp"
#include "data/channels_first.hpp"
#include "data/dataset_checks.hpp"
#include "data/float_pixels.hpp"
#include "data/import_kinds.hpp"
#include "data/npy.hpp"
#include "vbq/label.hpp"

namespace vbq {
namespace {

bool is_channels(std::int64_t extent) { return extent == 1 || extent == 3 || extent == 4; }

// Of [N, a, b, c]: where the channels are. A wrong guess would be noise to any network, so nothing is guessed: grey,
// RGB and RGBA tell, and where neither end is one of them, a square image.
Layout layout_of(const std::vector<std::int64_t>& shape, const std::string& where) {
  const std::int64_t a = shape[1], b = shape[2], c = shape[3];
  if (is_channels(a) && !is_channels(c)) return Layout::nchw;
  if (is_channels(c) && a > 4) return Layout::nhwc;
  if (!is_channels(a) && !is_channels(c)) {
    if (b == c && a != b) return Layout::nchw;
    if (a == b && c != b) return Layout::nhwc;
  }
  fail(
      "{} has shape [{}], whose channels may be first or last: `vbq data import npy --layout nchw` or `nhwc` says "
      "which",
      where, fmt::join(shape, ", "));
}

// One for each of the images.
std::vector<std::int32_t> read_labels(const std::filesystem::path& file, const NpyArray& images) {
  const NpyArray labels = read_npy(file);
  if (labels.shape.size() != 1 || labels.shape[0] != images.shape[0]) {
    fail("{} has shape [{}]: labels of shape [{}] were expected, one an image of {}", labels.origin,
         fmt::join(labels.shape, ", "), images.shape[0], images.origin);
  }
  std::vector<std::int32_t> read;
  read.reserve(static_cast<std::size_t>(images.shape[0]));
  for (const std::int64_t value : labels.as_integers()) {
    if (value < 0 || value >= kMostClasses) {
      fail("{}: image {} (counted from 0) has label {}: 0..{} was expected", labels.origin, read.size(), value,
           kMostClasses - 1);
    }
    read.push_back(static_cast<std::int32_t>(value));
  }
  return read;
}

}  // namespace

void append_npy(NpyImages& all, const std::filesystem::path& image_file, const std::filesystem::path& label_file,
                std::optional<Layout> layout) {
  NpyArray array = read_npy(image_file);
  const auto& shape = array.shape;
  const bool floats = array.type == NpyType::float32 || array.type == NpyType::float64;
  if ((array.type != NpyType::uint8 && !floats) || (shape.size() != 4 && shape.size() != 3)) {
    fail("{} is {} of shape [{}]: images of uint8 or float32 [N, C, H, W], [N, H, W, C] or [N, H, W] were expected",
         array.origin, npy_type_name(array.type), fmt::join(shape, ", "));
  }
  if (all.images.count > 0 && floats == all.values.empty()) {
    fail("{} is {}: the files before it are not", array.origin, npy_type_name(array.type));
  }
  std::int64_t one = 1;  // values an image
  for (std::size_t a = 1; a < shape.size(); ++a) one = image_bytes(one, shape[a], 1, array.origin);
  pixel_bytes(shape[0], one, array.origin);
  std::vector<std::int32_t> labels = label_file.empty()
                                         ? std::vector<std::int32_t>(static_cast<std::size_t>(shape[0]), kNoLabel)
                                         : read_labels(label_file, array);

  Images more{shape[0], 1, shape[1], shape[2], {}, std::move(labels)};
  const bool last = shape.size() == 4 && (layout ? *layout : layout_of(shape, array.origin)) == Layout::nhwc;
  if (shape.size() == 4) {
    more.channels = shape[last ? 3 : 1];
    more.height = shape[last ? 1 : 2];
    more.width = shape[last ? 2 : 3];
  }
  const auto as_channels_first = [&](auto values) {
    const auto channels = static_cast<std::size_t>(more.channels);
    if (!last) return values;
    return channels_first(values, channels, static_cast<std::size_t>(more.height * more.width));
  };
  std::vector<float> values;
  if (floats) {
    values = array.as_floats();
    array.bytes = {};  // before more is taken
    values = as_channels_first(std::move(values));
  } else {
    more.pixels = as_channels_first(std::move(array.bytes));
  }
  append_images(all.images, std::move(more), array.origin);  // which refuses other extents
  if (all.values.empty()) {
    all.values = std::move(values);
  } else {
    all.values.insert(all.values.end(), values.begin(), values.end());
  }
}

Normalisation finish(NpyImages& all, Normalisation given, const std::string& where,
                     std::vector<std::string>& warnings) {
  if (all.values.empty()) return given;
  FloatPixels found =
      pixels_of(all.values, all.images.channels, all.images.height * all.images.width, std::move(given), where);
  constexpr double kExact = 1e-3;  // of a step: floats of images of 8 bits
  if (found.rounding > kExact) {
    warnings.push_back(fmt::format(
        "{}: values are kept as pixels, 256 steps a channel: they are rounded by {:.2f} of a step (root mean "
        "square)",
        where, found.rounding));
  }
  all.images.pixels = std::move(found.pixels);
  all.values = {};
  return std::move(found.normalisation);
}

}  // namespace vbq
