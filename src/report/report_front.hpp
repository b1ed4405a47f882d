// The part of a run's page that is about a front.
#pragma once

#include <string>

#include "json/json_fwd.hpp"

namespace vbq {

enum class Bits { fixed, entropy };  // as sizes are counted

// Of summary.json: what was searched and the search's start, drawn over their sizes, and a table of the points. start:
// what that is ("steps by measured harm").
std::string front_html(const Json& summary, Bits bits, const std::string& start);

}  // namespace vbq
