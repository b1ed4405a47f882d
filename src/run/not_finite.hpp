// Outputs that are not finite, told where a network as trained gives them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "evaluate/evaluator.hpp"

namespace vbq {

// A warning, logged and given back (none: nothing to tell), with their count where images of the set make the network
// as trained give an output that is not finite. as_counted: what any network was counted on that set. An image with
// such an output has the largest loss that there is, so that images are looked at again (where their classes by the
// network as trained are not known) only where the losses can hold one.
std::vector<std::string> warn_of_not_finite(Evaluator& evaluator, ImageSet set, const Tally& as_counted);

// The same of outputs that are at hand: [images, outputs an image].
std::vector<std::string> warn_of_not_finite(std::span<const float> outputs, std::int64_t images);

}  // namespace vbq
