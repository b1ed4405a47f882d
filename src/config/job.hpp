// Job: what a job file says, as named fields. The one place where configuration is checked.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "data/augment.hpp"
#include "search/fitness.hpp"
#include "search/search.hpp"
#include "vbq/engine.hpp"
#include "vbq/format.hpp"

namespace vbq {

// Between checkpoints: so many generations, or, when seconds > 0, so much time.
struct CheckpointInterval {
  int generations = 10;
  double seconds = 0;
};

// What the quantised weights may take at most, everything counted: bits a weight, or bytes.
struct Budget {
  enum class Unit { bits, bytes };
  double amount = 0;
  Unit unit = Unit::bits;
  bool operator==(const Budget&) const = default;
};

// "2.3 bits a weight", "80000 bytes".
std::string budget_text(const Budget& budget);

// Sizes from one to another, in the same unit; as long as they are 0, complete() chooses them.
struct BudgetRange {
  Budget least, most;
  bool operator==(const BudgetRange&) const = default;
};

// In the place of a number of images: make_setup() chooses.
constexpr int kAuto = -1;

struct Job {
  // [network]
  std::filesystem::path network;  // absolute
  std::string network_output;     // name of one of several; empty: the first
  // [data]
  std::filesystem::path data;                        // absolute; a dataset file, or a source that can be imported
  std::optional<std::filesystem::path> calibration;  // absolute; then all of `data` is held out
  double search_images = 0;                          // > 1: images, <= 1: share of the set, 0: 2000 or what there is
  double validation_images = 0;                      // of the search's: > 1: images, < 1: share; 0: none; or kAuto
  std::int64_t block = 100;
  std::vector<double> mean, std;  // of sources imported on the fly; empty: 0 and 1
  Augment augment = Augment::none;
  bool allow_different_normalisation = false;  // of `calibration` and `data`
  std::optional<std::int64_t> label_offset;    // added to every label; none: 0, and nobody has thought about it
  // [format]
  Format format;                     // of a sweep: of its first width; delivery_images may be kAuto
  std::vector<int> sweep;            // levels of each width in turn; empty: one search of format.levels
  std::optional<Budget> budget;      // of a front: of its largest network
  std::optional<BudgetRange> front;  // one search for all sizes in here; none: for the budget, where there is one
  std::vector<Budget> budgets;       // three or more, each in turn (vbq compare); `budget` is the first then
  // [search]
  SearchOptions search;
  int generations = 100;
  double seconds = 0;  // the generation in which they are used up is the last one; 0: no limit
  int patience = 0;    // generations without gain after which there is no other; 0: no limit
  Fitness fitness = Fitness::divergence;
  double temperature = 1;           // of the divergence that leads the search
  std::int64_t fitness_images = 0;  // of the search's, that candidates are run over; 0: all
  double racing = 0;                // see RaceRules::bound; 0: all candidates are run over all of those images
  // [run]
  CheckpointInterval checkpoint;
  std::string cache;                            // a file of tallies that runs share; empty: none
  std::int64_t memory = std::int64_t{1} << 30;  // bytes a worker, of what it keeps of networks that it made
};

// Whether its candidates race: where search.racing suits its method.
bool races(const Job& job);

// The same of a job with a budget: "1.5 to 4 bits a weight" of a front.
std::string budget_text(const Job& job);

// Reads a job file and applies `overrides` ("search.seed=2"). Error, one sentence, on an unknown key (naming the
// one that was meant), a value of the wrong kind or out of range, or text that is not TOML (naming the line). A network
// or another file of vbq's in a job's place is told what it is, and what to type.
Job read_job(const std::filesystem::path& path, const std::vector<std::string>& overrides);

// The same from text; relative paths are taken from `folder`. `origin` names it in messages.
Job parse_job(const std::string& text, const std::filesystem::path& folder, const std::string& origin,
              const std::vector<std::string>& overrides);

// The job as resolved: TOML, every default written out. parse_job() of it gives the same job.
std::string to_toml(const Job& job);

// The key ("search.seed") that was most likely meant by what somebody has written ("seed", "format.seed", "sead");
// empty where none is near.
std::string nearest_key(const std::string& written);

// One width of a sweep as a job of its own, and what its folder is called: "3bit", or "6levels".
Job job_of_width(Job job, int levels);
std::string width_name(int levels);
int levels_of_width(const std::string& name);  // 0: it is no such name

// Each budget that a job names: the two ends of a front, all of a list, its only one, or none; and the job of one of
// them.
std::vector<Budget> budgets_of(const Job& job);
Job job_of_budget(Job job, const Budget& budget);

// The same job, its budget shared out by this encoding, with what the encoding takes where a job leaves it out: grids,
// with a gene for the rate; values, a number of levels for each layer.
Job job_of_encoding(Job job, Encoding encoding);

// Names the first key in which a resumed job may not differ but does ("search.seed is 2, the run's is 1"); empty when
// they match. Paths, [run] and where the search ends may differ: network and data are compared by their hashes.
std::string job_difference(const Job& now, const Job& then);

}  // namespace vbq
