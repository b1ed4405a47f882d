// The part of a run's page that is about a front.
#pragma once

#include <string>

#include "json/json_fwd.hpp"

namespace vbq {

enum class Bits { fixed, entropy };  // as sizes are counted

// front: summary.json's. What was searched and the search's start, drawn over their sizes, and a table of the points.
std::string front_html(const Json& front, Bits bits);

}  // namespace vbq
