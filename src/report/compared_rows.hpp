// Rows of vbq compare as pages show them: of the comparison itself, and beside a run as its baselines.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "json/json_fwd.hpp"

namespace vbq {

struct ComparedRow {
  int number = 0;  // 0: the network as trained
  std::string group, name, assignment, matching;
  std::string kind;                                    // what it is told apart by in charts
  double bytes = 0, bits = 0, entropy_bits = 0;        // the first in the job's coding
  double counted_bits = 0;                             // a weight, in that coding
  double top1 = 0, low = 0, high = 0, divergence = 0;  // held out; percent, nats
};

// Of DIR/compare.json; none where it is not there, or is of a version that wrote no bytes. Error where it is not as vbq
// writes it.
std::vector<ComparedRow> read_compared(const std::filesystem::path& folder);

// The networks of a front, of its summary.json and the folder's name; none of a run that is no front.
std::vector<ComparedRow> rows_of_front(const Json& summary, const std::string& name);

// Held-out divergence and top-1 over bits a weight: a mark for each row, a kind of row told apart from others, and the
// network as trained as a line.
std::string compared_charts(const std::vector<ComparedRow>& rows);

// A table for each group, under its name; links: to rows/NNN/best.json.
enum class Links { none, rows };
std::string compared_tables(const std::vector<ComparedRow>& rows, Links links);

}  // namespace vbq
