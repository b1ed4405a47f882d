// best.json: a found number format, readable by people and enough to quantise the network again.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "vbq/format.hpp"
#include "vbq/network.hpp"
#include "vbq/quantised_network.hpp"

namespace vbq {

// What the file holds. The block is part of it, because logits depend (in their last bits) on the batches that a block
// is cut into: only with the search's own block does another command count exactly the same tally.
struct FoundFormat {
  QuantisedNetwork network;
  std::int64_t block = 100;  // images
  ActivationRanges activations = {};
};

// JSON text, ending in a newline, with the network's own `activations`; the same bytes for the same arguments on any
// machine.
std::string format_to_json(const Network& network, const Format& format, const FoundFormat& found);

// Reads it back for `network`, as trained or with its activations quantised; scales are made anew by the file's rule. A
// layer without indices, as files of before have them, takes the nearest levels. Error, beginning with `file`, when it
// is broken, of a later version, names a layer that the network lacks, or was found for other weights. docs/formats.md
// has the schema.
FoundFormat parse_format(std::string_view text, const std::string& file, const Network& network);
FoundFormat read_format(const std::filesystem::path& path, const Network& network);

// The same with the network that it is of: the one given (as trained), or, where the file has activations, that with
// them quantised.
struct FoundNetwork {
  Network network;
  FoundFormat found;
};
FoundNetwork read_found_network(const std::filesystem::path& path, Network trained);

}  // namespace vbq
