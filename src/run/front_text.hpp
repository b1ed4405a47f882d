// A front, told: front.csv, summary.json's part, and a table for people.
#pragma once

#include <string>

#include "json/json_fwd.hpp"
#include "run/front.hpp"

namespace vbq {

// A line a network, a header first. The same bytes on any number of ranks.
std::string front_csv(const Setup& setup, const Front& front);

// {"knee": point, "networks": [...]}: the columns of front.csv as keys.
Json front_json(const Setup& setup, const Front& front);

// A line a point, beside what the search began with at the same budget.
std::string front_text(const Setup& setup, const Front& front);

// "03": of a point, as its folder in front/ is called.
std::string point_name(int point);

}  // namespace vbq
