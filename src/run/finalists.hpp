// Which of the best that a search has found is delivered.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "evaluate/evaluator.hpp"
#include "run/setup.hpp"
#include "search/search.hpp"
#include "vbq/quantised_network.hpp"
#include "vbq/tally.hpp"

namespace vbq {

struct Searched {
  QuantisedNetwork network;                        // as it is delivered
  std::vector<std::vector<Tally>> validated = {};  // see validate(): of each network that it was chosen among
  std::size_t place = 0;                           // its own among those
  std::optional<QuantisedNetwork> begun = {};      // the start's, as it is delivered
};

// With validation images, a few of the search's best genomes and its centre are made as they would be delivered, and
// the best of them on those images is taken: what leads a search is noisy, most of all where networks are delivered
// with other images than candidates are made with, so its very best is often a lucky one. Without, or where the start
// itself is the very best (`start` is null), that. start: the genome that the search began with, which is no finalist,
// but delivered beside them.
Searched best_finalist(const Setup& setup, Evaluator& evaluator, const SearchMethod& search, const Genome* start);

}  // namespace vbq
