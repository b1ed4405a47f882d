#include "compress/compressed_size.hpp"

#define ZLIB_CONST  // what is compressed is only read
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <vector>

#include "core/check.hpp"

namespace vbq {
namespace {

constexpr std::size_t kRoom = 64 << 10;       // for what is thrown away
constexpr std::size_t kZlibPiece = 64 << 20;  // given to zlib at a time, which counts in 32 bits
constexpr int kZstdLevel = 19;

void check_zlib(int status, const z_stream& stream, const char* what) {
  if (status == Z_OK || status == Z_STREAM_END) return;
  fail_internal("{}: {}", what, stream.msg != nullptr ? stream.msg : zError(status));
}

std::size_t check_zstd(std::size_t result, const char* what) {
  if (ZSTD_isError(result) != 0) fail_internal("{}: {}", what, ZSTD_getErrorName(result));
  return result;
}

}  // namespace

std::uint64_t deflate_bytes(std::string_view content) {
  z_stream stream{};
  check_zlib(deflateInit(&stream, Z_BEST_COMPRESSION), stream, "deflateInit");
  const std::unique_ptr<z_stream, int (*)(z_stream*)> owner(&stream, deflateEnd);
  std::vector<Bytef> room(kRoom);
  int status = Z_OK;
  do {
    const std::string_view piece = content.substr(0, kZlibPiece);
    content.remove_prefix(piece.size());
    stream.next_in = reinterpret_cast<const Bytef*>(piece.data());  // the library's view of bytes
    stream.avail_in = static_cast<uInt>(piece.size());
    do {
      stream.next_out = room.data();
      stream.avail_out = static_cast<uInt>(room.size());
      status = deflate(&stream, content.empty() ? Z_FINISH : Z_NO_FLUSH);
      check_zlib(status, stream, "deflate");
    } while (stream.avail_out == 0);
  } while (status != Z_STREAM_END);
  return stream.total_out;
}

std::uint64_t zstd_bytes(std::string_view content) {
  const std::unique_ptr<ZSTD_CCtx, std::size_t (*)(ZSTD_CCtx*)> owner(ZSTD_createCCtx(), ZSTD_freeCCtx);
  if (owner == nullptr) fail_internal("ZSTD_createCCtx: no memory");
  check_zstd(ZSTD_CCtx_setParameter(owner.get(), ZSTD_c_compressionLevel, kZstdLevel), "ZSTD_CCtx_setParameter");
  check_zstd(ZSTD_CCtx_setPledgedSrcSize(owner.get(), content.size()), "ZSTD_CCtx_setPledgedSrcSize");
  std::vector<std::byte> room(kRoom);
  ZSTD_inBuffer from{content.data(), content.size(), 0};
  std::uint64_t bytes = 0;
  std::size_t left = 1;
  while (left > 0) {
    ZSTD_outBuffer to{room.data(), room.size(), 0};
    left = check_zstd(ZSTD_compressStream2(owner.get(), &to, &from, ZSTD_e_end), "ZSTD_compressStream2");
    bytes += to.pos;
  }
  return bytes;
}

CompressedSize compressed_size(std::string_view content) { return {zstd_bytes(content), deflate_bytes(content)}; }

}  // namespace vbq
