// The network that a genome gives at the end of a run.
#pragma once

#include <cstdint>
#include <optional>

#include "evaluate/evaluator.hpp"
#include "run/setup.hpp"
#include "vbq/quantised_network.hpp"

namespace vbq {

// As it is delivered: matched on format.delivery_images, which may cost other bits than on the search's. Under a
// budget, the steps of grids grow, all alike, until it is kept, or shrink while it is; other encodings are delivered as
// they are, and a warning says where that is over the budget.
QuantisedNetwork deliver(const Setup& setup, Evaluator& evaluator, const Genome& genome);

// The same within so many bits, which grids use to about half a percent; none where they cannot be kept.
std::optional<QuantisedNetwork> deliver_within(const Setup& setup, Evaluator& evaluator, const Genome& genome,
                                               std::int64_t budget);

}  // namespace vbq
