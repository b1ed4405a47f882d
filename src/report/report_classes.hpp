// The part of a run's page that is about classes.
#pragma once

#include <string>

#include "report/table.hpp"

namespace vbq {

// classes: of classes.csv, `name` read as text. Those that lost or gained most, drawn about zero; what may be chance is
// said to be.
std::string classes_html(const Table& classes);

}  // namespace vbq
