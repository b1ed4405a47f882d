#include "store/dataset_parts.hpp"

#include <algorithm>

#include "store/array.hpp"
#include "store/dataset_layout.hpp"
#include "store/memory_image.hpp"
#include "vbq/label.hpp"

namespace vbq::hdf5 {
namespace layout = dataset_layout;
namespace {

constexpr std::uint64_t kChunkBytes = 128 << 10;  // aimed at; one image when that is larger
constexpr unsigned kDeflateLevel = 4;
constexpr std::int64_t kTrialImages = 512;
constexpr double kWorthwhile = 0.8;  // of the size: inflating costs ten times the reading

void write_class_names(hid_t file, const std::vector<std::string>& names, const std::string& where) {
  std::size_t longest = 1;
  for (const std::string& name : names) longest = std::max(longest, name.size());
  std::string packed;
  for (const std::string& name : names) packed += name + std::string(longest - name.size(), '\0');
  const Type type = text_type(longest, where);
  const std::vector<hsize_t> extents{names.size()};
  write_array(file, layout::kClassNamesName, {type.get(), extents, packed.data()},
              chunked(extents, longest, Compression::deflate, where), where);
}

}  // namespace

Properties chunked(const std::vector<hsize_t>& extents, std::uint64_t row_bytes, Compression compression,
                   const std::string& where) {
  Properties creation = dataset_creation(where);
  std::vector<hsize_t> chunk = extents;
  chunk[0] = std::clamp<hsize_t>(kChunkBytes / std::max<std::uint64_t>(1, row_bytes), 1, extents[0]);
  check(H5Pset_chunk(creation.get(), static_cast<int>(chunk.size()), chunk.data()), "set chunks", where);
  if (compression == Compression::deflate && H5Zfilter_avail(H5Z_FILTER_DEFLATE) > 0) {
    check(H5Pset_deflate(creation.get(), kDeflateLevel), "set compression", where);
  }
  check(H5Pset_fletcher32(creation.get()), "set checksums", where);
  return creation;
}

std::vector<hsize_t> pixel_extents(std::int64_t count, std::int64_t channels, std::int64_t height, std::int64_t width) {
  return {static_cast<hsize_t>(count), static_cast<hsize_t>(channels), static_cast<hsize_t>(height),
          static_cast<hsize_t>(width)};
}

Compression compression_of(const Images& images, const std::string& where) {
  const MemoryImage trial(where);
  const std::int64_t count = std::min(kTrialImages, images.count);
  const std::uint64_t one = images.pixels.size() / static_cast<std::uint64_t>(images.count);
  const std::vector<hsize_t> extents = pixel_extents(count, images.channels, images.height, images.width);
  write_array(trial.file(), layout::kPixelsName, {H5T_STD_U8LE, extents, images.pixels.data()},
              chunked(extents, one, Compression::deflate, where), where);
  const Dataset pixels(H5Dopen2(trial.file(), layout::kPixelsName, H5P_DEFAULT), "open an array", where);
  check(H5Fflush(trial.file(), H5F_SCOPE_GLOBAL), "be made", where);
  const double raw = static_cast<double>(one) * static_cast<double>(count);
  const double stored = static_cast<double>(H5Dget_storage_size(pixels.get()));
  return stored < kWorthwhile * raw ? Compression::deflate : Compression::none;
}

void write_root(hid_t file, const DatasetInfo& info, const std::string& where) {
  write_text_attribute(file, layout::kFormatName, layout::kFormat, where);
  write_number(file, layout::kVersionName, layout::kVersion, where);
  write_number(file, layout::kClassesName, info.classes, where);
  if (!info.preprocessing.empty()) write_text_attribute(file, layout::kPreprocessingName, info.preprocessing, where);
}

void write_normalisation(hid_t pixels, const Normalisation& normalisation, const std::string& where) {
  const auto channels = static_cast<hsize_t>(normalisation.mean.size());
  write_attribute(pixels, layout::kMeanName, H5T_NATIVE_FLOAT, {channels}, normalisation.mean.data(), where);
  write_attribute(pixels, layout::kStdName, H5T_NATIVE_FLOAT, {channels}, normalisation.std.data(), where);
}

void write_labels(hid_t file, std::span<const std::int32_t> labels, const std::vector<std::string>& class_names,
                  const std::string& where) {
  if (labels.front() == kNoLabel) return;
  const std::vector<hsize_t> extents{labels.size()};
  write_array(file, layout::kLabelsName, {H5T_NATIVE_INT32, extents, labels.data()},
              chunked(extents, sizeof(std::int32_t), Compression::deflate, where), where);
  if (!class_names.empty()) write_class_names(file, class_names, where);
}

}  // namespace vbq::hdf5
