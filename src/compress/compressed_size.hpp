// How small bytes become in the archives that files are shipped in.
#pragma once

#include <cstdint>
#include <string_view>

namespace vbq {

// Bytes of `content` behind deflate at its best (level 9; zip, gzip and PNG; here with zlib's own 6 bytes around it)
// and behind zstd -19. What is compressed is counted and thrown away, so that no more memory is taken than the
// compressors' own (zstd's about 90 MB); zstd -19 takes a second for 2 to 5 MB. Error (internal) with the library's own
// text.
std::uint64_t deflate_bytes(std::string_view content);
std::uint64_t zstd_bytes(std::string_view content);

// Both of one content.
struct CompressedSize {
  std::uint64_t zstd = 0, deflate = 0;
};
CompressedSize compressed_size(std::string_view content);

}  // namespace vbq
