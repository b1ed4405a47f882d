// CIFAR-10 and CIFAR-100 in their binary form.
#include "core/check.hpp"
#include "data/import_kinds.hpp"
#include "data/input_file.hpp"

namespace vbq {

void append_cifar(Images& images, const std::filesystem::path& path, const CifarFormat& format) {
  InputFile file(path, std::string(format.name) + " file");
  const std::size_t record = format.record();
  if (file.size() % record != 0) {
    fail("{} has {} bytes: a multiple of {} (a record) was expected", file.name(), file.size(), record);
  }
  const std::size_t count = file.size() / record;
  Images more{static_cast<std::int64_t>(count), 3, 32, 32, {}, {}};
  more.pixels.resize(count * CifarFormat::kPixels);
  more.labels.reserve(count);
  std::array<std::uint8_t, 2> labels{};
  for (std::size_t i = 0; i < count; ++i) {
    file.read(std::span(labels).first(format.label_bytes));
    for (std::size_t b = 0; b < format.label_bytes; ++b) {
      if (labels[b] >= format.classes[b]) {
        fail("{}: image {} (counted from 0) has label {}: 0..{} was expected", file.name(), i, labels[b],
             format.classes[b] - 1);
      }
    }
    more.labels.push_back(labels[format.label]);
    file.read(std::span(more.pixels).subspan(i * CifarFormat::kPixels, CifarFormat::kPixels));
  }
  append_images(images, std::move(more), file.name());
}

}  // namespace vbq
