// What a comparison comes to: the best row, those that cannot be told from it, and the cheapest of them all.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "json/json_fwd.hpp"
#include "report/comparison.hpp"

namespace vbq {

// A row that is less accurate than the best one, by no more than chance may give.
struct Alike {
  std::size_t row = 0;  // place among the rows
  double p = 1;         // chance of the best's lead, or a larger one, where there is none
};

struct Conclusion {
  std::string group;         // of the rows; empty: of all
  std::size_t best = 0;      // place of the most accurate on held-out images
  std::vector<Alike> alike;  // by place
  std::size_t cheapest = 0;  // of those and the best, the place of the one of fewest bytes
};

// For people: of each conclusion a few sentences, and, of the last, the lines that a job needs.
std::string conclusion_text(const std::vector<ComparedFormat>& rows, const std::vector<Conclusion>& conclusions);
// An array of objects, whose rows are the numbers that the table has.
Json conclusion_json(const std::vector<ComparedFormat>& rows, const std::vector<Conclusion>& conclusions);

}  // namespace vbq
