// Levels that are whole numbers, -127 to 127, times a step.
#pragma once

#include "vbq/codebook.hpp"
#include "vbq/format.hpp"

namespace vbq {

struct WholeLevels {
  Codebook codebook;  // whole numbers, -127 to 127
  float step = 1;     // above zero: what they are multiplied by
};

// The step under which rounding (half to even) moves the levels least, by squares: of those that make the largest
// magnitude a whole number up to 127, and of equally good ones the largest. Multiples of one number, up to 127 of it,
// stay as they are.
WholeLevels whole_levels(const Codebook& codebook);

// The layer's codebooks become whole numbers, and its scales take the steps into themselves.
void take_whole_levels(LayerFormat& layer);

}  // namespace vbq
