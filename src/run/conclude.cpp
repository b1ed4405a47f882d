#include "run/conclude.hpp"

#include <algorithm>
#include <string>
#include <tuple>

#include "run/paired_gain.hpp"

namespace vbq {
namespace {

// places: of the rows in question, at least one.
Conclusion conclusion_of(const std::vector<ComparedFormat>& rows, const std::vector<std::size_t>& places) {
  Conclusion found;
  found.best = *std::ranges::min_element(
      places, {}, [&](std::size_t k) { return std::tuple(-rows[k].held_out.top1, rows[k].bytes, k); });
  found.cheapest = found.best;
  for (const std::size_t k : places) {
    if (k == found.best) continue;
    const PairedGain gain = paired_gain(rows[k].held_out_blocks, rows[found.best].held_out_blocks, Fitness::top1);
    if (gain.beyond_chance()) continue;
    found.alike.push_back({k, gain.p});
    if (rows[k].bytes < rows[found.cheapest].bytes) found.cheapest = k;
  }
  return found;
}

}  // namespace

std::vector<Conclusion> conclude(const std::vector<ComparedFormat>& rows) {
  std::vector<std::string> groups;
  std::vector<std::size_t> all;
  for (std::size_t k = 0; k < rows.size(); ++k) {
    if (rows[k].number == 0) continue;
    all.push_back(k);
    if (std::ranges::find(groups, rows[k].group) == groups.end()) groups.push_back(rows[k].group);
  }
  std::vector<Conclusion> conclusions;
  if (all.empty()) return conclusions;
  if (groups.size() == 1) groups.clear();
  for (const std::string& group : groups) {
    std::vector<std::size_t> own;
    std::ranges::copy_if(all, std::back_inserter(own), [&](std::size_t k) { return rows[k].group == group; });
    conclusions.push_back(conclusion_of(rows, own));
    conclusions.back().group = group;
  }
  conclusions.push_back(conclusion_of(rows, all));
  return conclusions;
}

}  // namespace vbq
