#include "report/comparison.hpp"

#include "config/job.hpp"
#include "core/check.hpp"
#include "json/json.hpp"
#include "report/score_json.hpp"

namespace vbq {
namespace {

std::string name_of_width(int levels) { return levels == 0 ? "fp32" : width_name(levels); }

std::string quoted(const std::string& field) {
  return field.find(',') == std::string::npos ? field : '"' + field + '"';
}

}  // namespace

std::string comparison_text(const std::vector<ComparedFormat>& rows) {
  std::string text;
  int levels = -1;
  for (const ComparedFormat& row : rows) {
    if (row.levels != levels) {
      text += fmt::format("{}{}\n", text.empty() ? "" : "\n", name_of_width(row.levels));
      text += fmt::format("  {:<27} {:<11} {:<7} {:>22} {:>22} {:>8} {:>10} {:>6} {:>7} {:>7} {:>8}\n", "codebook",
                          "assignment", "matched", "held-out top-1 %", "top-5 %", "search %", "divergence", "bits",
                          "entropy", "evals", "seconds");
      levels = row.levels;
    }
    text += fmt::format("  {:<27} {:<11} {:<7} {:>22} {:>22} {:>8.2f} {:>10.5f} {:>6.2f} {:>7.2f} {:>7} {:>8.1f}\n",
                        row.codebook, row.assignment, row.matching, interval_text(row.held_out.top1, row.held_out.seen),
                        interval_text(row.held_out.top5, row.held_out.seen), percent(row.search.top1, row.search.seen),
                        mean_divergence(row.search), row.size.bits_per_weight(), row.size.entropy_bits_per_weight(),
                        row.evaluations, row.seconds);
  }
  return text;
}

std::string comparison_csv(const std::vector<ComparedFormat>& rows) {
  std::string text =
      "width,codebook,assignment,matching,held_out_images,held_out_top1,held_out_top5,search_images,search_top1,"
      "search_top5,search_divergence,bits_per_weight,entropy_bits_per_weight,evaluations,seconds\n";
  for (const ComparedFormat& row : rows) {
    text +=
        fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{},{},{:.3f}\n", name_of_width(row.levels),
                    quoted(row.codebook), row.assignment, row.matching, row.held_out.seen, row.held_out.top1,
                    row.held_out.top5, row.search.seen, row.search.top1, row.search.top5, mean_divergence(row.search),
                    row.size.bits_per_weight(), row.size.entropy_bits_per_weight(), row.evaluations, row.seconds);
  }
  return text;
}

std::string comparison_json(const std::vector<ComparedFormat>& rows) {
  Json json = Json::array();
  for (const ComparedFormat& row : rows) {
    Json entry;
    entry["width"] = name_of_width(row.levels);
    entry["levels"] = row.levels;
    entry["codebook"] = row.codebook;
    entry["assignment"] = row.assignment;
    entry["matching"] = row.matching;
    const Divergence divergence = row.levels == 0 ? Divergence::left_out : Divergence::told;
    entry["held_out"] = score_json(row.held_out, divergence);
    entry["search"] = score_json(row.search, divergence);
    entry["bits_per_weight"] = row.size.bits_per_weight();
    entry["entropy_bits_per_weight"] = row.size.entropy_bits_per_weight();
    entry["evaluations"] = row.evaluations;
    entry["seconds"] = row.seconds;
    json.push_back(std::move(entry));
  }
  return json.dump(2) + "\n";
}

}  // namespace vbq
