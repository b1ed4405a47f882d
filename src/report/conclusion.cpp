#include "report/conclusion.hpp"

#include <fmt/format.h>

#include "json/json.hpp"
#include "report/progress.hpp"
#include "report/score_json.hpp"

namespace vbq {
namespace {

std::string row_text(const ComparedFormat& row) {
  return fmt::format("row {} ({}, {}, {}, matched {})", row.number, row.group, row.codebook, row.assignment,
                     row.matching);
}

std::string one_text(const std::vector<ComparedFormat>& rows, const Conclusion& conclusion) {
  const ComparedFormat &best = rows[conclusion.best], &cheapest = rows[conclusion.cheapest];
  std::string text =
      fmt::format("Best{}: {}, top-1 {} %, {} bytes.\n", conclusion.group.empty() ? "" : " at " + conclusion.group,
                  row_text(best), interval_text(best.held_out.top1, best.held_out.seen), thousands(best.bytes));
  std::vector<std::string> alike;
  for (const Alike& one : conclusion.alike)
    alike.push_back(fmt::format("{} (p = {:.2g})", rows[one.row].number, one.p));
  text += alike.empty()
              ? std::string("  All other rows are worse beyond chance (p < 0.05 each).\n")
              : fmt::format("  Cannot be told from it on these {} images: row{} {}.\n", thousands(best.held_out.seen),
                            alike.size() == 1 ? "" : "s", fmt::join(alike, ", "));
  if (alike.empty()) return text;
  return text + fmt::format("  The cheapest of them: {}, top-1 {} %, {} bytes.\n", row_text(cheapest),
                            interval_text(cheapest.held_out.top1, cheapest.held_out.seen), thousands(cheapest.bytes));
}

}  // namespace

std::string conclusion_text(const std::vector<ComparedFormat>& rows, const std::vector<Conclusion>& conclusions) {
  std::string text;
  for (const Conclusion& conclusion : conclusions) text += one_text(rows, conclusion);
  if (conclusions.empty()) return text;
  const ComparedFormat& cheapest = rows[conclusions.back().cheapest];
  return text +
         fmt::format(
             "Row {} is rows/{:03}/best.json; a job with these lines (its [network] and [data] as they are) {}:\n\n{}",
             cheapest.number, cheapest.number, cheapest.searched ? "finds it" : "starts from it", cheapest.job_lines);
}

Json conclusion_json(const std::vector<ComparedFormat>& rows, const std::vector<Conclusion>& conclusions) {
  Json json = Json::array();
  for (const Conclusion& conclusion : conclusions) {
    Json alike = Json::array();
    for (const Alike& one : conclusion.alike) alike.push_back({{"row", rows[one.row].number}, {"p", one.p}});
    const ComparedFormat& cheapest = rows[conclusion.cheapest];
    json.push_back({{"of", conclusion.group.empty() ? std::string("all rows") : conclusion.group},
                    {"best", rows[conclusion.best].number},
                    {"cannot_be_told_from_it", std::move(alike)},
                    {"cheapest", cheapest.number},
                    {"job", cheapest.job_lines}});
  }
  return json;
}

}  // namespace vbq
