// The table that `vbq compare` makes: what each number format gives, side by side.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "vbq/size.hpp"
#include "vbq/tally.hpp"

namespace vbq {

struct ComparedFormat {
  std::string group;       // the table that it stands in: "fp32", "3bit", "1.55 bits a weight"
  int levels = 0;          // of the largest codebook that it may have; 0: the network as trained
  std::string codebook;    // "uniform, min-max", "k-means", "search: standard", "additive allocation", ...
  std::string assignment;  // nearest, compensated or sequential
  std::string matching;    // never, end or always
  Tally search = {}, held_out = {};
  WeightSize size = {};
  std::int64_t evaluations = 0;  // networks that were run over the search images for it
  double seconds = 0;
  int number = 0;              // in the order in which rows were made; from 1 where rows/NNN/best.json is there
  bool searched = false;       // else the format needs no search
  std::string job_lines = {};  // TOML that a job needs for it, see job_lines()
  std::vector<Tally> held_out_blocks = {};  // held_out, block by block
  std::int64_t bytes = 0;                   // of the weights in the job's coding, everything counted
};

// Groups as they come; in each the smaller first, of equal ones the more accurate on held-out images.
std::vector<ComparedFormat> sorted_rows(std::vector<ComparedFormat> rows);

// For people: a table for each group, an interval for each accuracy.
std::string comparison_text(const std::vector<ComparedFormat>& rows);
// One line a row, a header first; fields that hold a comma are quoted.
std::string comparison_csv(const std::vector<ComparedFormat>& rows);
// An array of objects.
std::string comparison_json(const std::vector<ComparedFormat>& rows);

}  // namespace vbq
