// What the pages of vbq report have in common.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "json/json_file.hpp"

namespace vbq {

// The whole page: head, style, title and what is below it. body is HTML.
std::string html_page(const std::string& title, const std::string& body);

// A line of a table of pairs; a number in a box. Both take plain text.
std::string html_row(const std::string& name, const std::string& value);
std::string html_tile(const std::string& number, const std::string& what);

// Rows (HTML) as a table of pairs, or as one that scrolls sideways in a box of its own where the page is narrow.
std::string pairs_table(const std::string& rows);
std::string scrolling_table(const std::string& rows);

// A path as it may stand in a link: never one to another place, whatever the file is called.
std::string link_to(const std::filesystem::path& path);

// Of {"percent", "interval95"}: "91.73 %", and with the interval.
std::string percent_of(const Json& share);
std::string percent_with_interval(const Json& share);

struct Span {
  double low = 0, high = 0;
};
// An interval as a line, its middle as a dot, in a field from `of`.low to `of`.high.
std::string interval_svg(double value, const Span& interval, const Span& of);

// An integer from low to high; Error otherwise.
int whole(const Json& json, int low, int high);
// 1234567.0 -> "1,234,567"; "-" for what is no count.
std::string thousands_of(double count);

// The layers of a best.json, each with its levels drawn.
std::string codebooks_html(const Json& best);

// "net.onnx within 2.3 bits a weight".
struct Job;
std::string title_of(const Job& job);

// Nothing where the file is not there: a run that has not ended yet has no best.json and no summary.json.
std::optional<Json> read_if_there(const std::filesystem::path& path);

}  // namespace vbq
