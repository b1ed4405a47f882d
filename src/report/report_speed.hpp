// The part of a run's page that is about time.
#pragma once

#include <string>

#include "report/table.hpp"

namespace vbq {

// timing: of timing.csv. Images a second, where each generation's time went, and the sums; the same of each worker,
// where there is a workers.csv.
std::string speed_html(const Table& timing, const Table* workers = nullptr);

}  // namespace vbq
