// The page of a comparison: what it comes to, and its tables.
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/check.hpp"
#include "core/file.hpp"
#include "json/json_file.hpp"
#include "report/chart.hpp"
#include "report/progress.hpp"
#include "report/report.hpp"
#include "report/report_parts.hpp"

namespace vbq {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kLargestTable = std::uint64_t{64} << 20;

// Of top-1, in percent.
struct Scale {
  double low = 100, high = 0;
  double place(double percent) const { return high > low ? 2 + 96 * (percent - low) / (high - low) : 50; }
};

const Json& top1_of(const Json& row) { return row.at("held_out").at("top1"); }

double low_of(const Json& row) { return top1_of(row).at("interval95").at(0).get<double>(); }
double high_of(const Json& row) { return top1_of(row).at("interval95").at(1).get<double>(); }

// A row's interval as a line, its accuracy as a dot.
std::string interval_svg(const Json& row, const Scale& scale) {
  return fmt::format(
      "<svg viewBox=\"0 0 100 12\" style=\"width:100px\" role=\"img\" aria-label=\"{0:.2f} to {1:.2f}\">"
      "<line class=\"tick\" x1=\"{2:.1f}\" x2=\"{3:.1f}\" y1=\"6\" y2=\"6\"/>"
      "<circle class=\"axis\" fill=\"currentColor\" cx=\"{4:.1f}\" cy=\"6\" r=\"2.5\"/></svg>",
      low_of(row), high_of(row), scale.place(low_of(row)), scale.place(high_of(row)),
      scale.place(top1_of(row).at("percent").get<double>()));
}

std::string row_html(const Json& row, const Scale& scale) {
  const int number = row.at("row").get<int>();
  const std::string name = html_text(row.at("codebook").get<std::string>());
  const std::string place =
      number == 0 ? std::string("-") : fmt::format("<a href=\"rows/{0:03}/best.json\">{0}</a>", number);
  const std::string how = number == 0 ? std::string()
                                      : fmt::format("{}, matched {}", row.at("assignment").get<std::string>(),
                                                    row.at("matching").get<std::string>());
  const Json& divergence = row.at("held_out").contains("divergence") ? row.at("held_out").at("divergence") : Json(0.0);
  return fmt::format(
      "<tr><td class=\"number\">{}</td><td>{}</td><td>{}</td><td class=\"number\">{}</td><td "
      "class=\"number\">{:.3f}</td>"
      "<td class=\"number\">{:.3f}</td><td>{}</td><td>{}</td><td class=\"number\">{:.5f}</td></tr>\n",
      place, name, html_text(how), thousands(row.at("bytes").get<long long>()), row.at("bits_per_weight").get<double>(),
      row.at("entropy_bits_per_weight").get<double>(), percent_with_interval(top1_of(row)), interval_svg(row, scale),
      divergence.get<double>());
}

std::string tables_html(const Json& rows) {
  Scale scale;
  for (const Json& row : rows) {
    scale.low = std::min(scale.low, low_of(row));
    scale.high = std::max(scale.high, high_of(row));
  }
  std::string text, group;
  for (const Json& row : rows) {
    if (row.at("width") != group) {
      text += (group.empty() ? "" : "</table></div>\n");
      group = row.at("width").get<std::string>();
      text += "<h2>" + html_text(group) +
              "</h2>\n<div style=\"overflow-x:auto\"><table><tr><th class=\"number\">row</th><th>format</th><th></th>"
              "<th class=\"number\">bytes</th><th class=\"number\">bits, fixed</th><th class=\"number\">at entropy</th>"
              "<th>top-1, held out (95 % interval)</th><th></th><th class=\"number\">divergence</th></tr>\n";
    }
    text += row_html(row, scale);
  }
  return text + (group.empty() ? "" : "</table></div>\n");
}

// conclusion.json: what is to be said, as the command has said it, and the lines of a job.
std::string conclusion_html(const Json& conclusion) {
  return "<h2>Which one?</h2>\n<pre style=\"white-space:pre-wrap\">" +
         html_text(conclusion.at("text").get<std::string>()) + "</pre>\n";
}

// The file is an array, where files from outside are read as objects; nothing where it is not there.
Json rows_of(const fs::path& file) {
  if (!fs::exists(file)) return Json::array();
  return parse_json("{\"rows\": " + read_json_text(file, "table") + "}", file.string()).at("rows");
}

}  // namespace

std::string comparison_html(const fs::path& folder) {
  const char* title = "Number formats side by side";
  const Json rows = rows_of(folder / "compare.json");
  // Of an earlier version, or of a comparison that has hardly begun.
  if (rows.empty() || !rows.front().contains("bytes")) {
    const std::string table = read_file(folder / "compare.txt", "table", kLargestTable);
    return html_page(title, "<pre>" + html_text(table) + "</pre>\n");
  }
  try {
    const std::optional<Json> conclusion = read_if_there(folder / "conclusion.json");
    const std::string said = conclusion ? conclusion_html(*conclusion) : "<p>The comparison has not ended.</p>\n";
    return html_page(title, said + tables_html(rows));
  } catch (const nlohmann::json::exception& error) {
    fail("{} holds a compare.json or conclusion.json that is not as vbq writes it ({})", folder.string(), error.what());
  }
}

}  // namespace vbq
