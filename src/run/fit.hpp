// Whether images, their labels and a network go together.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "vbq/dataset.hpp"
#include "vbq/network.hpp"

namespace vbq {

// Error where the network's output is more than one score a class, where the images are not of its input's size, or
// where they have more classes than it has outputs. `info`: label offset included.
void check_fit(const DatasetInfo& info, const Network& network, const std::string& network_path);

// A warning where the network has exactly one output more than there are classes and nobody has said why
// (label_offset: what was asked for, none when nothing was).
std::vector<std::string> label_offset_warnings(const DatasetInfo& info, const Network& network,
                                               std::optional<std::int64_t> label_offset);

}  // namespace vbq
