// The greedy way to share out a budget, as mixed-precision tools do it: a list of all choices, the least harmful first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "search/allocate.hpp"

namespace vbq {

// Every layer begins with its choice of the most bits. All others stand in one list, ascending in the harm that each
// does alone (of equal harms the one of fewer bits, then the earlier layer, first); going through it, a layer takes the
// choice that is named where that has fewer bits than the one it has. The more of the list is gone through, the smaller
// the network: the shortest part that keeps the budget is found by bisection. The choice of each layer; none where the
// whole list does not keep it. layers: as allocate()'s. (Automatic mixed precision of Qualcomm's AIMET, whose list ends
// where an accuracy is lost instead of where a size is reached.)
std::optional<std::vector<std::size_t>> greedy_choices(std::span<const std::vector<Priced>> layers,
                                                       std::int64_t budget);

}  // namespace vbq
