// Codebooks for assignments that make later weights up for the errors of earlier ones.
#pragma once

#include <vector>

#include "quant/sorted_weights.hpp"
#include "vbq/format.hpp"

namespace vbq {

// What weights ask for under such an assignment is spread wider than they are: errors that were carried on come on top.
// levels: ascending, fitted to the weights, each of which takes the nearest. They are moved away from the weights' mean
// by sqrt(1 + 2 D), where D is their mean squared error in units of the weights' variance: by a third at 2 levels, a
// ninth at 4, a thirtieth at 8. As they are where the format assigns each weight to its nearest level. How this was
// found: docs/method.md, "Where a search starts".
std::vector<double> stretched(std::vector<double> levels, const SortedWeights& weights, const Format& format);

// The same of the positive half of mirrored levels; about 0.
std::vector<double> stretched_half(std::vector<double> levels, const SortedWeights& magnitudes, const Format& format);

}  // namespace vbq
