#include "store/dataset_stream.hpp"

#include <algorithm>
#include <optional>
#include <system_error>
#include <utility>

#include "core/file.hpp"
#include "data/dataset_checks.hpp"
#include "data/dataset_hash.hpp"
#include "store/dataset_layout.hpp"
#include "store/dataset_parts.hpp"
#include "vbq/dataset_file.hpp"

namespace vbq {
namespace fs = std::filesystem;
namespace layout = dataset_layout;
namespace {

using namespace hdf5;

constexpr std::uint64_t kSpare = 16 << 20;  // bytes on disk besides pixels: labels, index, names

void check_space(const fs::path& path, std::int64_t pixels, const std::string& where) {
  std::error_code code;
  const fs::path folder = path.parent_path().empty() ? fs::path(".") : path.parent_path();
  const fs::space_info space = fs::space(folder, code);
  if (code) fail("cannot write {}: {}", path.string(), code.message());
  const std::uint64_t needed = static_cast<std::uint64_t>(pixels) + kSpare;
  if (space.available < needed) {
    fail("{} may take {} bytes: only {} are free on its disk", where, needed, space.available);
  }
}

File create_file(const fs::path& path, const std::string& where) {
  const Properties access = make_properties(H5P_FILE_ACCESS, where), creation = make_properties(H5P_FILE_CREATE, where);
  check(H5Pset_libver_bounds(access.get(), H5F_LIBVER_V110, H5F_LIBVER_V110), "choose a file format", where);
  check(H5Pset_obj_track_times(creation.get(), false), "switch times off", where);
  return {H5Fcreate(path.c_str(), H5F_ACC_TRUNC, creation.get(), access.get()), "be made", where};
}

}  // namespace

struct DatasetStream::State {
  State(fs::path to, DatasetInfo given)
      : path(std::move(to)),
        temporary(temporary_path(path)),
        where("dataset " + path.string()),
        info(std::move(given)) {
    one = image_bytes(info.channels, info.height, info.width, where);
    check_space(path, pixel_bytes(info.count, one, where), where);
    info.normalisation = complete_normalisation(std::move(info.normalisation), info.channels, where);
    check_class_names(info, where);
    hasher.emplace(info.count, info.channels, info.height, info.width, info.normalisation);
    file.emplace(create_file(temporary, where));
  }
  ~State() {
    const Silence silence;
    pixels.reset();
    file.reset();
    if (!finished) {
      std::error_code ignored;
      fs::remove(temporary, ignored);
    }
  }

  void make_pixels(const Images& first) {
    const std::vector<hsize_t> extents = pixel_extents(info.count, info.channels, info.height, info.width);
    const Space space(H5Screate_simple(4, extents.data(), extents.data()), "size an array", where);
    const Properties creation = chunked(extents, static_cast<std::uint64_t>(one), compression_of(first, where), where);
    pixels.emplace(H5Dcreate2(file->get(), layout::kPixelsName, H5T_STD_U8LE, space.get(), H5P_DEFAULT, creation.get(),
                              H5P_DEFAULT),
                   "make an array", where);
  }

  // Rows first..first+count-1 of the pixels in the file, and as many in memory.
  std::pair<Space, Space> rows(std::int64_t first, std::int64_t count) const {
    Space there(H5Dget_space(pixels->get()), "read the pixels' size", where);
    const std::vector<hsize_t> start{static_cast<hsize_t>(first), 0, 0, 0};
    const std::vector<hsize_t> size = pixel_extents(count, info.channels, info.height, info.width);
    check(H5Sselect_hyperslab(there.get(), H5S_SELECT_SET, start.data(), nullptr, size.data(), nullptr),
          "choose images", where);
    return {std::move(there), Space(H5Screate_simple(4, size.data(), nullptr), "size images", where)};
  }

  // The hash is over the number of images first of all: where fewer came than were announced, they are read again.
  std::string hash_again() const {
    DatasetHasher again(written, info.channels, info.height, info.width, info.normalisation);
    const std::int64_t step = std::max<std::int64_t>(1, (4 << 20) / one);
    std::vector<std::uint8_t> piece;
    for (std::int64_t first = 0; first < written; first += step) {
      const std::int64_t count = std::min(step, written - first);
      piece.resize(static_cast<std::size_t>(count * one));
      const auto [there, here] = rows(first, count);
      check(H5Dread(pixels->get(), H5T_NATIVE_UINT8, here.get(), there.get(), H5P_DEFAULT, piece.data()), "read images",
            where);
      again.pixels(piece);
    }
    return again.finish(labels);
  }

  fs::path path, temporary;
  std::string where;
  DatasetInfo info;
  std::int64_t one = 0, written = 0;
  std::vector<std::int32_t> labels;
  std::optional<DatasetHasher> hasher;
  std::optional<File> file;
  std::optional<Dataset> pixels;  // closed before the file
  bool finished = false;
};

DatasetStream::DatasetStream(const fs::path& path, DatasetInfo info) {
  const Silence silence;
  state_ = std::make_unique<State>(path, std::move(info));
}
DatasetStream::~DatasetStream() = default;

void DatasetStream::append(const Images& images) {
  State& s = *state_;
  const Silence silence;
  if (images.count < 1) return;
  if (images.channels != s.info.channels || images.height != s.info.height || images.width != s.info.width ||
      images.count > s.info.count - s.written) {
    fail_internal("{}: {} images of {}x{}x{} do not fit", s.where, images.count, images.channels, images.height,
                  images.width);
  }
  check_labels(images.labels, s.info.classes, s.where);
  check_space(s.path, images.count * s.one, s.where);
  if (!s.pixels) s.make_pixels(images);
  const auto [there, here] = s.rows(s.written, images.count);
  check(H5Dwrite(s.pixels->get(), H5T_NATIVE_UINT8, here.get(), there.get(), H5P_DEFAULT, images.pixels.data()),
        "write images", s.where);
  s.hasher->pixels(images.pixels);
  s.labels.insert(s.labels.end(), images.labels.begin(), images.labels.end());
  s.written += images.count;
}

DatasetInfo DatasetStream::finish() {
  State& s = *state_;
  const Silence silence;
  if (s.written == 0) fail("{}: 0 images were found: at least one was expected", s.where);
  const bool fewer = s.written != s.info.count;
  if (fewer) {
    const std::vector<hsize_t> extents = pixel_extents(s.written, s.info.channels, s.info.height, s.info.width);
    check(H5Dset_extent(s.pixels->get(), extents.data()), "cut the pixels to size", s.where);
  }
  s.info.hash = fewer ? s.hash_again() : s.hasher->finish(s.labels);
  s.info.count = s.written;
  write_root(s.file->get(), s.info, s.where);
  write_text_attribute(s.file->get(), layout::kHashName, s.info.hash, s.where);
  write_normalisation(s.pixels->get(), s.info.normalisation, s.where);
  write_labels(s.file->get(), s.labels, s.info.class_names, s.where);
  s.pixels->close("write the pixels", s.where);
  s.pixels.reset();
  s.file->close("be written", s.where);
  s.file.reset();
  verify_hash(*open_dataset(s.temporary));
  commit_file(s.temporary, s.path);
  s.finished = true;
  return s.info;
}

}  // namespace vbq
