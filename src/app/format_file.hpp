// best.json: a found number format, readable by people and enough to quantise the network again.
#pragma once

#include <filesystem>
#include <string>

#include "vbq/format.hpp"
#include "vbq/network.hpp"

namespace vbq {

// JSON text, ending in a newline; the same bytes for the same arguments on any machine.
std::string format_to_json(const Network& network, const Format& format, const NetworkFormat& layers);

// Reads it back for `network`; scales are made anew by the file's rule. Error when the file is broken, names a layer that
// the network lacks, or was found for other weights.
NetworkFormat read_format(const std::filesystem::path& path, const Network& network);

}  // namespace vbq
