// Ways to share a budget out among layers without a search, and the networks that come of them: what vbq compare sets
// beside a search. Of jobs in which each layer has its own number of levels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "evaluate/evaluator.hpp"
#include "run/sensitivity.hpp"
#include "run/setup.hpp"
#include "search/sensitivity.hpp"
#include "vbq/calibration.hpp"
#include "vbq/quantised_network.hpp"

namespace vbq {

// The choice of each layer within so many bits; none where they cannot be kept.
using Sharing = std::function<std::optional<std::vector<std::size_t>>(std::int64_t budget)>;

// The exact allocation of least measured harm (allocate()), and AIMET's list (greedy_choices()).
Sharing additive_sharing(const Setup& setup, const Sensitivity& sensitivity);
Sharing greedy_sharing(const Setup& setup, const Sensitivity& sensitivity);
// As HAWQ and its like: the exact allocation again, of the least sum of H-weighted rounding errors (weighted_error()).
// Bits are those that were measured. calibration: of all layers that the format quantises.
Sharing weighted_error_sharing(const Setup& setup, const Choices& choices, const Sensitivity& sensitivity,
                               const Calibration& calibration);

// As it is delivered, within setup.budget_bits: layers' bits add up only nearly, so that a few allocations are tried,
// of less where the budget is not kept, of more where some of it is left. None where none keeps it.
std::optional<QuantisedNetwork> deliver_shared(const Setup& setup, Evaluator& evaluator, const Choices& choices,
                                               const Sharing& sharing);

}  // namespace vbq
