// What genes mean: each encoding's levels.
#pragma once

#include <vector>

#include "vbq/format.hpp"

namespace vbq {

// Encodings of one gene, its largest magnitude among levels: the levels for 1, ascending. Uniform symmetric: integers
// -n/2 .. n/2 - 1 over n/2. Floating: sign, exponent, mantissa with subnormals, neither infinity nor NaN; +0 and -0 are
// one level. Power of two: 0 and n/2 - 1 powers on either side.
std::vector<double> unit_levels(const Format& format);

// Whether the encoding is one of those.
bool has_unit(const Format& format);

// LayerFormat::rate of these genes: the format's, or the second of a grid.
float rate_of(const Chromosome& genes, const Format& format);

// Levels of encoding values that neither mirror each other nor serve several layers, nor must be whole numbers.
Movable movable(const Format& format);

// The power of two that is nearest to magnitude > 0 (geometrically).
double nearest_power(double magnitude);

}  // namespace vbq
