#include <algorithm>
#include <system_error>
#include <utility>

#include "data/dataset_checks.hpp"
#include "store/array.hpp"
#include "store/dataset_layout.hpp"
#include "store/file_kind.hpp"
#include "vbq/dataset_file.hpp"
#include "vbq/label.hpp"

namespace vbq {
namespace fs = std::filesystem;
namespace layout = dataset_layout;
namespace {

using namespace hdf5;

constexpr std::uint64_t kLongestName = 4096;  // bytes of a class name
constexpr std::int64_t kMostClasses = 1 << 24;

File open_whole(const fs::path& path, const std::string& where) {
  std::error_code code;
  const auto status = fs::status(path, code);
  if (!fs::exists(status)) fail("{} does not exist", where);
  if (!fs::is_regular_file(status)) fail("{} is not a file", where);
  const FileKind kind = identify(path);
  if (kind == FileKind::checkpoint)
    fail("{} is a checkpoint, or another sealed file of a run: a dataset was expected", where);
  if (kind == FileKind::other)
    fail("{} is not an HDF5 file, or cannot be read: a dataset of `vbq data import` was expected", where);
  return open_file(path, where);
}

std::int64_t signed_extent(hsize_t extent) {
  return static_cast<std::int64_t>(std::min<hsize_t>(extent, static_cast<hsize_t>(INT64_MAX)));
}

std::vector<hsize_t> array_extents(const Dataset& dataset, const std::string& where) {
  const Space space(H5Dget_space(dataset.get()), "read an array's size", where);
  return extents_of(space.get(), where);
}

void check_pixels(const Dataset& pixels, const std::vector<hsize_t>& extents, const std::string& where) {
  const Type type(H5Dget_type(pixels.get()), "read the pixels' type", where);
  if (H5Tget_class(type.get()) != H5T_INTEGER || H5Tget_size(type.get()) != 1 ||
      H5Tget_sign(type.get()) != H5T_SGN_NONE) {
    fail("{}: pixels are not of type uint8", where);
  }
  if (extents.size() != 4)
    fail("{}: pixels have shape [{}]: [N, C, H, W] was expected", where, fmt::join(extents, ", "));
}

std::vector<std::int32_t> read_labels(const File& file, std::int64_t count, std::int64_t classes,
                                      const std::string& where) {
  const Dataset dataset = open_own_dataset(file.get(), layout::kLabelsName, where);
  const std::vector<hsize_t> extents = array_extents(dataset, where);
  const Type type(H5Dget_type(dataset.get()), "read the labels' type", where);
  if (extents.size() != 1 || signed_extent(extents[0]) != count) {
    fail("{}: labels have shape [{}]: [{}] was expected, one an image", where, fmt::join(extents, ", "), count);
  }
  if (H5Tget_class(type.get()) != H5T_INTEGER) fail("{}: labels are not integers", where);
  check_storage(dataset, layout::kLabelsName, where);
  // HDF5's conversion clips what does not fit to the largest int32, which no label may be.
  std::vector<std::int32_t> labels(static_cast<std::size_t>(count));
  check(H5Dread(dataset.get(), H5T_NATIVE_INT32, H5S_ALL, H5S_ALL, H5P_DEFAULT, labels.data()), "read the labels",
        where);
  check_labels(labels, classes, where);
  return labels;
}

std::vector<std::string> read_class_names(const File& file, std::int64_t classes, const std::string& where) {
  if (check(H5Lexists(file.get(), layout::kClassNamesName, H5P_DEFAULT), "look for class names", where) == 0) return {};
  const Dataset dataset = open_own_dataset(file.get(), layout::kClassNamesName, where);
  const std::vector<hsize_t> extents = array_extents(dataset, where);
  const Type type(H5Dget_type(dataset.get()), "read the class names' type", where);
  const std::size_t length = H5Tget_size(type.get());
  if (H5Tget_class(type.get()) != H5T_STRING || H5Tis_variable_str(type.get()) != 0 || length == 0 ||
      length > kLongestName) {
    fail("{}: class names are not texts of fixed length, of 1..{} bytes", where, kLongestName);
  }
  if (extents.size() != 1 || signed_extent(extents[0]) != classes) {
    fail("{}: class names have shape [{}]: [{}] was expected, one a class", where, fmt::join(extents, ", "), classes);
  }
  check_storage(dataset, layout::kClassNamesName, where);
  std::string packed(length * static_cast<std::size_t>(classes), '\0');
  check(H5Dread(dataset.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, packed.data()), "read the class names",
        where);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < packed.size(); i += length) {
    const std::string name = packed.substr(i, length);
    names.push_back(name.substr(0, name.find('\0')));
  }
  return names;
}

class FileSource final : public ImageSource {
 public:
  explicit FileSource(const fs::path& path)
      : where_("dataset " + path.string()),
        file_(open_whole(path, where_)),
        pixels_((check_header(file_, where_), open_own_dataset(file_.get(), layout::kPixelsName, where_))) {
    const std::vector<hsize_t> extents = array_extents(pixels_, where_);
    check_pixels(pixels_, extents, where_);
    info_.count = signed_extent(extents[0]);
    info_.channels = signed_extent(extents[1]);
    info_.height = signed_extent(extents[2]);
    info_.width = signed_extent(extents[3]);
    image_bytes_ = image_bytes(info_.channels, info_.height, info_.width, where_);
    pixel_bytes(info_.count, image_bytes_, where_);
    check_storage(pixels_, layout::kPixelsName, where_);

    info_.classes = read_integer(file_.get(), layout::kClassesName, where_);
    if (info_.classes < 0 || info_.classes > kMostClasses)
      fail("{}: {} classes were found: 0..{} was expected", where_, info_.classes, kMostClasses);
    if (info_.classes == 0) {
      labels_.assign(static_cast<std::size_t>(info_.count), kNoLabel);
    } else {
      labels_ = read_labels(file_, info_.count, info_.classes, where_);
      info_.class_names = read_class_names(file_, info_.classes, where_);
    }
    const auto channels = static_cast<std::uint64_t>(info_.channels);
    info_.normalisation.mean = read_floats(pixels_.get(), layout::kMeanName, channels, where_);
    info_.normalisation.std = read_floats(pixels_.get(), layout::kStdName, channels, where_);
    info_.normalisation = complete_normalisation(std::move(info_.normalisation), info_.channels, where_);
    info_.hash = read_text_attribute(file_.get(), layout::kHashName, where_);
    if (info_.hash.size() != 32 || info_.hash.find_first_not_of("0123456789abcdef") != std::string::npos) {
      fail("{}: its hash is \"{}\": 32 hexadecimal digits were expected", where_, info_.hash);
    }
    if (check(H5Aexists(file_.get(), layout::kPreprocessingName), "look for an attribute", where_) > 0) {
      info_.preprocessing = read_text_attribute(file_.get(), layout::kPreprocessingName, where_);
    }
    info_.origin = path.string();
  }

  const DatasetInfo& info() const override { return info_; }
  std::vector<std::int32_t> labels() const override { return labels_; }

  Images read(std::span<const std::int64_t> indices) const override {
    const Silence silence;
    check_indices(indices, info_.count, where_);
    Images out{static_cast<std::int64_t>(indices.size()), info_.channels, info_.height, info_.width, {}, {}};
    out.pixels.resize(indices.size() * static_cast<std::size_t>(image_bytes_));
    out.labels.reserve(indices.size());
    const Space space(H5Dget_space(pixels_.get()), "read the pixels' size", where_);
    for (std::size_t first = 0; first < indices.size();) {
      std::size_t end = first + 1;  // of the run of consecutive indices
      while (end < indices.size() && indices[end] == indices[end - 1] + 1) ++end;
      read_run(space, indices[first], end - first, out.pixels.data() + first * static_cast<std::size_t>(image_bytes_));
      first = end;
    }
    for (const std::int64_t i : indices) out.labels.push_back(labels_[static_cast<std::size_t>(i)]);
    return out;
  }

 private:
  static void check_header(const File& file, const std::string& where) {
    const std::string format = read_text_attribute(file.get(), layout::kFormatName, where);
    if (format != layout::kFormat) fail("{} has format \"{}\": \"{}\" was expected", where, format, layout::kFormat);
    const std::int64_t version = read_integer(file.get(), layout::kVersionName, where);
    if (version != layout::kVersion)
      fail("{} has format version {}: this vbq reads version {}", where, version, layout::kVersion);
  }

  // Images first..first+count-1 into `out`, [count, C, H, W].
  void read_run(const Space& space, std::int64_t first, std::size_t count, std::uint8_t* out) const {
    const std::vector<hsize_t> start{static_cast<hsize_t>(first), 0, 0, 0};
    const std::vector<hsize_t> size{count, static_cast<hsize_t>(info_.channels), static_cast<hsize_t>(info_.height),
                                    static_cast<hsize_t>(info_.width)};
    check(H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, start.data(), nullptr, size.data(), nullptr),
          "choose images", where_);
    const Space memory(H5Screate_simple(4, size.data(), nullptr), "size images", where_);
    check(H5Dread(pixels_.get(), H5T_NATIVE_UINT8, memory.get(), space.get(), H5P_DEFAULT, out), "read images", where_);
  }

  std::string where_;
  File file_;
  Dataset pixels_;
  DatasetInfo info_;
  std::int64_t image_bytes_ = 0;
  std::vector<std::int32_t> labels_;
};

}  // namespace

std::unique_ptr<ImageSource> open_dataset(const fs::path& path) {
  const Silence silence;
  return std::make_unique<FileSource>(path);
}

}  // namespace vbq
