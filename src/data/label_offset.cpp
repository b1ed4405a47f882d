#include "data/label_offset.hpp"

#include <algorithm>
#include <utility>

#include "core/check.hpp"
#include "core/hash.hpp"
#include "data/import_kinds.hpp"

namespace vbq {
namespace {

class OffsetSource final : public ImageSource {
 public:
  OffsetSource(std::shared_ptr<const ImageSource> source, std::int32_t offset)
      : source_(std::move(source)), info_(source_->info()), offset_(offset) {
    info_.classes += offset;
    info_.class_names.clear();  // they are of other labels
    Hasher hasher;
    hasher.text(info_.hash);
    hasher.value(offset);
    info_.hash = hasher.hex();
  }

  const DatasetInfo& info() const override { return info_; }
  std::vector<std::int32_t> labels() const override { return moved(source_->labels()); }
  Images read(std::span<const std::int64_t> indices) const override {
    Images images = source_->read(indices);
    images.labels = moved(std::move(images.labels));
    return images;
  }

 private:
  std::vector<std::int32_t> moved(std::vector<std::int32_t> labels) const {
    for (std::int32_t& label : labels) label += offset_;
    return labels;
  }

  std::shared_ptr<const ImageSource> source_;
  DatasetInfo info_;
  std::int32_t offset_;
};

}  // namespace

std::shared_ptr<const ImageSource> with_label_offset(std::shared_ptr<const ImageSource> source, std::int64_t offset) {
  if (offset == 0) return source;
  if (offset < -kMostClasses || offset > kMostClasses) {
    fail("the label offset is {}: {} to {} was expected", offset, -kMostClasses, kMostClasses);
  }
  if (source->info().classes == 0) {
    fail("a label offset of {} is given: {} has no labels", offset, source->info().origin);
  }
  const std::vector<std::int32_t> labels = source->labels();
  const auto smallest = std::min_element(labels.begin(), labels.end());
  if (smallest != labels.end() && *smallest + offset < 0) {
    fail("the label offset {} makes label {} of {} one below 0: at least {} was expected", offset, *smallest,
         source->info().origin, -static_cast<std::int64_t>(*smallest));
  }
  return std::make_shared<OffsetSource>(std::move(source), static_cast<std::int32_t>(offset));
}

}  // namespace vbq
