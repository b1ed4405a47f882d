// The part of a network that makes one of its values.
#pragma once

#include "vbq/network.hpp"

namespace vbq {

// A network of the nodes that `value` needs, with `value` as its output. Error (internal) for the input itself or a
// value that the network does not have.
Network up_to(const Network& network, ValueId value);

}  // namespace vbq
