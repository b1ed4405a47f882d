// Whole arrays of numbers, written and read as they lie in memory.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "store/hdf5.hpp"

namespace vbq::hdf5 {

// Numbers of a type that HDF5 knows, [extents...] row-major, in the caller's memory.
struct ArrayView {
  hid_t type;
  std::vector<hsize_t> extents;
  const void* values;
};

// creation: layout and filters.
void write_array(hid_t location, const char* name, const ArrayView& array, const Properties& creation,
                 const std::string& where);

// Error when the array is compressed, as large ones of a dataset may be, and no others.
void check_unfiltered(const Dataset& dataset, const char* name, const std::string& where);

// Error unless the file holds storage for all elements of the array: bounds what is allocated for it by what is there.
// Deflate cannot shrink by more than 1,032 : 1. Chunked arrays must have all their chunks.
void check_storage(const Dataset& dataset, const char* name, const std::string& where);

// One-dimensional and contiguous.
template <typename T>
void write_vector(hid_t location, const char* name, std::span<const T> values, const std::string& where) {
  write_array(location, name, {native_type<T>(), {values.size()}, values.data()}, dataset_creation(where), where);
}

// As write_vector wrote it: the same type and rank, any length that the file has storage for.
template <typename T>
std::vector<T> read_vector(hid_t location, const char* name, const std::string& where) {
  const Dataset dataset = open_own_dataset(location, name, where);
  const Type type(H5Dget_type(dataset.get()), "read an array's type", where);
  const Space space(H5Dget_space(dataset.get()), "read an array's size", where);
  const std::vector<hsize_t> extents = extents_of(space.get(), where);
  if (extents.size() != 1 || check(H5Tequal(type.get(), native_type<T>()), "compare types", where) == 0) {
    fail("{}: array \"{}\" has an unexpected type or rank", where, name);
  }
  check_unfiltered(dataset, name, where);
  check_storage(dataset, name, where);
  std::vector<T> values(extents[0]);
  if (!values.empty()) {
    check(H5Dread(dataset.get(), native_type<T>(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), "read an array",
          where);
  }
  return values;
}

}  // namespace vbq::hdf5
