// What reading and writing best.json go by.
#pragma once

#include <vector>

#include "vbq/format.hpp"

namespace vbq {

// Of the file; raised where a reader of before would misunderstand it: one that did not know
// "scales" made them anew; one that did not know "activations" would leave them FP32.
inline constexpr int kFormatVersion = 3, kVersionWithoutActivations = 2, kVersionWithoutScales = 1;

// Of all layers with weights, wanted or not, as a format's rule makes them.
inline std::vector<std::vector<float>> scales_by_rule(const Network& network, Format format) {
  format.skip = {};
  return layer_scales(network, format);
}

}  // namespace vbq
