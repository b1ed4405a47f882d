// A line for a terminal, never wider than it was asked to be.
#pragma once

#include <limits>
#include <string>
#include <string_view>

namespace vbq {

// first and second: two things that are told apart.
enum class Paint { plain, strong, faint, first, second };

// What a terminal can show.
struct TextStyle {
  bool colours = false;
  bool unicode = false;  // else ASCII alone
};

class TextLine {
 public:
  TextLine(int width, TextStyle style) : width_(width), style_(style) {}

  // UTF-8, as far as it fits, and `most` columns of it. What cannot be shown becomes '?': control characters, broken
  // bytes, and, without Unicode, all that is not ASCII.
  TextLine& add(std::string_view text, Paint paint = Paint::plain, int most = std::numeric_limits<int>::max());
  // Blanks up to a column, or to the line's end.
  TextLine& fill_to(int column);

  int columns() const { return columns_; }
  // Escape sequences included, and undone at the end.
  std::string text() const;
  bool operator==(const TextLine& other) const { return text() == other.text(); }

 private:
  void use(Paint paint);

  int width_, columns_ = 0;
  TextStyle style_;
  Paint paint_ = Paint::plain;
  std::string text_;
};

}  // namespace vbq
