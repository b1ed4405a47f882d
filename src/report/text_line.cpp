#include "report/text_line.hpp"

#include <algorithm>
#include <cstdint>

namespace vbq {
namespace {

struct Character {
  std::string_view bytes;  // empty: cannot be shown
  std::size_t taken = 1;
  int columns = 1;
};

// East Asian letters and pictures take two columns. Of what may be either, two are reckoned, so that no line is longer
// than it should be; of what plots and bars are made of, one.
int columns_of(std::uint32_t code) {
  const bool drawing = (code >= 0x2500 && code < 0x25A0) || (code >= 0x2800 && code < 0x2900);
  return code < 0x1100 || drawing ? 1 : 2;
}

Character first_of(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (byte(0) < 0x80) return byte(0) < 0x20 || byte(0) == 0x7F ? Character{} : Character{text.substr(0, 1)};
  const std::size_t length = byte(0) >= 0xF0 ? 4 : byte(0) >= 0xE0 ? 3 : 2;
  if (byte(0) < 0xC2 || byte(0) > 0xF4 || text.size() < length) return {};
  std::uint32_t code = byte(0) & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) return {};
    code = (code << 6U) | (byte(i) & 0x3FU);
  }
  if (code < 0xA0) return {{}, length, 1};  // control characters of ISO 8859
  return {text.substr(0, length), length, columns_of(code)};
}

const char* sequence(Paint paint) {
  switch (paint) {
    case Paint::strong:
      return "\x1b[1m";
    case Paint::faint:
      return "\x1b[2m";
    case Paint::first:
      return "\x1b[32m";
    case Paint::second:
      return "\x1b[33m";
    case Paint::plain:
      break;
  }
  return "";
}

constexpr const char* kUndo = "\x1b[0m";

}  // namespace

TextLine& TextLine::add(std::string_view text, Paint paint, int most) {
  const int end = most < width_ - columns_ ? columns_ + most : width_;
  while (!text.empty()) {
    const Character one = first_of(text);
    text.remove_prefix(one.taken);
    const bool shown = !one.bytes.empty() && (style_.unicode || one.bytes.size() == 1);
    const int columns = shown ? one.columns : 1;
    if (columns_ + columns > end) break;
    use(paint);
    text_ += shown ? one.bytes : "?";
    columns_ += columns;
  }
  return *this;
}

TextLine& TextLine::fill_to(int column) {
  return add(std::string(static_cast<std::size_t>(std::max(0, std::min(column, width_) - columns_)), ' '));
}

std::string TextLine::text() const { return paint_ == Paint::plain || !style_.colours ? text_ : text_ + kUndo; }

void TextLine::use(Paint paint) {
  if (paint == paint_) return;
  if (style_.colours && paint_ != Paint::plain) text_ += kUndo;
  if (style_.colours) text_ += sequence(paint);
  paint_ = paint;
}

}  // namespace vbq
