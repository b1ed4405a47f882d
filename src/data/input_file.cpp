#include "data/input_file.hpp"

#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "core/check.hpp"

namespace vbq {
namespace fs = std::filesystem;

std::uint64_t source_size(const fs::path& path, const std::string& what) {
  std::error_code code;
  const auto status = fs::status(path, code);
  if (!fs::exists(status)) fail("{} {} does not exist", what, path.string());
  if (!fs::is_regular_file(status)) fail("{} {} is not a file", what, path.string());
  const std::uint64_t size = fs::file_size(path, code);
  if (code) fail("cannot read {} {}: {}", what, path.string(), code.message());
  if (size == 0) fail("{} {} is empty", what, path.string());
  if (size > kLargestSource)
    fail("{} {} has {} bytes: at most {} were expected", what, path.string(), size, kLargestSource);
  return size;
}

InputFile::InputFile(fs::path path, std::string what)
    : path_(std::move(path)),
      what_(std::move(what)),
      size_(source_size(path_, what_)),
      stream_(path_, std::ios::binary) {
  if (!stream_) fail("cannot read {}: {}", name(), std::strerror(errno));
}

void InputFile::read(std::span<std::uint8_t> out) {
  // The stream's own view of bytes is char; the conversion is what reinterpret_cast is for.
  if (!out.empty() && !stream_.read(reinterpret_cast<char*>(out.data()), static_cast<std::streamsize>(out.size()))) {
    fail("{} ended while {} bytes were read: {} came", name(), out.size(), stream_.gcount());
  }
}

}  // namespace vbq
