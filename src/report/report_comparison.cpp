// The page of a comparison: what it comes to, its rows drawn, and its tables.
#include <fmt/format.h>

#include <string>
#include <vector>

#include "core/check.hpp"
#include "core/file.hpp"
#include "json/json_file.hpp"
#include "report/chart.hpp"
#include "report/compared_rows.hpp"
#include "report/report.hpp"
#include "report/report_parts.hpp"

namespace vbq {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kLargestTable = std::uint64_t{64} << 20;

// conclusion.json: what is to be said, as the command has said it, and the lines of a job.
std::string conclusion_html(const Json& conclusion) {
  return "<h2>Which one?</h2>\n<pre class=\"said\">" + html_text(conclusion.at("text").get<std::string>()) + "</pre>\n";
}

}  // namespace

std::string comparison_html(const fs::path& folder) {
  const char* title = "Number formats side by side";
  try {
    const std::vector<ComparedRow> rows = read_compared(folder);
    if (rows.empty()) {  // of an earlier version, or of a comparison that has hardly begun
      const std::string table = read_file(folder / "compare.txt", "table", kLargestTable);
      return html_page(title, "<pre>" + html_text(table) + "</pre>\n");
    }
    const std::optional<Json> conclusion = read_if_there(folder / "conclusion.json");
    const std::string said = conclusion ? conclusion_html(*conclusion) : "<p>The comparison has not ended.</p>\n";
    return html_page(title, said + "<h2>Rows</h2>\n" + compared_charts(rows) + compared_tables(rows, Links::rows));
  } catch (const nlohmann::json::exception& error) {
    fail("{} holds a compare.json or conclusion.json that is not as vbq writes it ({})", folder.string(), error.what());
  }
}

}  // namespace vbq
