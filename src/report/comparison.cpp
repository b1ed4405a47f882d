#include "report/comparison.hpp"

#include <algorithm>
#include <tuple>

#include "core/check.hpp"
#include "core/text.hpp"
#include "json/json.hpp"
#include "report/progress.hpp"
#include "report/score_json.hpp"

namespace vbq {
std::vector<ComparedFormat> sorted_rows(std::vector<ComparedFormat> rows) {
  std::vector<std::string> groups;
  for (const ComparedFormat& row : rows) {
    if (std::ranges::find(groups, row.group) == groups.end()) groups.push_back(row.group);
  }
  const auto place = [&](const ComparedFormat& row) { return std::ranges::find(groups, row.group) - groups.begin(); };
  std::ranges::stable_sort(
      rows, {}, [&](const ComparedFormat& row) { return std::tuple(place(row), row.bytes, -row.held_out.top1); });
  return rows;
}

std::string comparison_text(const std::vector<ComparedFormat>& rows) {
  std::string text, group;
  for (const ComparedFormat& row : rows) {
    if (row.group != group) {
      text += fmt::format("{}{}\n", text.empty() ? "" : "\n", row.group);
      text += fmt::format("  {:>3} {:<28} {:<11} {:<7} {:>10} {:>6} {:>7} {:>22} {:>10} {:>22} {:>8} {:>7} {:>8}\n",
                          "row", "codebook", "assignment", "matched", "bytes", "bits", "entropy", "held-out top-1 %",
                          "divergence", "top-5 %", "search %", "evals", "seconds");
      group = row.group;
    }
    text += fmt::format(
        "  {:>3} {:<28} {:<11} {:<7} {:>10} {:>6.3f} {:>7.3f} {:>22} {:>10.5f} {:>22} {:>8.2f} {:>7} {:>8.1f}\n",
        row.number == 0 ? std::string("-") : std::to_string(row.number), row.codebook, row.assignment, row.matching,
        thousands(row.bytes), row.size.bits_per_weight(), row.size.entropy_bits_per_weight(),
        interval_text(row.held_out.top1, row.held_out.seen), mean_divergence(row.held_out),
        interval_text(row.held_out.top5, row.held_out.seen), percent(row.search.top1, row.search.seen), row.evaluations,
        row.seconds);
  }
  return text;
}

std::string comparison_csv(const std::vector<ComparedFormat>& rows) {
  std::string text =
      "width,codebook,assignment,matching,held_out_images,held_out_top1,held_out_top5,search_images,search_top1,"
      "search_top5,search_divergence,bits_per_weight,entropy_bits_per_weight,evaluations,row,bytes,held_out_divergence,"
      "seconds\n";
  for (const ComparedFormat& row : rows) {
    text += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{:.3f}\n", csv_field(row.group),
                        csv_field(row.codebook), row.assignment, row.matching, row.held_out.seen, row.held_out.top1,
                        row.held_out.top5, row.search.seen, row.search.top1, row.search.top5,
                        mean_divergence(row.search), row.size.bits_per_weight(), row.size.entropy_bits_per_weight(),
                        row.evaluations, row.number, row.bytes, mean_divergence(row.held_out), row.seconds);
  }
  return text;
}

std::string comparison_json(const std::vector<ComparedFormat>& rows) {
  Json json = Json::array();
  for (const ComparedFormat& row : rows) {
    Json entry;
    entry["row"] = row.number;
    entry["width"] = row.group;
    entry["levels"] = row.levels;
    entry["codebook"] = row.codebook;
    entry["assignment"] = row.assignment;
    entry["matching"] = row.matching;
    const Divergence divergence = row.levels == 0 ? Divergence::left_out : Divergence::told;
    entry["held_out"] = score_json(row.held_out, divergence);
    entry["search"] = score_json(row.search, divergence);
    entry["bits_per_weight"] = row.size.bits_per_weight();
    entry["entropy_bits_per_weight"] = row.size.entropy_bits_per_weight();
    entry["bytes"] = row.bytes;
    entry["job"] = row.job_lines;
    entry["evaluations"] = row.evaluations;
    entry["seconds"] = row.seconds;
    json.push_back(std::move(entry));
  }
  return json.dump(2) + "\n";
}

}  // namespace vbq
