// What passes over a draft ask of it.
#pragma once

#include <vector>

#include "model/draft.hpp"

namespace vbq {

// Readers of each value; the network's output counts as one.
std::vector<int> readers_of(const Draft& draft);

// Relu, Clip and functions of one element: they do not mind the order of axes.
bool is_element_by_element(const Operator& op);

}  // namespace vbq
