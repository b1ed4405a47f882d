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

// A few lines: sizes, accuracies as trained and quantised on search and held-out images. augment: of the former.
std::string summary_text(const SearchResult& result, const Sizes& sizes, Augment augment);

}  // namespace vbq
