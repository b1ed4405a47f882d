// Telling a search method that looks at fitness alone.
#pragma once

#include <vector>

#include "search/search.hpp"

namespace vbq::support {

inline void tell(SearchMethod& search, const std::vector<double>& fitness) {
  std::vector<Objectives> told;
  told.reserve(fitness.size());
  for (const double one : fitness) told.push_back({one});
  search.tell(told);
}

}  // namespace vbq::support
