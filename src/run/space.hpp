// What a search must know of its problem: the weights' own codebooks to start from, and where genes may go.
#pragma once

#include <cstdint>
#include <vector>

#include "run/setup.hpp"
#include "search/search.hpp"

namespace vbq {

SearchSpace make_space(const Setup& setup);

// `count` >= 2 sizes from one end of a range to the other, evenly spaced, in whole bytes (a multiple of 8 bits).
std::vector<std::int64_t> spaced_sizes(const BitRange& range, std::size_t count);

// Sizes that a search for a front looks at: a tenth of its width below the smaller end too, where networks lie that the
// smallest budget is best used by, or that lead there.
BitRange searched_range(const BitRange& front);

// Seeds of a search for a front: half of its population, to leave room for genomes near them.
std::size_t front_seeds(const Setup& setup);

}  // namespace vbq
