// The networks that genomes give at the end of a run. Several are made side by side, as many as there are workers; each
// is what it would be alone.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "evaluate/evaluator.hpp"
#include "run/setup.hpp"
#include "vbq/quantised_network.hpp"

namespace vbq {

// As they are delivered: matched on format.delivery_images, which may cost other bits than on the search's. Under a
// budget, the steps of grids grow, all alike, until it is kept, or shrink while it is; other encodings are delivered as
// they are, and a warning says where that is over the budget.
std::vector<QuantisedNetwork> deliver(const Setup& setup, Evaluator& evaluator, std::span<const Genome> genomes);

// A genome's network within so many bits.
struct Wanted {
  Genome genome;
  std::int64_t budget = 0;
};

// The same within so many bits each, which grids use to about half a percent; none where they cannot be kept.
std::vector<std::optional<QuantisedNetwork>> deliver_within(const Setup& setup, Evaluator& evaluator,
                                                            std::span<const Wanted> wanted);
std::optional<QuantisedNetwork> deliver_within(const Setup& setup, Evaluator& evaluator, const Genome& genome,
                                               std::int64_t budget);

}  // namespace vbq
