// Small helpers for messages.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace vbq {

// The candidate with the smallest edit distance to `name`, for "did you mean"; empty where none is near: at most 3, and
// less than half of the name.
std::string nearest_name(std::string_view name, std::span<const std::string> candidates);

// Text that may hold what a file says, as one line for a terminal: control characters become '?', line ends spaces, and
// what is beyond 2,000 bytes is cut.
std::string one_line(std::string_view text);

// As a field of a CSV file (RFC 4180): in double quotes where it has to be. Line ends become spaces.
std::string csv_field(std::string_view text);

// In single quotes, as every shell takes it for one word.
std::string shell_quoted(std::string_view text);

}  // namespace vbq
