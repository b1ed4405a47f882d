// What a search must know of its problem: the weights' own codebooks to start from, and where genes may go.
#pragma once

#include "run/setup.hpp"
#include "search/search.hpp"

namespace vbq {

SearchSpace make_space(const Setup& setup);

}  // namespace vbq
