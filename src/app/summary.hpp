// summary.json, and the same for people.
#pragma once

#include <string>

#include "app/search_run.hpp"
#include "app/setup.hpp"

namespace vbq {

// best: the format as it is delivered, indices and all.
std::string summary_json(const Setup& setup, const Machinery& machinery, const SearchResult& result,
                         const NetworkFormat& best);

// A few lines: formats, accuracies as trained and quantised on search and held-out images.
std::string summary_text(const Setup& setup, const SearchResult& result);

}  // namespace vbq
