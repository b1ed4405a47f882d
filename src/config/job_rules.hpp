// Rules that a job's keys follow together.
#pragma once

#include <functional>
#include <string>

#include "config/job.hpp"

namespace vbq {

// Defaults that follow from other keys: a grid has as many levels as will be used, a rate to find where it makes a
// difference, and is coded at its entropy. Under a budget each layer has its own number of levels. given: whether a
// key ("format.rate") was.
void complete(Job& job, const std::function<bool(const char*)>& given);

// Error, naming the keys, where they do not go together, or one that is needed is missing. origin: of the job.
void validate(const Job& job, const std::string& origin);

}  // namespace vbq
