// How much a layer's rounding errors matter by what the layer sees: what HAWQ and its like share bits out by.
#pragma once

#include <cstdint>
#include <span>

#include "vbq/calibration.hpp"
#include "vbq/format.hpp"

namespace vbq {

// Sum over the rows r of e_r^T H e_r, e_r = W[r] minus the levels that its weights have taken (times their scale),
// H = E[x x^T] of the layer's inputs, damped, as the factor has it: (1 + A) D (1 + A)^T. That is the mean square,
// summed over outputs, of what that changes in the layer's output. weight: [O, ...] row-major, host,
// FP32. Sums in double, in a fixed order. Error as check_factor().
double assigned_error(std::span<const float> weight, std::int64_t channels, const LayerFormat& format,
                      const LayerFactor& factor);
// The same of the levels that weights are nearest to.
double weighted_error(std::span<const float> weight, std::int64_t channels, const LayerFormat& format,
                      const LayerFactor& factor);

}  // namespace vbq
