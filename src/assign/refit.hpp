// Refit: levels and scales that are the best for the levels that a layer's weights have taken, and these taken again.
#pragma once

#include <cstdint>
#include <span>

#include "vbq/calibration.hpp"
#include "vbq/engine.hpp"
#include "vbq/format.hpp"
#include "vbq/network.hpp"

namespace vbq {

// Above, levels stay: the work grows with their square.
inline constexpr int kMostMovable = 64;

// At most format.refit rounds, on weights that all have their level. With W the weights and q = scale * level[index], a
// round finds what makes the sum over rows of (W - q)^T H (W - q) least: the levels (Movable::levels), with the scales
// as they are, then the scales, with those levels; and assigns the weights again by assign_compensated(). A round that
// does not lower the sum is not taken, and is the last. weight: [O, ...] row-major, host, FP32: what q is to come near
// to. Sums in double, in a fixed order. Error as check_factor().
void refit(std::span<const float> weight, std::int64_t channels, const LayerFactor& factor, LayerFormat& format);

// The same of every layer of the formats, which have been assigned under this calibration, on the engine's threads.
// Error (internal) for a layer without a factor.
void refit_compensated(const Network& network, Engine& engine, const Calibration& calibration,
                       std::span<NetworkFormat> formats);

}  // namespace vbq
