// What the pages of vbq report have in common.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "json/json_file.hpp"

namespace vbq {

// The whole page: head, style, title and what is below it. body is HTML.
std::string html_page(const std::string& title, const std::string& body);

// A line of a table; a number in a box. Both take plain text.
std::string html_row(const std::string& name, const std::string& value);
std::string html_tile(const std::string& number, const std::string& what);

// Of {"percent", "interval95"}: "91.73 %", and with the interval.
std::string percent_of(const Json& share);
std::string percent_with_interval(const Json& share);

// The layers of a best.json, each with its levels drawn.
std::string codebooks_html(const Json& best);

// Nothing where the file is not there: a run that has not ended yet has no best.json and no summary.json.
std::optional<Json> read_if_there(const std::filesystem::path& path);

}  // namespace vbq
