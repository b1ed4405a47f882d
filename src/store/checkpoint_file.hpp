// A checkpoint's outermost layer: 512 bytes of plain text (HDF5's user block), then an HDF5 file. The text holds size
// and hash of all that follows, so that HDF5 never sees a file that is not, to the bit, the one that was written:
//
//   vbq checkpoint 1\n
//   size 123456\n
//   hash 0123456789abcdef0123456789abcdef\n     then NULs up to byte 512
#pragma once

#include <string>
#include <string_view>

namespace vbq {

inline constexpr std::string_view kCheckpointMagic = "vbq checkpoint ";

std::string seal_checkpoint(std::string_view image);

// The image inside. Error, beginning with `where`, when the file is cut off, damaged, or of another version.
std::string_view unseal_checkpoint(std::string_view file, const std::string& where);

}  // namespace vbq
