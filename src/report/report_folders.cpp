// Pages of what is more, or less, than one run.
#include <fmt/format.h>

#include "config/job.hpp"
#include "core/check.hpp"
#include "report/chart.hpp"
#include "report/report.hpp"
#include "report/report_parts.hpp"
#include "report/results_folder.hpp"
#include "report/score_json.hpp"

namespace vbq {
namespace {

namespace fs = std::filesystem;

// One width of a sweep: a line of its table, and a point of its chart where the run has ended.
struct Width {
  std::string row;
  std::optional<double> bits, top1;
};

Width width_of(const fs::path& run) {
  const std::string name = html_text(run.filename().string());
  const std::string link = fmt::format("<a href=\"{0}/report.html\">{0}</a>", name);
  const std::optional<Json> summary = read_if_there(run / "summary.json");
  if (!summary) return {fmt::format("<tr><td>{}</td><td colspan=\"4\">has not ended</td></tr>\n", link), {}, {}};
  const Json &before = summary->at("fp32").at("held_out"), &after = summary->at("quantised").at("held_out");
  const double bits = summary->at("bits_per_weight").get<double>();
  return {
      fmt::format("<tr><td>{}</td><td class=\"number\">{:.2f}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n", link, bits,
                  percent_with_interval(top1_of(after)), percent_of(top5_of(after)), percent_of(top1_of(before))),
      bits, top1_of(after).at("percent").get<double>()};
}

}  // namespace

std::string sweep_html(const fs::path& folder) {
  std::string rows;
  std::vector<double> bits, top1;
  try {
    for (const fs::path& run : runs_of_sweep(folder)) {
      const Width width = width_of(run);
      rows += width.row;
      if (!width.bits || (!bits.empty() && *width.bits <= bits.back())) continue;
      bits.push_back(*width.bits);
      top1.push_back(*width.top1);
    }
  } catch (const nlohmann::json::exception& error) {
    fail("{} holds a summary.json that is not as vbq writes it ({})", folder.string(), error.what());
  }
  if (rows.empty()) fail("{} holds no run of a sweep", folder.string());
  const std::string table =
      "<div class=\"scroll\"><table><tr><th>width</th><th class=\"number\">bits a weight</th><th>top-1, held out (95 % "
      "interval)</th><th>top-5</th>"
      "<th>top-1 as trained</th></tr>\n" +
      rows + "</table></div>\n";
  Chart chart{"top-1 on images that the search never saw, %", "bits a weight", bits, {{"top-1", top1}}};
  chart.marks = Marks::lines_and_points;
  return html_page("Sweep " + fs::absolute(folder).lexically_normal().filename().string(),
                   table + charts_html({chart}));
}

std::string format_html(const fs::path& file) {
  const Json best = read_json(file, "format");
  try {
    return html_page("Codebooks of " + file.filename().string(), codebooks_html(best));
  } catch (const nlohmann::json::exception& error) {
    fail("{} is not a best.json as vbq writes it ({})", file.string(), error.what());
  }
}

}  // namespace vbq
