#include "vbq/format_file.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include "core/check.hpp"
#include "json/json_file.hpp"
#include "quant/names.hpp"
#include "quant/packing.hpp"
#include "store/format_rules.hpp"
#include "vbq/version.hpp"

namespace vbq {
namespace {

// The double with the float's own shortest decimal spelling: 0.1f is written 0.1, not 0.10000000149011612.
Json short_number(float value) {
  const double pretty = std::stod(fmt::format("{}", value));
  return static_cast<float>(pretty) == value ? pretty : static_cast<double>(value);
}

Json short_numbers(std::span<const float> values) {
  Json array = Json::array();
  for (const float v : values) array.push_back(short_number(v));
  return array;
}

// One array, or, where each output channel has a codebook of its own, an array of them.
Json levels_of(const QuantisedLayer& layer) {
  if (layer.codebooks.size() == 1) return short_numbers(layer.codebooks.front().levels());
  Json arrays = Json::array();
  for (const Codebook& codebook : layer.codebooks) arrays.push_back(short_numbers(codebook.levels()));
  return arrays;
}

Json activations_to_json(const ActivationRanges& ranges) {
  Json array = Json::array();
  for (const ActivationRange& range : ranges) {
    Json entry;
    entry["layer"] = range.layer;
    entry["side"] = name_of<ActivationRange::Side>(range.side, kSides);
    entry["bits"] = range.bits;
    entry["scale"] = short_number(range.scale);
    entry["zero_point"] = range.zero_point;
    array.push_back(std::move(entry));
  }
  return array;
}

}  // namespace

std::string format_to_json(const Network& network, const Format& format, const FoundFormat& found) {
  const std::vector<int> all = weight_layers(network);
  const std::vector<std::vector<float>> scales = scales_by_rule(network, format);
  const auto moved = [&](const QuantisedLayer& layer) {  // by a refit
    const auto at = std::ranges::find(all, layer.node) - all.begin();
    return layer.scales != scales[static_cast<std::size_t>(at)];
  };
  Json json;
  json["vbq"] = kVersion;
  const bool has_scales = std::ranges::any_of(found.network.layers(), moved);
  json["format_version"] = !network.activations.empty() ? kFormatVersion
                           : has_scales                 ? kVersionWithoutActivations
                                                        : kVersionWithoutScales;
  json["network_hash"] = hash_as_trained(network);
  json["bits"] = index_bits(format.levels);
  json["levels"] = format.levels;
  json["encoding"] = name_of<Encoding>(format.encoding, kEncodings);
  json["symmetric"] = format.symmetric;
  json["scope"] = name_of<Scope>(format.scope, kScopes);
  json["scale"] = name_of<ScaleScope>(format.scale, kScales);
  json["scale_by"] = name_of<ScaleBy>(format.scale_by, kScaleBy);
  // Files without int8 levels stay as they were.
  if (format.level_values == LevelValues::int8)
    json["level_values"] = name_of<LevelValues>(format.level_values, kLevelValues);
  json["assignment"] = name_of<Assignment>(format.assignment, kAssignments);
  if (!network.activations.empty()) json["activations"] = activations_to_json(network.activations);
  json["block"] = found.block;
  json["layers"] = Json::array();
  for (const QuantisedLayer& layer : found.network.layers()) {
    Json entry;
    entry["name"] = network.nodes[static_cast<std::size_t>(layer.node)].name;
    entry["levels"] = levels_of(layer);
    if (moved(layer)) entry["scales"] = short_numbers(layer.scales);
    if (!layer.bias.empty()) entry["bias"] = short_numbers(layer.bias);
    if (!layer.gain.empty()) {
      entry["gain"] = short_numbers(layer.gain);
      entry["shift"] = short_numbers(layer.shift);
    }
    entry["indices"] = pack_indices(unpack_levels(layer.levels), layer.levels.width);
    json["layers"].push_back(std::move(entry));
  }
  return json.dump(1) + "\n";
}

}  // namespace vbq
