// A picture on a terminal (standard error), drawn again in its own place. Nothing of the terminal's state is changed,
// so that there is nothing to restore however the process ends: no cursor is hidden, no other screen is used, and the
// cursor stands below the picture whenever nothing is being written.
#pragma once

#include <vector>

#include "report/screen.hpp"
#include "report/text_line.hpp"

namespace vbq {

// Whether there is one: automatic: where standard error and standard output are a terminal that can move its cursor
// (Emacs and editors say TERM=dumb).
enum class ScreenUse { automatic, on, off };
bool has_screen(ScreenUse use);

// From the environment: NO_COLOR (no-color.org), and the locale's character set.
TextStyle terminal_style();

class Terminal {
 public:
  // A column less than there are, since what stands in the last one makes some terminals begin a new line, and a row
  // less, for the cursor. Where the size cannot be had, COLUMNS and LINES, or 80 x 24.
  ScreenSize size() const;
  // In the place of the picture before. Nothing is written where it is the same.
  void draw(std::vector<TextLine> lines);
  // Takes the picture away, for something to be written above; draw() puts it back.
  void erase();
  // The picture stays; what is drawn next stands below.
  void leave() { shown_.clear(); }

 private:
  std::string to_its_top(const ScreenSize& now) const;

  std::vector<TextLine> shown_;
  ScreenSize drawn_in_;
};

}  // namespace vbq
