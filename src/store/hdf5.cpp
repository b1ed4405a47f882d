#include "store/hdf5.hpp"

#include <array>
#include <cstdio>
#include <string_view>

namespace vbq::hdf5 {
namespace {

constexpr std::size_t kLongestText = 4096;

// Called by HDF5 with the innermost record first; a C callback, so nothing may be thrown.
herr_t keep_first(unsigned index, const H5E_error2_t* error, void* out) noexcept {
  auto& text = *static_cast<std::array<char, 512>*>(out);
  if (index == 0) std::snprintf(text.data(), text.size(), "%s", error->desc == nullptr ? "" : error->desc);
  return 0;
}

Attribute open_attribute(hid_t object, const char* name, H5T_class_t wanted, std::uint64_t count,
                         const std::string& where) {
  if (check(H5Aexists(object, name), "look for an attribute", where) == 0) {
    fail("{} has no attribute \"{}\": a dataset as `vbq data import` writes it was expected", where, name);
  }
  Attribute attribute(H5Aopen(object, name, H5P_DEFAULT), "open an attribute", where);
  const Type type(H5Aget_type(attribute.get()), "read an attribute's type", where);
  const Space space(H5Aget_space(attribute.get()), "read an attribute's size", where);
  const std::uint64_t found = element_count(extents_of(space.get(), where), where);
  if (H5Tget_class(type.get()) != wanted) fail("{}: attribute \"{}\" has an unexpected type", where, name);
  if (found != count) fail("{}: attribute \"{}\" has {} values: {} were expected", where, name, found, count);
  return attribute;
}

void read_attribute(const Attribute& attribute, hid_t type, void* out, const std::string& where) {
  check(H5Aread(attribute.get(), type, out), "read an attribute", where);
}

}  // namespace

Silence::Silence() {
  // Works before HDF5's first call, does nothing later. At the end of the process HDF5 would look for what a damaged
  // file made it lose, and print that it cannot end; all that we open, we close.
  H5dont_atexit();
  H5Eget_auto2(H5E_DEFAULT, &function_, &data_);
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}
Silence::~Silence() { H5Eset_auto2(H5E_DEFAULT, function_, data_); }

std::string last_error() {
  std::array<char, 512> text{};
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_first, &text);
  H5Eclear2(H5E_DEFAULT);
  // "file write failed: time = ..., errno = 28, error message = 'No space left on device', buf = ...": the reason
  // alone.
  const std::string_view all(text.data());
  constexpr std::string_view kReason = "error message = '";
  if (const auto start = all.find(kReason); start != std::string_view::npos) {
    const auto rest = all.substr(start + kReason.size());
    return std::string(rest.substr(0, rest.find('\'')));
  }
  return all.empty() ? "HDF5 gives no reason" : std::string(all.substr(0, all.find('\n')));
}

Properties make_properties(hid_t kind, const std::string& where) {
  return {H5Pcreate(kind), "make a property list", where};
}

File open_file(const std::filesystem::path& path, const std::string& where) {
  const Properties access = make_properties(H5P_FILE_ACCESS, where);
#if H5_VERSION_GE(1, 12, 1) || (H5_VERSION_GE(1, 10, 7) && !H5_VERSION_GE(1, 12, 0))
  check(H5Pset_file_locking(access.get(), false, true), "switch file locking off", where);
#endif
  return {H5Fopen(path.c_str(), H5F_ACC_RDONLY, access.get()), "be read as HDF5", where};
}

Properties dataset_creation(const std::string& where) {
  Properties creation = make_properties(H5P_DATASET_CREATE, where);
  check(H5Pset_obj_track_times(creation.get(), false), "switch times off", where);
  return creation;
}

Type text_type(std::size_t length, const std::string& where) {
  Type type(H5Tcopy(H5T_C_S1), "make a text type", where);
  check(H5Tset_size(type.get(), length == 0 ? 1 : length), "size a text type", where);
  check(H5Tset_strpad(type.get(), H5T_STR_NULLPAD), "pad a text type", where);
  check(H5Tset_cset(type.get(), H5T_CSET_UTF8), "make a text type UTF-8", where);
  return type;
}

std::vector<hsize_t> extents_of(hid_t space, const std::string& where) {
  const int rank = check(H5Sget_simple_extent_ndims(space), "read an array's rank", where);
  std::vector<hsize_t> extents(static_cast<std::size_t>(rank));
  check(H5Sget_simple_extent_dims(space, extents.data(), nullptr), "read an array's extents", where);
  if (H5Sget_simple_extent_type(space) == H5S_NULL) extents = {0};
  return extents;
}

std::uint64_t element_count(const std::vector<hsize_t>& extents, const std::string& where) {
  std::int64_t count = 1;
  for (const hsize_t extent : extents) {
    if (__builtin_mul_overflow(count, extent, &count)) {
      fail("{}: an array of [{}] has more elements than can be counted", where, fmt::join(extents, ", "));
    }
  }
  return static_cast<std::uint64_t>(count);
}

void write_attribute(hid_t object, const char* name, hid_t type, const std::vector<hsize_t>& extents,
                     const void* values, const std::string& where) {
  const Space space(extents.empty() ? H5Screate(H5S_SCALAR)
                                    : H5Screate_simple(static_cast<int>(extents.size()), extents.data(), nullptr),
                    "size an attribute", where);
  const Attribute attribute(H5Acreate2(object, name, type, space.get(), H5P_DEFAULT, H5P_DEFAULT), "make an attribute",
                            where);
  check(H5Awrite(attribute.get(), type, values), "write an attribute", where);
}

void write_text_attribute(hid_t object, const char* name, const std::string& text, const std::string& where) {
  const Type type = text_type(text.size(), where);
  write_attribute(object, name, type.get(), {}, text.c_str(), where);
}

std::int64_t read_integer(hid_t object, const char* name, const std::string& where) {
  std::int64_t value = 0;
  read_attribute(open_attribute(object, name, H5T_INTEGER, 1, where), H5T_NATIVE_INT64, &value, where);
  return value;
}

double read_double(hid_t object, const char* name, const std::string& where) {
  double value = 0;
  read_attribute(open_attribute(object, name, H5T_FLOAT, 1, where), H5T_NATIVE_DOUBLE, &value, where);
  return value;
}

std::vector<float> read_floats(hid_t object, const char* name, std::uint64_t count, const std::string& where) {
  const Attribute attribute = open_attribute(object, name, H5T_FLOAT, count, where);
  std::vector<float> values(count);
  read_attribute(attribute, H5T_NATIVE_FLOAT, values.data(), where);
  return values;
}

std::string read_text_attribute(hid_t object, const char* name, const std::string& where) {
  const Attribute attribute = open_attribute(object, name, H5T_STRING, 1, where);
  const Type type(H5Aget_type(attribute.get()), "read an attribute's type", where);
  const std::size_t length = H5Tget_size(type.get());
  if (check(H5Tis_variable_str(type.get()), "read an attribute's type", where) > 0 || length == 0 ||
      length > kLongestText) {
    fail("{}: attribute \"{}\" is not a text of fixed length, of 1..{} bytes", where, name, kLongestText);
  }
  std::string text(length, '\0');
  read_attribute(attribute, type.get(), text.data(), where);
  text.resize(text.find_last_not_of('\0') + 1);
  return text;
}

Dataset open_own_dataset(hid_t location, const char* name, const std::string& where) {
  if (check(H5Lexists(location, name, H5P_DEFAULT), "look for an array", where) == 0)
    fail("{} has no array \"{}\"", where, name);
  H5L_info_t link{};
  check(H5Lget_info(location, name, &link, H5P_DEFAULT), "look at a link", where);
  if (link.type != H5L_TYPE_HARD)
    fail("{}: array \"{}\" is a link to elsewhere: an array in the file itself was expected", where, name);
  Dataset dataset(H5Dopen2(location, name, H5P_DEFAULT), "open an array", where);
  const Properties creation(H5Dget_create_plist(dataset.get()), "read an array's layout", where);
  const H5D_layout_t layout = H5Pget_layout(creation.get());
  if (layout == H5D_VIRTUAL || check(H5Pget_external_count(creation.get()), "read an array's files", where) != 0) {
    fail("{}: array \"{}\" is stored in other files: an array in the file itself was expected", where, name);
  }
  return dataset;
}

}  // namespace vbq::hdf5
