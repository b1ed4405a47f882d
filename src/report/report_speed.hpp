// The part of a run's page that is about time.
#pragma once

#include <string>

#include "report/table.hpp"

namespace vbq {

// timing: of timing.csv. Images a second, where each generation's time went, and the sums.
std::string speed_html(const Table& timing);

}  // namespace vbq
