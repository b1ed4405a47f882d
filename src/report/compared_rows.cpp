#include "report/compared_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "core/check.hpp"
#include "json/json_file.hpp"
#include "report/chart.hpp"
#include "report/progress.hpp"
#include "report/report_parts.hpp"

namespace vbq {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostRows = 4096;  // a page is for people

bool ends_in_levels(const std::string& name) { return name.size() > 7 && name.ends_with(" levels"); }

// What rows are told apart by in the charts.
std::string kind_of(const ComparedRow& row) {
  static constexpr std::array kOwn = {"rate-distortion", "additive allocation", "greedy list", "H-weighted error",
                                      "searched"};
  if (row.name.starts_with("search")) return "searched";
  if (ends_in_levels(row.name)) return "equally many levels";
  if (std::ranges::any_of(kOwn, [&](const char* own) { return row.name.starts_with(own); })) return row.name;
  return row.assignment;
}

ComparedRow row_of(const Json& json) {
  ComparedRow row;
  row.number = whole(json.at("row"), 0, 1'000'000);
  row.group = json.at("width").get<std::string>();
  row.name = json.at("codebook").get<std::string>();
  row.assignment = json.at("assignment").get<std::string>();
  row.matching = json.at("matching").get<std::string>();
  row.bytes = json.at("bytes").get<double>();
  row.bits = json.at("bits_per_weight").get<double>();
  row.entropy_bits = json.at("entropy_bits_per_weight").get<double>();
  const Json &score = json.at("held_out"), &top1 = score.at("top1");
  row.top1 = top1.at("percent").get<double>();
  row.low = top1.at("interval95").at(0).get<double>();
  row.high = top1.at("interval95").at(1).get<double>();
  if (score.contains("divergence")) row.divergence = score.at("divergence").get<double>();
  row.kind = kind_of(row);
  return row;
}

const ComparedRow* as_trained(const std::vector<ComparedRow>& rows) {
  const auto found = std::ranges::find(rows, 0, &ComparedRow::number);
  return found == rows.end() ? nullptr : &*found;
}

struct Kinds {
  std::vector<std::string> names;
  std::vector<double> x;
  std::vector<const ComparedRow*> rows;  // by x
};

Kinds kinds_of(const std::vector<ComparedRow>& rows) {
  Kinds kinds;
  const auto bits = [](const ComparedRow* row) { return row->counted_bits; };
  for (const ComparedRow& row : rows) {
    if (row.number == 0) continue;
    kinds.rows.push_back(&row);
    if (std::ranges::find(kinds.names, row.kind) == kinds.names.end()) kinds.names.push_back(row.kind);
  }
  std::ranges::sort(kinds.names);
  std::ranges::stable_sort(kinds.rows, {}, bits);
  std::ranges::transform(kinds.rows, std::back_inserter(kinds.x), bits);
  return kinds;
}

enum class Number { divergence, top1 };

Chart chart_of(const Kinds& kinds, Number number) {
  constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();
  const bool top1 = number == Number::top1;
  Chart chart{
      top1 ? "top-1 on images that no search saw, % (95 % interval)" : "divergence on images that no search saw",
      "bits a weight, everything counted",
      kinds.x,
      {}};
  for (const std::string& name : kinds.names) {
    Series& series = chart.series.emplace_back(Series{name, {}});
    for (const ComparedRow* row : kinds.rows) {
      const bool own = row->kind == name;
      series.y.push_back(!own ? kNothing : top1 ? row->top1 : row->divergence);
      if (top1) {
        series.low.push_back(own ? row->low : kNothing);
        series.high.push_back(own ? row->high : kNothing);
      }
    }
  }
  chart.logarithmic = !top1;
  chart.marks = Marks::points;
  return chart;
}

std::string row_html(const ComparedRow& row, Links links, const Span& span) {
  const std::string place = row.number == 0 ? "-"
                            : links == Links::rows
                                ? fmt::format("<a href=\"rows/{0:03}/best.json\">{0}</a>", row.number)
                                : std::to_string(row.number);
  const std::string how = row.number == 0 ? "" : html_text(row.assignment + ", matched " + row.matching);
  return fmt::format(
      "<tr><td class=\"number\">{}</td><td>{}</td><td>{}</td><td class=\"number\">{}</td><td class=\"number\">{:.3f}"
      "</td><td class=\"number\">{:.3f}</td><td class=\"whole\">{:.2f} % ({:.2f} to {:.2f})</td><td>{}</td><td "
      "class=\"number\">{:.5f}"
      "</td></tr>\n",
      place, html_text(row.name), how, thousands_of(row.bytes), row.bits, row.entropy_bits, row.top1, row.low, row.high,
      interval_svg(row.top1, {row.low, row.high}, span), row.divergence);
}

}  // namespace

// The file is an array, where files from outside are read as objects.
std::vector<ComparedRow> read_compared(const fs::path& folder) {
  const fs::path file = folder / "compare.json";
  if (!fs::exists(file)) return {};
  const Json rows = parse_json("{\"rows\": " + read_json_text(file, "table") + "}", file.string()).at("rows");
  if (!rows.is_array() || rows.empty() || !rows.front().is_object() || !rows.front().contains("bytes")) return {};
  if (rows.size() > kMostRows) fail("{} has {} rows: at most {} were expected", file.string(), rows.size(), kMostRows);
  std::vector<ComparedRow> read;
  read.reserve(rows.size());
  for (const Json& row : rows) read.push_back(row_of(row));
  const ComparedRow* trained = as_trained(read);
  const double bytes = trained != nullptr ? trained->bytes : 0;
  for (ComparedRow& row : read) row.counted_bits = bytes > 0 ? 32 * row.bytes / bytes : row.bits;
  return read;
}

std::vector<ComparedRow> rows_of_front(const Json& summary, const std::string& name) {
  std::vector<ComparedRow> rows;
  if (!summary.contains("front")) return rows;
  const Json& networks = summary.at("front").at("networks");
  const bool entropy = summary.value("coding", "fixed") == "entropy";
  if (networks.size() > kMostRows)
    fail("a front has {} networks: at most {} were expected", networks.size(), kMostRows);
  for (const Json& network : networks) {
    if (!network.contains("top1")) return {};  // of images without labels: nothing that others have
    ComparedRow& row = rows.emplace_back();
    row.number = static_cast<int>(rows.size());
    row.kind = name + ": " + (network.at("network") == "start" ? "the search's start" : "searched");
    row.counted_bits = network.at(entropy ? "bits_entropy" : "bits_fixed").get<double>();
    row.divergence = network.at("held_out").get<double>();
    row.top1 = network.at("top1").get<double>();
    row.low = network.at("top1_low").get<double>();
    row.high = network.at("top1_high").get<double>();
  }
  return rows;
}

std::string compared_charts(const std::vector<ComparedRow>& rows) {
  const Kinds kinds = kinds_of(rows);
  if (kinds.rows.empty()) return "";
  Chart top1 = chart_of(kinds, Number::top1);
  if (const ComparedRow* trained = as_trained(rows)) top1.rule = Rule{"as trained (FP32)", trained->top1};
  return charts_html({chart_of(kinds, Number::divergence), top1});
}

std::string compared_tables(const std::vector<ComparedRow>& rows, Links links) {
  Span span{100, 0};
  for (const ComparedRow& row : rows) span = {std::min(span.low, row.low), std::max(span.high, row.high)};
  std::string text, group;
  for (const ComparedRow& row : rows) {
    if (row.group != group) {
      text += group.empty() ? "" : "</table></div>\n";
      group = row.group;
      text += "<h3>" + html_text(group) +
              "</h3>\n<div class=\"scroll\"><table><tr><th class=\"number\">row</th><th>format</th><th></th>"
              "<th class=\"number\">bytes</th><th class=\"number\">bits, fixed</th><th class=\"number\">at entropy</th>"
              "<th>top-1, held out (95 % interval)</th><th></th><th class=\"number\">divergence</th></tr>\n";
    }
    text += row_html(row, links, span);
  }
  return text + (group.empty() ? "" : "</table></div>\n");
}

}  // namespace vbq
