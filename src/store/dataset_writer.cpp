#include <system_error>

#include "core/file.hpp"
#include "data/dataset_checks.hpp"
#include "data/dataset_hash.hpp"
#include "store/array.hpp"
#include "store/dataset_layout.hpp"
#include "store/dataset_parts.hpp"
#include "store/memory_image.hpp"
#include "vbq/dataset_file.hpp"

namespace vbq {
namespace fs = std::filesystem;
namespace layout = dataset_layout;
namespace {

using namespace hdf5;

void write_content(hid_t file, const Images& images, const DatasetInfo& info, const std::string& where) {
  write_root(file, info, where);
  write_text_attribute(file, layout::kHashName, info.hash, where);
  const std::vector<hsize_t> extents = pixel_extents(images.count, images.channels, images.height, images.width);
  const std::uint64_t one = images.pixels.size() / static_cast<std::uint64_t>(images.count);
  write_array(file, layout::kPixelsName, {H5T_STD_U8LE, extents, images.pixels.data()},
              chunked(extents, one, compression_of(images, where), where), where);
  const Dataset pixels(H5Dopen2(file, layout::kPixelsName, H5P_DEFAULT), "open an array", where);
  write_normalisation(pixels.get(), info.normalisation, where);
  write_labels(file, images.labels, info.class_names, where);
}

}  // namespace

void write_dataset(const fs::path& path, const Images& images, const DatasetInfo& given) {
  const Silence silence;
  const std::string where = "dataset " + path.string();
  DatasetInfo info = given;
  complete_info(info, images, where);
  MemoryImage image(where);
  write_content(image.file(), images, info, where);

  const fs::path temporary = write_temporary(path, image.finish());
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
