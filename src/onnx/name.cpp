#include "onnx/name.hpp"

#include <cstddef>

namespace vbq {
namespace {

constexpr std::size_t kLongest = 200;

// Length of the well-formed UTF-8 sequence at `at`; 0 when there is none, or it is a control character.
std::size_t sequence(const std::string& text, std::size_t at) {
  const auto byte = [&](std::size_t k) { return static_cast<unsigned>(static_cast<unsigned char>(text[k])); };
  const unsigned first = byte(at);
  if (first < 0x80) return first < 0x20 || first == 0x7f ? 0 : 1;
  const std::size_t length = first >= 0xc2 && first < 0xe0   ? 2
                             : first >= 0xe0 && first < 0xf0 ? 3
                             : first >= 0xf0 && first < 0xf5 ? 4
                                                             : 0;
  if (length == 0 || at + length > text.size()) return 0;
  unsigned code = first & (0x7fU >> length);
  for (std::size_t k = 1; k < length; ++k) {
    if ((byte(at + k) & 0xc0U) != 0x80U) return 0;
    code = code << 6 | (byte(at + k) & 0x3fU);
  }
  const bool overlong = (length == 3 && code < 0x800) || (length == 4 && (code < 0x10000 || code > 0x10ffff));
  const bool surrogate = code >= 0xd800 && code < 0xe000;
  const bool control = code < 0xa0;
  return overlong || surrogate || control ? 0 : length;
}

}  // namespace

std::string clean_name(const std::string& name) {
  std::string clean;
  for (std::size_t at = 0; at < name.size() && clean.size() < kLongest;) {
    const std::size_t length = sequence(name, at);
    if (clean.size() + length > kLongest) break;
    if (length == 0) {
      clean += '?';
      ++at;
    } else {
      clean.append(name, at, length);
      at += length;
    }
  }
  return clean;
}

}  // namespace vbq
