// RunState: all that a checkpoint must hold to go on as if nothing had happened.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "search/race.hpp"
#include "search/search.hpp"
#include "vbq/quantised_network.hpp"
#include "vbq/tally.hpp"

namespace vbq {

struct CachedTally {
  NetworkId network{};
  Tally tally;
  std::int64_t bits = 0;  // that its weights take; 0 in checkpoints of before
  bool operator==(const CachedTally&) const = default;
};

using GenomeId = std::array<std::uint64_t, 2>;  // 128-bit XXH3 over its genes

// What became of a genome; of use to other runs over the same images under the same settings.
struct ScoredGenome {
  GenomeId genome{};
  CachedTally scored;
  bool operator==(const ScoredGenome&) const = default;
};

// One of the best of a search whose candidates race: what the next ones are compared with.
struct RacedSurvivor {
  GenomeId genome{};
  NetworkId network{};
  ImageHarms harms;
  bool operator==(const RacedSurvivor&) const = default;
};

struct RunState {
  std::string job;           // job.toml as resolved: a resume must match it (run.* and search.generations apart)
  std::string network_hash;  // see network_hash()
  std::string data_hash;     // of the images and the split, search and held-out
  std::string engine;        // kind, instruction set, library and precision, in one line; threads are not part of it
  SearchState search;
  Individual start;                  // the best of the first generation; empty in checkpoints of before
  std::vector<CachedTally> cache;    // in order of first evaluation
  std::int64_t evaluations = 0;      // networks that were really run over the search images
  std::int64_t images = 0;           // images inferred by the search
  double seconds = 0;                // wall time of the search so far, over all starts
  std::vector<RacedSurvivor> raced;  // of a search whose candidates race: its survivors
  std::vector<std::string> history;  // lines of history.csv, without header and line ends
  std::vector<std::string> timing;   // lines of timing.csv
};

}  // namespace vbq
