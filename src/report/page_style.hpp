// The style sheet of all pages: light and dark, wide and narrow, on paper.
#pragma once

namespace vbq {

extern const char* const kPageStyle;

}  // namespace vbq
