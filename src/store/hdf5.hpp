// HDF5's C library with owners for its handles and exceptions for its errors. Included in this room only.
#pragma once

#include <hdf5.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "core/check.hpp"

namespace vbq::hdf5 {

// While one lives, HDF5 prints nothing; nor does it when the process ends. Every function that calls HDF5 from outside
// this room's helpers begins with one.
class Silence {
 public:
  Silence();
  ~Silence();
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;

 private:
  H5E_auto2_t function_ = nullptr;
  void* data_ = nullptr;
};

// The innermost message of HDF5's error stack, which it clears: the system's own reason where there is one.
std::string last_error();

// Error "WHERE: cannot DOING: reason" for a negative status; the status otherwise.
template <typename Status>
Status check(Status status, const char* doing, const std::string& where) {
  if (status < 0) fail("{}: cannot {}: {}", where, doing, last_error());
  return status;
}

// Owns an identifier. Closing by destructor ignores errors; close() reports them.
template <herr_t (*Close)(hid_t)>
class Handle {
 public:
  Handle(hid_t id, const char* doing, const std::string& where) : id_(check(id, doing, where)) {}
  Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, H5I_INVALID_HID)) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(id_, other.id_);
    return *this;
  }
  ~Handle() {
    if (id_ >= 0) Close(id_);
  }
  hid_t get() const { return id_; }
  void close(const char* doing, const std::string& where) {
    check(Close(std::exchange(id_, H5I_INVALID_HID)), doing, where);
  }

 private:
  hid_t id_;
};
using File = Handle<H5Fclose>;
using Group = Handle<H5Gclose>;
using Dataset = Handle<H5Dclose>;
using Space = Handle<H5Sclose>;
using Type = Handle<H5Tclose>;
using Attribute = Handle<H5Aclose>;
using Properties = Handle<H5Pclose>;

Properties make_properties(hid_t kind, const std::string& where);
// A file on disk, for reading. No file locks: files are whole before they get their name, and many file systems refuse
// locks.
File open_file(const std::filesystem::path& path, const std::string& where);
// Without times, so that equal content gives equal bytes.
Properties dataset_creation(const std::string& where);

// Type as it lies in this machine's memory; not to be closed.
template <typename T>
hid_t native_type();
template <>
inline hid_t native_type<std::uint8_t>() {
  return H5T_NATIVE_UINT8;
}
template <>
inline hid_t native_type<std::int32_t>() {
  return H5T_NATIVE_INT32;
}
template <>
inline hid_t native_type<std::int64_t>() {
  return H5T_NATIVE_INT64;
}
template <>
inline hid_t native_type<std::uint64_t>() {
  return H5T_NATIVE_UINT64;
}
template <>
inline hid_t native_type<float>() {
  return H5T_NATIVE_FLOAT;
}
template <>
inline hid_t native_type<double>() {
  return H5T_NATIVE_DOUBLE;
}

// Fixed length, UTF-8, padded with NUL.
Type text_type(std::size_t length, const std::string& where);

std::vector<hsize_t> extents_of(hid_t space, const std::string& where);
// Of extents; Error when it does not fit 63 bits.
std::uint64_t element_count(const std::vector<hsize_t>& extents, const std::string& where);

// ---- attributes ----------------------------------------------------------------------------------------------------
void write_attribute(hid_t object, const char* name, hid_t type, const std::vector<hsize_t>& extents,
                     const void* values, const std::string& where);
void write_text_attribute(hid_t object, const char* name, const std::string& text, const std::string& where);
template <typename T>
void write_number(hid_t object, const char* name, T value, const std::string& where) {
  write_attribute(object, name, native_type<T>(), {}, &value, where);
}

// Integers or floating-point numbers of any size, converted. Error when missing, of another class, or not of `count`
// elements.
std::int64_t read_integer(hid_t object, const char* name, const std::string& where);
double read_double(hid_t object, const char* name, const std::string& where);
std::vector<float> read_floats(hid_t object, const char* name, std::uint64_t count, const std::string& where);
// Of fixed length, at most 4,096 bytes.
std::string read_text_attribute(hid_t object, const char* name, const std::string& where);

// The dataset of that name, which must lie in this file itself: no link elsewhere, no external or virtual storage.
Dataset open_own_dataset(hid_t location, const char* name, const std::string& where);

}  // namespace vbq::hdf5
