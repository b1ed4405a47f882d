#include "core/text.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

namespace vbq {
namespace {

// Levenshtein distance, one row at a time.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row.back();
}

}  // namespace

std::string nearest_name(std::string_view name, std::span<const std::string> candidates) {
  std::string best;
  std::size_t distance = 0;
  for (const std::string& candidate : candidates) {
    const std::size_t d = edit_distance(name, candidate);
    if (best.empty() || d < distance) {
      best = candidate;
      distance = d;
    }
  }
  const bool near = distance <= 3 && 2 * distance < name.size();
  return near ? best : "";
}

std::string one_line(std::string_view text) {
  constexpr std::size_t kMost = 2000;
  std::size_t length = std::min(text.size(), kMost);
  // Not in the middle of a character: UTF-8's other bytes are 10xxxxxx.
  while (length > 0 && length < text.size() && (static_cast<unsigned char>(text[length]) & 0xC0U) == 0x80U) --length;
  std::string line(text.substr(0, length));
  for (char& c : line) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte == '\n' || byte == '\r' || byte == '\t') {
      c = ' ';
    } else if (byte < 0x20 || byte == 0x7f) {
      c = '?';
    }
  }
  return length < text.size() ? line + "..." : line;
}

std::string csv_field(std::string_view text) {
  std::string field;
  for (const char c : text) {
    const bool ends = c == '\n' || c == '\r' || c == '\0';
    field += c == '"' ? std::string("\"\"") : std::string(1, ends ? ' ' : c);
  }
  const bool plain =
      !field.empty() && field.find_first_of(",\"") == std::string::npos && field.front() != ' ' && field.back() != ' ';
  return plain || field.empty() ? field : '"' + field + '"';
}

std::string shell_quoted(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

}  // namespace vbq
