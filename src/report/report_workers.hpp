// The part of a run's page that is about each worker's time.
#pragma once

#include <string>

#include "report/table.hpp"

namespace vbq {

// A row a worker over the seconds of the search, and a table of its sums. Both empty where nothing is known of any.
struct WorkersHtml {
  std::string chart, table;
};

// timing: of timing.csv, whose generations take some time; workers: of workers.csv, host and device read as text.
// Of more than 64 workers the first 64 are shown, the others summed up.
WorkersHtml workers_html(const Table& timing, const Table& workers);

}  // namespace vbq
