#include <algorithm>
#include <system_error>

#include "core/file.hpp"
#include "data/dataset_checks.hpp"
#include "data/dataset_hash.hpp"
#include "store/array.hpp"
#include "store/dataset_file.hpp"
#include "store/dataset_layout.hpp"

namespace vbq {
namespace fs = std::filesystem;
namespace layout = dataset_layout;
namespace {

using namespace hdf5;

constexpr std::uint64_t kChunkBytes = 128 << 10;  // aimed at; one image when that is larger
constexpr unsigned kDeflateLevel = 4;

// Chunked along the first axis, compressed where that pays and this HDF5 can, each chunk with a checksum.
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

void write_content(hid_t file, const Images& images, const DatasetInfo& info, const std::string& where) {
  write_text_attribute(file, layout::kFormatName, layout::kFormat, where);
  write_number(file, layout::kVersionName, layout::kVersion, where);
  write_number(file, layout::kClassesName, info.classes, where);
  write_text_attribute(file, layout::kHashName, info.hash, where);

  const auto count = static_cast<hsize_t>(images.count), channels = static_cast<hsize_t>(images.channels);
  const std::vector<hsize_t> extents{count, channels, static_cast<hsize_t>(images.height),
                                     static_cast<hsize_t>(images.width)};
  write_array(file, layout::kPixelsName, H5T_STD_U8LE, extents, images.pixels.data(),
              chunked(extents, images.pixels.size() / count, true, where), where);
  const Dataset pixels(H5Dopen2(file, layout::kPixelsName, H5P_DEFAULT), "open an array", where);
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
  const fs::path temporary = path.string() + ".tmp";
  try {
    File file(H5Fcreate(temporary.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, file_access(where).get()), "be written", where);
    write_content(file.get(), images, info, where);
    check(H5Fflush(file.get(), H5F_SCOPE_GLOBAL), "be written", where);
    file.close("be written", where);
    verify_hash(*open_dataset(temporary));
    commit_file(temporary, path);
  } catch (...) {
    std::error_code ignored;
    fs::remove(temporary, ignored);
    throw;
  }
}

}  // namespace vbq
