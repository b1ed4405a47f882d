#include "data/input_file.hpp"

#include <cerrno>
#include <cstring>
#include <utility>

#include "core/check.hpp"
#include "core/source_size.hpp"

namespace vbq {
namespace fs = std::filesystem;

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
