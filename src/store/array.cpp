#include "store/array.hpp"

#include <limits>

namespace vbq::hdf5 {
namespace {

constexpr std::uint64_t kMostShrinking = 1040;       // deflate's 1,032 : 1, rounded up
constexpr std::uint64_t kLargestChunk = 1ULL << 28;  // bytes; HDF5 holds a whole one in memory

// Chunks of an array: the product over axes of ceil(extent / chunk).
std::uint64_t expected_chunks(const std::vector<hsize_t>& extents, const std::vector<hsize_t>& chunk) {
  std::uint64_t chunks = 1;
  for (std::size_t a = 0; a < extents.size(); ++a) {
    const std::uint64_t along = chunk[a] == 0 ? 0 : extents[a] / chunk[a] + (extents[a] % chunk[a] != 0 ? 1 : 0);
    if (__builtin_mul_overflow(chunks, along, &chunks)) return std::numeric_limits<std::uint64_t>::max();
  }
  return chunks;
}

void check_chunks(const Dataset& dataset, const Properties& creation, const std::vector<hsize_t>& extents,
                  std::uint64_t element, const char* name, const std::string& where) {
  std::vector<hsize_t> chunk(extents.size());
  check(H5Pget_chunk(creation.get(), static_cast<int>(chunk.size()), chunk.data()), "read an array's chunks", where);
  const std::uint64_t size = element_count(chunk, where);
  if (size > kLargestChunk / element) {
    fail("{}: array \"{}\" is cut into chunks of [{}]: at most {} bytes were expected", where, name,
         fmt::join(chunk, ", "), kLargestChunk);
  }
  const Space space(H5Dget_space(dataset.get()), "read an array's size", where);
  hsize_t chunks = 0;
  check(H5Dget_num_chunks(dataset.get(), space.get(), &chunks), "count an array's chunks", where);
  if (const std::uint64_t expected = expected_chunks(extents, chunk); chunks != expected) {
    fail("{}: array \"{}\" has {} of its {} chunks: it was not written to its end", where, name, chunks, expected);
  }
}

}  // namespace

void write_array(hid_t location, const char* name, const ArrayView& array, const Properties& creation,
                 const std::string& where) {
  const Space space(H5Screate_simple(static_cast<int>(array.extents.size()), array.extents.data(), nullptr),
                    "size an array", where);
  Dataset dataset(H5Dcreate2(location, name, array.type, space.get(), H5P_DEFAULT, creation.get(), H5P_DEFAULT),
                  "make an array", where);
  if (element_count(array.extents, where) != 0) {
    check(H5Dwrite(dataset.get(), array.type, H5S_ALL, H5S_ALL, H5P_DEFAULT, array.values), "write an array", where);
  }
  dataset.close("write an array", where);
}

void check_unfiltered(const Dataset& dataset, const char* name, const std::string& where) {
  const Properties creation(H5Dget_create_plist(dataset.get()), "read an array's layout", where);
  if (check(H5Pget_nfilters(creation.get()), "read an array's filters", where) > 0) {
    fail("{}: array \"{}\" is compressed, which vbq does not write", where, name);
  }
}

void check_storage(const Dataset& dataset, const char* name, const std::string& where) {
  const Space space(H5Dget_space(dataset.get()), "read an array's size", where);
  const Type type(H5Dget_type(dataset.get()), "read an array's type", where);
  const std::vector<hsize_t> extents = extents_of(space.get(), where);
  const std::uint64_t count = element_count(extents, where);
  if (count == 0) return;
  const std::uint64_t element = H5Tget_size(type.get());
  const Properties creation(H5Dget_create_plist(dataset.get()), "read an array's layout", where);
  const bool filtered = check(H5Pget_nfilters(creation.get()), "read an array's filters", where) > 0;
  const std::uint64_t stored = H5Dget_storage_size(dataset.get());  // 0 on error too
  const std::uint64_t most = filtered ? stored * kMostShrinking : stored;
  if (element == 0 || stored > std::numeric_limits<std::uint64_t>::max() / kMostShrinking || count > most / element) {
    fail("{}: array \"{}\" of [{}] elements has {} bytes in the file: it was not written to its end", where, name,
         fmt::join(extents, ", "), stored);
  }
  if (H5Pget_layout(creation.get()) == H5D_CHUNKED) check_chunks(dataset, creation, extents, element, name, where);
}

}  // namespace vbq::hdf5
