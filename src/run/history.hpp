// What a run writes of each generation.
#pragma once

#include <string>
#include <vector>

#include "evaluate/evaluator.hpp"
#include "run/setup.hpp"
#include "search/search.hpp"
#include "vbq/tally.hpp"

namespace vbq {

// Mean over all genes of their standard deviation in the population, as a share of the best individual's range of
// genes.
double diversity(const SearchState& state);

// A line of history.csv. No times and no rank counts: byte for byte the same however the run was cut.
// best: the tally of the best individual on the search images.
std::string history_line(const SearchState& state, const Tally& best, std::int64_t evaluations);

// Of a search for a front: how much of it is found (see search/front.hpp), and the networks that nothing undercuts.
std::string front_history_line(int generation, std::span<const Individual> front, const BitRange& range,
                               std::int64_t evaluations);

// The numbers of a line of either, four at least. Error where it is another.
std::vector<double> history_numbers(const std::string& line);

// What the columns of a run are called. Of images without labels "agreement" stands for "top1".
const char* history_header(const Setup& setup);

// A line of timing.csv: seconds of this generation, images a second, shares of time.
std::string timing_line(int generation, double seconds, std::int64_t images, const EvaluatorTimes& times);

}  // namespace vbq
