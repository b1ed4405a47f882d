#include "store/memory_image.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace vbq::hdf5 {
namespace {

constexpr std::size_t kGrowth = 1 << 20;  // bytes by which HDF5 grows a file in memory

// HDF5 tells open files apart by name and looks for one of that name first: no file can have this one, nor another
// image.
std::string name_of(const void* memory) { return fmt::format("/dev/null/in-memory-{}", fmt::ptr(memory)); }

// What HDF5 calls for its memory. C callbacks: nothing may be thrown.
void* take(std::size_t size, H5FD_file_image_op_t, void* user) noexcept {
  auto& buffer = *static_cast<ImageBuffer*>(user);
  buffer.data = std::malloc(size);
  buffer.size = buffer.data == nullptr ? 0 : size;
  return buffer.data;
}

void* grow(void* data, std::size_t size, H5FD_file_image_op_t, void* user) noexcept {
  auto& buffer = *static_cast<ImageBuffer*>(user);
  void* const grown = std::realloc(data, size);
  if (grown == nullptr) return nullptr;
  // Bytes that HDF5 never writes shall be the same each time.
  if (size > buffer.size) std::fill_n(static_cast<char*>(grown) + buffer.size, size - buffer.size, '\0');
  buffer.data = grown;
  buffer.size = size;
  return grown;
}

herr_t leave(void*, H5FD_file_image_op_t, void*) noexcept { return 0; }  // ImageBuffer frees it
void* share(void* user) noexcept { return user; }
herr_t let_go(void*) noexcept { return 0; }

Properties in_memory(const std::string& where) {
  Properties access = make_properties(H5P_FILE_ACCESS, where);
  check(H5Pset_fapl_core(access.get(), kGrowth, false), "keep a file in memory", where);
  return access;
}

File create_in(ImageBuffer& buffer, const std::string& where) {
  const Properties access = in_memory(where), creation = make_properties(H5P_FILE_CREATE, where);
  H5FD_file_image_callbacks_t callbacks{take, nullptr, grow, leave, share, let_go, &buffer};
  check(H5Pset_file_image_callbacks(access.get(), &callbacks), "keep a file in memory", where);
  check(H5Pset_libver_bounds(access.get(), H5F_LIBVER_V110, H5F_LIBVER_V110), "choose a file format", where);
  check(H5Pset_obj_track_times(creation.get(), false), "switch times off", where);
  return {H5Fcreate(name_of(&buffer).c_str(), H5F_ACC_TRUNC, creation.get(), access.get()), "be made", where};
}

}  // namespace

ImageBuffer::~ImageBuffer() { std::free(data); }

MemoryImage::MemoryImage(std::string where)
    : where_(std::move(where)), buffer_(std::make_unique<ImageBuffer>()), file_(create_in(*buffer_, where_)) {}

std::string_view MemoryImage::finish() {
  check(H5Fflush(file_->get(), H5F_SCOPE_GLOBAL), "be made", where_);
  // Of the file; the buffer may be larger.
  const auto size = static_cast<std::size_t>(check(H5Fget_file_image(file_->get(), nullptr, 0), "be measured", where_));
  file_->close("be made", where_);
  return {static_cast<const char*>(buffer_->data), std::min(buffer_->size, size)};
}

File open_image(std::string_view image, const std::string& where) {
  const Properties access = in_memory(where);
  // HDF5 only reads the bytes; its parameter lacks a const.
  check(H5Pset_file_image(access.get(), const_cast<char*>(image.data()), image.size()), "be read", where);
  return {H5Fopen(name_of(image.data()).c_str(), H5F_ACC_RDONLY, access.get()), "be read", where};
}

}  // namespace vbq::hdf5
