// The key format.budget: one budget, a front between two, or a list.
#pragma once

#include <string>

#include "config/job.hpp"
#include "config/toml_value.hpp"

namespace vbq {

// "2.3 bits", "75 KiB", "front", ["1.5 bits", "4 bits"], or a list of three and more. Error where it is none of them;
// of a front's ends, validate() knows what they owe to each other.
void set_budget(Job& job, const TomlValue& value);

// As TOML; empty where there is none.
std::string toml_budget(const Job& job);

}  // namespace vbq
