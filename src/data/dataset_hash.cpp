#include "data/dataset_hash.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

#include "core/check.hpp"

namespace vbq {

DatasetHasher::DatasetHasher(std::int64_t count, std::int64_t channels, std::int64_t height, std::int64_t width,
                             const Normalisation& normalisation) {
  hasher_.text("vbq dataset 1");
  for (const std::int64_t extent : {count, channels, height, width}) hasher_.value(extent);
  hasher_.array<float>(normalisation.mean);
  hasher_.array<float>(normalisation.std);
}

void DatasetHasher::pixels(std::span<const std::uint8_t> piece) { hasher_.bytes(piece.data(), piece.size()); }

std::string DatasetHasher::finish(std::span<const std::int32_t> labels) {
  hasher_.array(labels);
  return hasher_.hex();
}

std::string dataset_hash(const Images& images, const Normalisation& normalisation) {
  DatasetHasher hasher(images.count, images.channels, images.height, images.width, normalisation);
  hasher.pixels(images.pixels);
  return hasher.finish(images.labels);
}

std::string dataset_hash(const ImageSource& source) {
  constexpr std::int64_t kPiece = 4 << 20;  // bytes
  const DatasetInfo& info = source.info();
  const std::int64_t step = std::max<std::int64_t>(1, kPiece / (info.channels * info.height * info.width));
  DatasetHasher hasher(info.count, info.channels, info.height, info.width, info.normalisation);
  std::vector<std::int64_t> indices;
  for (std::int64_t first = 0; first < info.count; first += step) {
    indices.resize(static_cast<std::size_t>(std::min(step, info.count - first)));
    std::iota(indices.begin(), indices.end(), first);
    hasher.pixels(source.read(indices).pixels);
  }
  return hasher.finish(source.labels());
}

void verify_hash(const ImageSource& source) {
  const std::string found = dataset_hash(source);
  if (found != source.info().hash) {
    fail("dataset {} is damaged: its images have the hash {}, {} was stored with them", source.info().origin, found,
         source.info().hash);
  }
}

}  // namespace vbq
