// How many images run through the network together.
#pragma once

#include <cstdint>

#include "vbq/network.hpp"

namespace vbq::cpu {

// Images of a micro-batch: a function of network and block alone, so that an image's outputs depend on neither threads
// nor ranks. A block of `block` images runs as ceil(block / batch) of them.
std::int64_t micro_batch(const Network& network, std::int64_t block);

}  // namespace vbq::cpu
