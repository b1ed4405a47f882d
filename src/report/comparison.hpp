// The table that `vbq compare` makes: what each number format gives, side by side.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "vbq/size.hpp"
#include "vbq/tally.hpp"

namespace vbq {

struct ComparedFormat {
  int levels = 0;          // 0: the network as trained
  std::string codebook;    // "uniform, min-max", "k-means", "search: standard", ...
  std::string assignment;  // nearest, compensated or sequential
  std::string matching;    // never, end or always
  Tally search, held_out;
  WeightSize size;
  std::int64_t evaluations = 0;  // networks that were run over the search images for it
  double seconds = 0;
};

// For people: a table for each width, an interval for each accuracy.
std::string comparison_text(const std::vector<ComparedFormat>& rows);
// One line a row, a header first; fields that hold a comma are quoted.
std::string comparison_csv(const std::vector<ComparedFormat>& rows);
// An array of objects.
std::string comparison_json(const std::vector<ComparedFormat>& rows);

}  // namespace vbq
