#include <algorithm>
#include <system_error>

#include "core/file.hpp"
#include "data/dataset_checks.hpp"
#include "data/dataset_hash.hpp"
#include "store/array.hpp"
#include "store/dataset_file.hpp"
#include "store/dataset_layout.hpp"
#include "store/memory_image.hpp"

namespace vbq {
namespace fs = std::filesystem;
namespace layout = dataset_layout;
namespace {

using namespace hdf5;

constexpr std::uint64_t kChunkBytes = 128 << 10;  // aimed at; one image when that is larger
constexpr unsigned kDeflateLevel = 4;
constexpr std::int64_t kTrialImages = 512;
constexpr double kWorthwhile = 0.8;  // of the size: inflating costs ten times the reading

// Chunked along the first axis, compressed where asked and this HDF5 can, each chunk with a checksum.
Properties chunked(const std::vector<hsize_t>& extents, std::uint64_t row_bytes, bool compress,
                   const std::string& where) {
  Properties creation = dataset_creation(where);
  std::vector<hsize_t> chunk = extents;
  chunk[0] = std::clamp<hsize_t>(kChunkBytes / std::max<std::uint64_t>(1, row_bytes), 1, extents[0]);
  check(H5Pset_chunk(creation.get(), static_cast<int>(chunk.size()), chunk.data()), "set chunks", where);
  if (compress && H5Zfilter_avail(H5Z_FILTER_DEFLATE) > 0) {
    check(H5Pset_deflate(creation.get(), kDeflateLevel), "set compression", where);
  }
  check(H5Pset_fletcher32(creation.get()), "set checksums", where);
  return creation;
}

void write_class_names(hid_t file, const std::vector<std::string>& names, const std::string& where) {
  std::size_t longest = 1;
  for (const std::string& name : names) longest = std::max(longest, name.size());
  std::string packed;
  for (const std::string& name : names) packed += name + std::string(longest - name.size(), '\0');
  const Type type = text_type(longest, where);
  const std::vector<hsize_t> extents{names.size()};
  write_array(file, layout::kClassNamesName, type.get(), extents, packed.data(), chunked(extents, longest, true, where),
              where);
}

// uint8 NCHW, the first `count` images.
Dataset write_pixels(hid_t file, const Images& images, std::int64_t count, bool compress, const std::string& where) {
  const std::vector<hsize_t> extents{static_cast<hsize_t>(count), static_cast<hsize_t>(images.channels),
                                     static_cast<hsize_t>(images.height), static_cast<hsize_t>(images.width)};
  const std::uint64_t one = images.pixels.size() / static_cast<std::uint64_t>(images.count);
  write_array(file, layout::kPixelsName, H5T_STD_U8LE, extents, images.pixels.data(),
              chunked(extents, one, compress, where), where);
  return {H5Dopen2(file, layout::kPixelsName, H5P_DEFAULT), "open an array", where};
}

// Tried on the first images: drawings and digits shrink to a fraction, small photographs hardly.
bool compression_pays(const Images& images, const std::string& where) {
  const MemoryImage trial(where);
  const std::int64_t count = std::min(kTrialImages, images.count);
  const Dataset pixels = write_pixels(trial.file(), images, count, true, where);
  check(H5Fflush(trial.file(), H5F_SCOPE_GLOBAL), "be made", where);
  const double raw =
      static_cast<double>(images.pixels.size()) / static_cast<double>(images.count) * static_cast<double>(count);
  return static_cast<double>(H5Dget_storage_size(pixels.get())) < kWorthwhile * raw;
}

void write_content(hid_t file, const Images& images, const DatasetInfo& info, const std::string& where) {
  write_text_attribute(file, layout::kFormatName, layout::kFormat, where);
  write_number(file, layout::kVersionName, layout::kVersion, where);
  write_number(file, layout::kClassesName, info.classes, where);
  write_text_attribute(file, layout::kHashName, info.hash, where);

  const auto count = static_cast<hsize_t>(images.count), channels = static_cast<hsize_t>(images.channels);
  const Dataset pixels = write_pixels(file, images, images.count, compression_pays(images, where), where);
  write_attribute(pixels.get(), layout::kMeanName, H5T_NATIVE_FLOAT, {channels}, info.normalisation.mean.data(), where);
  write_attribute(pixels.get(), layout::kStdName, H5T_NATIVE_FLOAT, {channels}, info.normalisation.std.data(), where);

  write_array(file, layout::kLabelsName, H5T_NATIVE_INT32, {count}, images.labels.data(),
              chunked({count}, sizeof(std::int32_t), true, where), where);
  if (!info.class_names.empty()) write_class_names(file, info.class_names, where);
}

}  // namespace

void write_dataset(const fs::path& path, const Images& images, const DatasetInfo& given) {
  const Silence silence;
  const std::string where = "dataset " + path.string();
  DatasetInfo info = given;
  complete_info(info, images, where);
  MemoryImage image(where);
  write_content(image.file(), images, info, where);

  const fs::path temporary = path.string() + ".tmp";
  write_file(temporary, image.finish());
  try {
    verify_hash(*open_dataset(temporary));
    commit_file(temporary, path);
  } catch (...) {
    std::error_code ignored;
    fs::remove(temporary, ignored);
    throw;
  }
}

}  // namespace vbq
