// Where a search for grids under a budget starts: how steps are shared out among layers.
#pragma once

#include <cstdint>
#include <vector>

#include "run/sensitivity.hpp"
#include "run/setup.hpp"
#include "search/search.hpp"

namespace vbq {

// Equal steps within a budget (bits), in units of each layer's weights: the simplest that a user would have without a
// search.
Genome equal_steps(const Setup& setup, std::int64_t budget);

// By powers of the weights (kGridPowers); of a front, of sizes all over its range.
std::vector<Genome> grid_seeds(const Setup& setup);

// What is to be measured of each layer alone, to know what its step does to the network: equal steps within the budget,
// of a front within the middle of its range. None where the job is not of grids under a budget, one for each layer, or
// quantises activations, whose harm could not be told from a layer's.
Choices grid_choices(const Setup& setup);

// Steps by measured harm within a budget (bits). sensitivity: of grid_choices().
Genome steps_by_harm(const Setup& setup, const Sensitivity& sensitivity, std::int64_t budget);

// Such ones become the first of the space's seeds; of a front, every second of them.
void add_steps_by_harm(const Setup& setup, const Sensitivity& sensitivity, SearchSpace& space);

}  // namespace vbq
