// MNIST's idx files, gzipped or not.
#include <optional>

#include "core/check.hpp"
#include "core/source_size.hpp"
#include "data/dataset_checks.hpp"
#include "data/import_kinds.hpp"
#include "data/input_file.hpp"

namespace vbq {
namespace {

constexpr std::int32_t kDigits = 10;

struct Idx {
  std::vector<std::int64_t> extents;
  std::vector<std::uint8_t> values;
  std::string name;
};

Idx read_idx(const std::filesystem::path& path, std::uint32_t magic, const char* what) {
  GzipFile file(path, what);
  const std::size_t axes = magic & 0xFF;
  const std::size_t header_bytes = 4 + 4 * axes;
  const std::vector<std::uint8_t> header = file.read(header_bytes);
  if (header.size() >= 4 && big_endian(header) != magic) {
    fail("{} starts with {:08x}: {:08x} was expected{}", file.name(), big_endian(header), magic,
         big_endian(header) == kIdxImages || big_endian(header) == kIdxLabels ? " (images come first, then labels)"
                                                                              : "");
  }
  if (header.size() < header_bytes) fail("{} ends inside its header, after {} bytes", file.name(), header.size());

  Idx idx{{}, {}, file.name()};
  std::uint64_t promised = 1;
  for (std::size_t a = 0; a < axes; ++a) {
    const std::uint32_t extent = big_endian(std::span(header).subspan(4 + 4 * a));
    idx.extents.push_back(extent);
    if (extent == 0 || extent > kLargestSource / promised) {
      fail("{} promises [{}] values: 1..{} were expected", file.name(), fmt::join(idx.extents, ", "), kLargestSource);
    }
    promised *= extent;
  }
  if (!file.gzipped() && file.file_size() != header_bytes + promised) {
    fail("{} has {} bytes: {} were expected for [{}] values", file.name(), file.file_size(), header_bytes + promised,
         fmt::join(idx.extents, ", "));
  }
  idx.values = file.read(promised);
  if (idx.values.size() != promised) {
    fail("{} ends after {} values: {} were expected for [{}]", file.name(), idx.values.size(), promised,
         fmt::join(idx.extents, ", "));
  }
  if (!file.at_end()) fail("{} goes on after the {} values that its header promises", file.name(), promised);
  return idx;
}

}  // namespace

std::uint32_t big_endian(std::span<const std::uint8_t> four) {
  return static_cast<std::uint32_t>(four[0]) << 24 | static_cast<std::uint32_t>(four[1]) << 16 |
         static_cast<std::uint32_t>(four[2]) << 8 | four[3];
}

void append_mnist(Images& images, const std::filesystem::path& image_file, const std::filesystem::path& label_file) {
  const Idx labels = read_idx(label_file, kIdxLabels, "MNIST labels");
  Idx pixels = read_idx(image_file, kIdxImages, "MNIST images");
  if (labels.extents[0] != pixels.extents[0]) {
    fail("{} holds {} labels, {} holds {} images: as many were expected", labels.name, labels.extents[0], pixels.name,
         pixels.extents[0]);
  }
  Images more{pixels.extents[0], 1, pixels.extents[1], pixels.extents[2], std::move(pixels.values), {}};
  more.labels.assign(labels.values.begin(), labels.values.end());
  check_labels(more.labels, kDigits, labels.name);
  append_images(images, std::move(more), pixels.name);
}

}  // namespace vbq
