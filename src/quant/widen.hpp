// A genome of one format as a start for another with more, or fewer, levels.
#pragma once

#include "vbq/format.hpp"
#include "vbq/genome.hpp"

namespace vbq {

// The genome under `to`, which differs from `from` in its number of levels only. Free levels and boundaries are read
// off the old ones as off a curve, evenly spread: with twice as many, each level becomes two, a quarter of a gap to
// either side. The other encodings keep their reach.
Genome widen(const Genome& genome, const Format& from, const Format& to);

}  // namespace vbq
