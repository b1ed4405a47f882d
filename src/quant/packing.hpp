// Indices of levels, packed: as a file holds them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vbq {

// Bits that an index of `levels` levels takes: ceil(log2 levels), at least 1.
int index_bits(int levels);

// Each index in `bits` bits (1..8), the first in the lowest bits of the first byte; the bytes in base64 (RFC 4648,
// padded).
std::string pack_indices(std::span<const std::uint8_t> indices, int bits);

// `count` indices back; nothing when the text is not base64, or holds another number of bytes than they need.
std::optional<std::vector<std::uint8_t>> unpack_indices(std::string_view text, std::size_t count, int bits);

}  // namespace vbq
