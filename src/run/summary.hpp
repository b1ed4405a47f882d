// summary.json, and the same for people.
#pragma once

#include <string>

#include "run/search_run.hpp"
#include "run/setup.hpp"
#include "run/sizes.hpp"

namespace vbq {

// sizes: of the format as it is delivered, matching and all.
std::string summary_json(const Setup& setup, const ComputeInfo& compute, const SearchResult& result,
                         const Sizes& sizes);

// A few lines: of a front its table; sizes, accuracies as trained and quantised on search and held-out images.
std::string summary_text(const Setup& setup, const SearchResult& result, const Sizes& sizes);

}  // namespace vbq
