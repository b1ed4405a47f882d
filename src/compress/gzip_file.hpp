// A file that may be gzipped or not, read in order. What comes out is bounded by what the caller asks for, so that a
// decompression bomb ends at the size that its header promises.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace vbq {

class GzipFile {
 public:
  GzipFile(const std::filesystem::path& path, const std::string& what);
  // Up to `size` bytes, fewer when the content ends before. Memory is taken as content arrives, not as it is promised.
  std::vector<std::uint8_t> read(std::uint64_t size);
  // All content has been read, and its checksum, where gzipped, was right. Error when it was cut off or is damaged.
  bool at_end();
  bool gzipped() const { return gzipped_; }
  std::uint64_t file_size() const { return file_size_; }  // as stored
  const std::string& name() const { return name_; }

 private:
  struct Stream;
  struct Closer {
    void operator()(Stream* stream) const noexcept;
  };
  [[noreturn]] void fail_damaged() const;

  std::string name_;
  std::uint64_t file_size_;
  std::unique_ptr<Stream, Closer> stream_;
  bool gzipped_ = false;
};

}  // namespace vbq
