// The rows of vbq compare, and the files that hold them: rank 0's. One evaluator takes one format after the other.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "report/comparison.hpp"
#include "run/run_folder.hpp"
#include "run/run_job.hpp"

namespace vbq {

using ComparisonClock = std::chrono::steady_clock;

// Where a row stands, what it is called, and what it took.
struct RowWords {
  std::string group, name;
  std::int64_t evaluations = 1;
  ComparisonClock::time_point begun = ComparisonClock::now();  // before anything was done for it alone
};

// What vbq compare has found so far.
class ComparedRows {
 public:
  // base: the problem that all rows share; its warnings grow.
  ComparedRows(Evaluator& evaluator, const ComputeInfo& compute, Setup& base, const RunPlace& place,
               const CommonOptions& common);

  Evaluator& evaluator() { return evaluator_; }
  const ComputeInfo& compute() const { return compute_; }
  const CommonOptions& common() const { return common_; }
  const Setup& base() const { return base_; }
  const std::filesystem::path& folder() const { return place_.folder; }

  // Once: the folder's job.toml (the whole job), and the first row.
  void begin(const Job& job);
  // A network that needs no search, under its own job; the evaluator uses its format. Gives its fitness on the
  // search's images.
  double add(const Setup& own, const RowWords& words, const QuantisedNetwork& network);
  // A search in a folder of its own. Nothing when it was asked to stop, after a checkpoint.
  std::optional<SearchResult> search(Setup own, const RowWords& words, const std::string& folder);
  // At the end: what it comes to, and the page.
  void tell() const;

 private:
  ComparedFormat row_of(const Setup& own, const RowWords& words, const QuantisedNetwork& network);
  void add_row(ComparedFormat row);
  void write_tables() const;

  Evaluator& evaluator_;
  const ComputeInfo& compute_;
  Setup& base_;
  const RunPlace& place_;
  const CommonOptions& common_;
  RunFolder folder_;
  std::vector<ComparedFormat> rows_;
};

// The rows of a job without a budget: codebooks of equally many levels, width after width. false: a search was asked to
// stop.
bool compare_widths(ComparedRows& comparison, const Job& job);

// Of a job with budgets: ways to keep each. Error where nothing keeps one.
bool compare_budgets(ComparedRows& comparison, const Job& job);

// A codebook that needs no search: one of seed_genomes().
struct Baseline {
  const char* name;
  Encoding encoding;
  bool symmetric;
  std::size_t seed;
};
// "k-means" is what is usually called so, Lloyd's iteration; the exact optimum is "least squares".
inline constexpr Baseline kBaselines[] = {{"uniform, min-max", Encoding::uniform, false, 3},
                                          {"uniform, least squares", Encoding::uniform, false, 0},
                                          {"uniform symmetric, l. sq.", Encoding::uniform, true, 0},
                                          {"power of two", Encoding::power_of_two, false, 0},
                                          {"float", Encoding::floating, false, 0},
                                          {"k-means", Encoding::values, false, 1},
                                          {"values, least squares", Encoding::values, false, 0}};

// Whether it can have so many levels.
bool possible(const Baseline& baseline, int levels);

// Without what belongs to another encoding alone.
void set_encoding(Format& format, Encoding encoding, bool symmetric);

}  // namespace vbq
