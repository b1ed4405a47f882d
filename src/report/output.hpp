// Standard output: results, and nothing else. What cannot be written there is an error, as with any other file.
#pragma once

#include <string>
#include <string_view>

#include "json/json_fwd.hpp"

namespace vbq {

// Writes it all and flushes. Error when that fails (a full disk, a closed descriptor).
void print(std::string_view text);

// The same of one JSON object and a line end. File and layer names may hold any bytes: what is not UTF-8 becomes
// U+FFFD.
void print_json(const Json& object);
std::string json_text(const Json& object, int indent);

// What a command that fails prints under --json, so that there is one object whatever happens:
// {"error": SENTENCE, "exit_code": CODE}. Never throws.
void print_error_json(const std::string& sentence, int exit_code) noexcept;

}  // namespace vbq
