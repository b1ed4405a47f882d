#include "quant/packing.hpp"

#include <algorithm>
#include <bit>
#include <utility>

#include "vbq/quantised_network.hpp"

namespace vbq {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

int index_bits(int levels) {
  return std::max(1, static_cast<int>(std::bit_width(static_cast<unsigned>(std::max(levels, 1) - 1))));
}

std::string pack_indices(std::span<const std::uint8_t> indices, int bits) {
  const std::vector<std::uint8_t> bytes = pack_levels(indices, bits).bytes;
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::size_t have = std::min<std::size_t>(3, bytes.size() - at);
    unsigned word = 0;
    for (std::size_t k = 0; k < 3; ++k) word = word << 8 | (k < have ? bytes[at + k] : 0U);
    for (std::size_t k = 0; k < 4; ++k) text += k <= have ? kAlphabet[word >> (18 - 6 * k) & 63] : '=';
  }
  return text;
}

std::optional<std::vector<std::uint8_t>> unpack_indices(std::string_view text, std::size_t count, int bits) {
  const std::size_t size = (count * static_cast<std::size_t>(bits) + 7) / 8;
  if (text.size() != (size + 2) / 3 * 4) return std::nullopt;
  std::vector<std::uint8_t> bytes;
  for (std::size_t at = 0; at < text.size(); at += 4) {
    const std::size_t have = std::min<std::size_t>(3, size - bytes.size());
    unsigned word = 0;
    for (std::size_t k = 0; k < 4; ++k) {
      const char c = text[at + k];
      const std::size_t digit = k <= have ? kAlphabet.find(c) : (c == '=' ? 0 : std::string_view::npos);
      if (digit == std::string_view::npos) return std::nullopt;
      word = word << 6 | static_cast<unsigned>(digit);
    }
    for (std::size_t k = 0; k < have; ++k) bytes.push_back(static_cast<std::uint8_t>(word >> (16 - 8 * k) & 0xff));
  }
  return unpack_levels({bits, static_cast<std::int64_t>(count), std::move(bytes)});
}

}  // namespace vbq
