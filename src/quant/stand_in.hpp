// A format that stands in for one that is still to be found: its sizes, without its numbers.
#pragma once

#include "vbq/format.hpp"
#include "vbq/network.hpp"

namespace vbq {

// What stands in for the format that a search under `format` will find, before it is run: as many levels, scales, gains
// and shifts, so that its sizes are those of the found one (which may have fewer levels, where two coincide), but other
// numbers.
NetworkFormat stand_in_format(const Network& network, const Format& format);

}  // namespace vbq
