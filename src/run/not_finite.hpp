// Outputs that are not finite, told where a network as trained gives them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "evaluate/evaluator.hpp"

namespace vbq {

// A warning, logged and given back (none: nothing to tell), with their count where images of the set make the network
// as trained give an output that is not finite. Images are looked at for it only where `network`, any that was scored on
// the set block by block, has a block whose losses together are as large as one such image's, the largest that there is.
std::vector<std::string> warn_of_not_finite(Evaluator& evaluator, ImageSet set, const QuantisedNetwork& network);

// The same of outputs that are at hand: [images, outputs an image].
std::vector<std::string> warn_of_not_finite(std::span<const float> outputs, std::int64_t images);

}  // namespace vbq
