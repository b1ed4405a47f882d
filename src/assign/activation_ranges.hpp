// What becomes of activations in few bits: steps and zero points, from what the layers of a trained network see.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "assign/calibrate_layers.hpp"
#include "vbq/activations.hpp"
#include "vbq/engine.hpp"

namespace vbq {

// How often a value lies in each of equal bins from `low` to `high`; zeros, which any range has exactly, are not
// counted.
struct ActivationHistogram {
  static constexpr int kBins = 2048;
  float low = 0, high = 0;  // low <= 0 <= high: 0 and all that was seen
  std::vector<std::int64_t> counts = std::vector<std::int64_t>(kBins);
};

// Scale and zero point, of so many bits, whose sum of squared errors is least among ranges that clip the histogram at
// either end. The rest of the range is as it was given.
ActivationRange fit_range(const ActivationHistogram& histogram, ActivationRange range);

// Of the network as trained, quantised layers `layers` (ascending), at activation_places(). The images pass through it
// twice. Depends on network, images and the kind of engine alone. Error where a value is not finite.
ActivationRanges calibrate_activations(const Network& network, std::span<const int> layers, int bits, Engine& engine,
                                       const CalibrationImages& images);

}  // namespace vbq
