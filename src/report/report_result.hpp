// The parts of a run's page that say what came of it, of summary.json. Each throws nlohmann's exception where that is
// not as vbq writes it.
#pragma once

#include <string>

#include "json/json_fwd.hpp"

namespace vbq {

// Accuracy and size in large letters.
std::string tiles_html(const Json& summary);
// The network as trained, the search's start and what it found, on each set of images.
std::string accuracy_html(const Json& summary);
// Bytes; nothing for a run of a vbq that did not write them.
std::string sizes_html(const Json& summary);
std::string machine_html(const Json& summary);

}  // namespace vbq
