// Images and labels as a pair of .npy arrays.
#include <limits>

#include "core/check.hpp"
#include "data/channels_first.hpp"
#include "data/dataset_checks.hpp"
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

void append_npy(Images& images, const std::filesystem::path& image_file, const std::filesystem::path& label_file,
                std::optional<Layout> layout) {
  NpyArray pixels = read_npy(image_file);
  const auto& shape = pixels.shape;
  if (pixels.type != NpyType::uint8 || (shape.size() != 4 && shape.size() != 3)) {
    fail("{} is {} of shape [{}]: images of uint8 [N, C, H, W], [N, H, W, C] or [N, H, W] were expected", pixels.origin,
         npy_type_name(pixels.type), fmt::join(shape, ", "));
  }
  std::int64_t one = 1;  // bytes an image
  for (std::size_t a = 1; a < shape.size(); ++a) one = image_bytes(one, shape[a], 1, pixels.origin);
  pixel_bytes(shape[0], one, pixels.origin);
  std::vector<std::int32_t> labels = label_file.empty()
                                         ? std::vector<std::int32_t>(static_cast<std::size_t>(shape[0]), kNoLabel)
                                         : read_labels(label_file, pixels);

  Images more{shape[0], 1, shape[1], shape[2], std::move(pixels.bytes), std::move(labels)};
  if (shape.size() == 4 && (layout ? *layout : layout_of(shape, pixels.origin)) == Layout::nhwc) {
    more.channels = shape[3];
    more.pixels =
        channels_first(more.pixels, static_cast<std::size_t>(shape[3]), static_cast<std::size_t>(shape[1] * shape[2]));
  } else if (shape.size() == 4) {
    more.channels = shape[1];
    more.height = shape[2];
    more.width = shape[3];
  }
  append_images(images, std::move(more), pixels.origin);
}

}  // namespace vbq
