#include "compress/gzip_file.hpp"

#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/check.hpp"
#include "core/source_size.hpp"

namespace vbq {

struct GzipFile::Stream {
  gzFile file;
};

void GzipFile::Closer::operator()(Stream* stream) const noexcept {
  if (stream->file != nullptr) gzclose(stream->file);
  delete stream;
}

GzipFile::GzipFile(const std::filesystem::path& path, const std::string& what)
    : name_(what + " " + path.string()), file_size_(source_size(path, what)), stream_(new Stream{nullptr}) {
  errno = 0;
  stream_->file = gzopen(path.c_str(), "rb");
  if (stream_->file == nullptr) fail("cannot read {}: {}", name_, errno == 0 ? "out of memory" : std::strerror(errno));
  gzbuffer(stream_->file, 256 << 10);
  gzipped_ = gzdirect(stream_->file) == 0;
}

void GzipFile::fail_damaged() const {
  int code = Z_OK;
  const char* message = gzerror(stream_->file, &code);
  fail("{} cannot be read: {}", name_, code == Z_ERRNO ? std::strerror(errno) : message);
}

std::vector<std::uint8_t> GzipFile::read(std::uint64_t size) {
  constexpr std::uint64_t kPiece = 4 << 20;
  std::vector<std::uint8_t> content;
  while (content.size() < size) {
    const std::size_t had = content.size();
    const auto ask = static_cast<unsigned>(std::min<std::uint64_t>(kPiece, size - had));
    content.resize(had + ask);
    const int came = gzread(stream_->file, content.data() + had, ask);
    if (came < 0) fail_damaged();
    content.resize(had + static_cast<std::size_t>(came));
    if (came == 0) break;
  }
  return content;
}

bool GzipFile::at_end() {
  std::uint8_t surplus = 0;
  const int came = gzread(stream_->file, &surplus, 1);
  if (came < 0) fail_damaged();
  int code = Z_OK;
  gzerror(stream_->file, &code);
  if (code == Z_BUF_ERROR) fail_damaged();  // "unexpected end of file": the checksum was cut off
  return came == 0;
}

}  // namespace vbq
