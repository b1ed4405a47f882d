// The part of a run's page that shows how the search went.
#pragma once

#include <string>

#include "config/job.hpp"
#include "report/table.hpp"

namespace vbq {

// history: of history.csv.
std::string progress_html(const Table& history, const Job& job);

}  // namespace vbq
