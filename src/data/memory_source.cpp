// ImageSource over images that are in memory already.
#include "data/memory_source.hpp"

#include <algorithm>
#include <utility>

#include "data/dataset_checks.hpp"

namespace vbq {
namespace {

class MemorySource final : public ImageSource {
 public:
  MemorySource(Images images, DatasetInfo info) : images_(std::move(images)), info_(std::move(info)) {
    if (info_.origin.empty()) info_.origin = "memory";
    complete_info(info_, images_, "images of " + info_.origin);
  }

  const DatasetInfo& info() const override { return info_; }
  std::vector<std::int32_t> labels() const override { return images_.labels; }

  Images read(std::span<const std::int64_t> indices) const override {
    check_indices(indices, images_.count, "images of " + info_.origin);
    const auto one = images_.pixels.size() / static_cast<std::size_t>(images_.count);
    Images out{static_cast<std::int64_t>(indices.size()), images_.channels, images_.height, images_.width, {}, {}};
    out.pixels.resize(indices.size() * one);
    out.labels.resize(indices.size());
    for (std::size_t i = 0; i < indices.size(); ++i) {
      const auto from = static_cast<std::size_t>(indices[i]);
      std::copy_n(images_.pixels.data() + from * one, one, out.pixels.data() + i * one);
      out.labels[i] = images_.labels[from];
    }
    return out;
  }

  std::int64_t bytes() const {
    return static_cast<std::int64_t>(images_.pixels.capacity() + images_.labels.capacity() * sizeof(std::int32_t));
  }

 private:
  Images images_;
  DatasetInfo info_;
};

}  // namespace

std::int64_t bytes_in_memory(const ImageSource& source) {
  const auto* memory = dynamic_cast<const MemorySource*>(&source);
  return memory == nullptr ? 0 : memory->bytes();
}

std::unique_ptr<ImageSource> memory_source(Images images, DatasetInfo info) {
  return std::make_unique<MemorySource>(std::move(images), std::move(info));
}

}  // namespace vbq
