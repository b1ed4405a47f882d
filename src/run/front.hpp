// The front that is delivered: networks of sizes spaced over the range, each the best of its size, beside those that
// the search began with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "report/progress.hpp"
#include "run/scores.hpp"
#include "run/setup.hpp"
#include "search/search.hpp"

namespace vbq {

enum class Origin { searched, start };

// One network within one of the budgets.
struct FrontNetwork {
  Origin origin = Origin::searched;
  std::int64_t budget = 0;  // bits
  ScoredNetwork scored;
  int point = 0;  // 1, 2, ... by size, of those that are delivered; 0: it is here to compare
};

struct Front {
  std::vector<FrontNetwork> networks;  // by budget, the searched one first, as far as they could be had
  std::size_t knee = 0;                // place of the delivered one that best.json holds
};

// Genomes within so many bits, the best first, without a search.
using Starts = std::function<std::vector<Genome>(std::int64_t budget)>;

// Of a search's front: at each of kFrontPoints budgets the centre of the search there, or where it has none the
// front's network of that size, or a neighbour's genome where that is better on the search's images, and the start's,
// both delivered within the budget (deliver_within()). Of the two the searched one is a point, unless its gain on
// validation images may be chance (paired_gain(); without such images, unless its fitness on the search's is less). A
// point that another one undercuts, no larger and no worse on validation images (or the search's), is none
// (front_points()). Error where no budget can be kept.
Front deliver_front(const Setup& setup, Evaluator& evaluator, const Scorer& scorer, const SearchMethod& search,
                    const Starts& starts, Progress& progress);

}  // namespace vbq
