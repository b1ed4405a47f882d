// JSON that comes from outside: every reader of it begins here.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "json/json.hpp"

namespace vbq {

// What vbq writes stays far below; what is above is somebody else's, or made to do harm: the library copies, compares
// and prints values by recursion, and looks through an object's keys one by one.
inline constexpr int kDeepestJson = 16;
inline constexpr int kMostJsonKeys = 256;                 // of one object
inline constexpr std::size_t kMostJsonValues = 1U << 24;  // of a document: a number takes 16 bytes of memory

// An object, within those limits. Error, beginning with `where`, otherwise.
Json parse_json(std::string_view text, const std::string& where, std::size_t most_values = kMostJsonValues);
// The text of a file that should hold JSON, of at most 256 MiB; what: "format".
std::string read_json_text(const std::filesystem::path& path, const std::string& what);
// Both.
Json read_json(const std::filesystem::path& path, const std::string& what);

// A value as an error shows it: short, whatever was found. A string in quotes and cut; arrays and objects by their kind
// alone.
std::string shown(const Json& value);

}  // namespace vbq
