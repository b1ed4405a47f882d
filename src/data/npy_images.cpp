// Images and labels as a pair of .npy arrays.
#include <limits>

#include "core/check.hpp"
#include "data/dataset_checks.hpp"
#include "data/import_kinds.hpp"
#include "data/npy.hpp"

namespace vbq {
namespace {

// Height x width x channels is what most image programs hold: taken for NCHW it would be noise to any network.
bool looks_channels_last(const std::vector<std::int64_t>& shape) {
  return shape.size() == 4 && shape[1] > 4 && (shape[3] == 1 || shape[3] == 3 || shape[3] == 4);
}

}  // namespace

void append_npy(Images& images, const std::filesystem::path& image_file, const std::filesystem::path& label_file) {
  NpyArray pixels = read_npy(image_file);
  const auto& shape = pixels.shape;
  if (pixels.type != NpyType::uint8 || (shape.size() != 4 && shape.size() != 3)) {
    fail("{} is {} of shape [{}]: images of uint8 [N, C, H, W] or [N, H, W] were expected", pixels.origin,
         npy_type_name(pixels.type), fmt::join(shape, ", "));
  }
  if (looks_channels_last(shape)) {
    fail("{} has shape [{}], channels last: [N, C, H, W] was expected (x.transpose(0, 3, 1, 2) makes it)",
         pixels.origin, fmt::join(shape, ", "));
  }
  const std::size_t rows = shape.size() - 2;
  Images more{shape[0], shape.size() == 4 ? shape[1] : 1, shape[rows], shape[rows + 1], std::move(pixels.bytes), {}};
  pixel_bytes(more.count, image_bytes(more.channels, more.height, more.width, pixels.origin), pixels.origin);

  const NpyArray labels = read_npy(label_file);
  if (labels.shape.size() != 1 || labels.shape[0] != more.count) {
    fail("{} has shape [{}]: labels of shape [{}] were expected, one an image of {}", labels.origin,
         fmt::join(labels.shape, ", "), more.count, pixels.origin);
  }
  const std::vector<std::int64_t> values = labels.as_integers();
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i] < 0 || values[i] >= kMostClasses) {
      fail("{}: image {} (counted from 0) has label {}: 0..{} was expected", labels.origin, i, values[i],
           kMostClasses - 1);
    }
    more.labels.push_back(static_cast<std::int32_t>(values[i]));
  }
  append_images(images, std::move(more), pixels.origin);
}

}  // namespace vbq
