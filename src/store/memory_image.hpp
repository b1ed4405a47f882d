// HDF5 files in memory. HDF5 1.10 does not survive a disk that fills up under it (it cannot close the file any more,
// nor end the process quietly), so it writes here, and core/file.hpp brings the bytes to disk.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "store/hdf5.hpp"

namespace vbq::hdf5 {

// The bytes as HDF5 sees them; it grows them, and leaves them to us when it closes the file.
struct ImageBuffer {
  ImageBuffer() = default;
  ImageBuffer(const ImageBuffer&) = delete;
  ImageBuffer& operator=(const ImageBuffer&) = delete;
  ~ImageBuffer();
  void* data = nullptr;
  std::size_t size = 0;
};

class MemoryImage {
 public:
  // An empty file, in the 1.10 format, whose metadata carry checksums. Nothing in it has a time: equal content gives
  // equal bytes.
  explicit MemoryImage(std::string where);
  hid_t file() const { return file_->get(); }
  // Closes the file and gives its bytes, for as long as this object lives. All else in it must have been closed.
  std::string_view finish();

 private:
  std::string where_;
  std::unique_ptr<ImageBuffer> buffer_;  // outlives the file
  std::optional<File> file_;
};

// For reading; the bytes are copied.
File open_image(std::string_view image, const std::string& where);

}  // namespace vbq::hdf5
