#include "vbq/format_file.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/check.hpp"
#include "json/json_file.hpp"
#include "quant/names.hpp"
#include "quant/packing.hpp"
#include "store/format_rules.hpp"
#include "vbq/activations.hpp"
#include "vbq/error.hpp"
#include "vbq/version.hpp"

namespace vbq {
namespace {

std::vector<float> read_numbers(const Json& array, std::size_t limit, const std::string& where) {
  if (!array.is_array() || array.empty() || array.size() > limit) {
    fail("{}: an array of 1 to {} numbers was expected", where, limit);
  }
  std::vector<float> values;
  for (const Json& item : array) {
    if (!item.is_number()) fail("{} holds {}: a number was expected", where, shown(item));
    values.push_back(item.get<float>());
  }
  return values;
}

std::int64_t integer_in(const Json& json, std::int64_t low, std::int64_t high, const std::string& what,
                        const char* expected) {
  if (!json.is_number_integer() || json < low || json > high) {
    fail("{} is {}: {} from {} to {} was expected", what, shown(json), expected, low, high);
  }
  return json.get<std::int64_t>();
}

// Files without a version are those of before there was one, and like version 1.
void check_version(const Json& json, const std::string& file) {
  const auto version = json.find("format_version");
  if (version == json.end()) return;
  const std::string what = file + ": \"format_version\"";
  if (integer_in(*version, 1, 1'000'000, what, "a version") > kFormatVersion) {
    fail("{} is of format version {}, which a later vbq has written: this vbq {} reads versions up to {}", file,
         shown(*version), kVersion, kFormatVersion);
  }
}

template <typename T>
T read_name(const Json& json, const char* key, std::span<const Name<T>> names, const std::string& file) {
  const auto found = json.find(key);
  if (found == json.end() || !found->is_string()) fail("{}: \"{}\" is missing or not a string", file, key);
  return value_of<T>(found->template get<std::string>(), names, file + ": " + key);
}

enum class Numbers { levels, boundaries };

// An array of such numbers, or, one codebook an output channel, an array of such arrays.
std::vector<Codebook> read_codebooks(const Json& json, std::size_t channels, Numbers kind, const std::string& where) {
  const bool boundaries = kind == Numbers::boundaries;
  const auto read = [&](const Json& array) {
    std::vector<float> numbers = read_numbers(array, boundaries ? 255 : 256, where);
    return boundaries ? Codebook::from_boundaries(std::move(numbers)) : Codebook::from_levels(std::move(numbers));
  };
  if (!json.is_array() || json.empty() || !json.front().is_array()) return {read(json)};
  if (json.size() != channels) fail("{}: {} codebooks were expected, one an output channel", where, channels);
  std::vector<Codebook> codebooks;
  for (const Json& array : json) codebooks.push_back(read(array));
  return codebooks;
}

// One or one a channel, or none where they are those of the file's rule.
std::vector<float> read_scales(const Json& layer, std::size_t channels, const std::string& where) {
  if (!layer.contains("scales")) return {};
  const std::string place = where + "scales";
  std::vector<float> scales = read_numbers(layer["scales"], channels, place);
  const bool good = std::ranges::all_of(scales, [](float v) { return std::isfinite(v) && v > 0; });
  if (!good || (scales.size() != 1 && scales.size() != channels)) {
    fail("{}: 1 or {} finite numbers above zero were expected", place, channels);
  }
  return scales;
}

// A number for each output channel.
std::vector<float> read_channels(const Json& layer, const char* key, std::size_t channels, const std::string& where) {
  const std::string place = where + key;
  if (!layer.contains(key)) fail("{} is missing", place);
  std::vector<float> numbers = read_numbers(layer[key], channels, place);
  const bool finite = std::all_of(numbers.begin(), numbers.end(), [](float v) { return std::isfinite(v); });
  if (numbers.size() != channels || !finite) fail("{}: {} finite numbers were expected", place, channels);
  return numbers;
}

std::vector<std::uint8_t> read_indices(const Json& json, const Tensor& weight, const LayerFormat& layer,
                                       const std::string& where) {
  const std::size_t count = weight.data.size(), row = count / static_cast<std::size_t>(weight.shape.front());
  const int size = layer.levels();
  auto unpacked = json.is_string() && size <= 256
                      ? unpack_indices(json.get_ref<const std::string&>(), count, index_bits(size))
                      : std::nullopt;
  bool good = unpacked.has_value();
  for (std::size_t i = 0; good && i < count; ++i) good = (*unpacked)[i] < layer.codebook(i / row).size();
  if (!good) fail("{}indices: base64 of {} levels of {} was expected", where, count, size);
  return *std::move(unpacked);
}

void check_int8(const std::vector<Codebook>& codebooks, const std::string& where) {
  const auto fits = [](float level) { return std::fabs(level) <= 127 && level == std::nearbyint(level); };
  for (const Codebook& codebook : codebooks) {
    const auto bad = std::ranges::find_if_not(codebook.levels(), fits);
    if (bad != codebook.levels().end()) fail("{}: {} is not a whole number from -127 to 127", where, *bad);
  }
}

LayerFormat read_layer(const Json& layer, const Network& network, const std::vector<int>& candidates,
                       LevelValues values, const std::string& file) {
  if (!layer.is_object() || !layer.contains("name") || !layer["name"].is_string()) {
    fail("{}: a layer has no name", file);
  }
  const auto name = layer["name"].get<std::string>();
  const auto found = std::find_if(candidates.begin(), candidates.end(),
                                  [&](int node) { return network.nodes[static_cast<std::size_t>(node)].name == name; });
  if (found == candidates.end()) fail("{} names layer \"{}\", which the network does not have", file, name);
  const Tensor& weight = *weight_of(network.nodes[static_cast<std::size_t>(*found)]);
  const auto channels = static_cast<std::size_t>(weight.shape.front());
  const std::string where = fmt::format("{}, layer \"{}\", ", file, name);
  // Files of before give bin boundaries where the encoding has them: these decide, and levels follow.
  const Numbers kind = layer.contains("boundaries") ? Numbers::boundaries : Numbers::levels;
  const char* key = kind == Numbers::boundaries ? "boundaries" : "levels";
  if (!layer.contains(key)) fail("{}{} is missing", where, key);
  LayerFormat made;
  made.node = *found;
  made.codebooks = read_codebooks(layer[key], channels, kind, where + key);
  made.level_values = values;
  if (values == LevelValues::int8) check_int8(made.codebooks, where + key);
  made.scales = read_scales(layer, channels, where);
  if (layer.contains("gain") || layer.contains("shift")) {
    made.gain = read_channels(layer, "gain", channels, where);
    made.shift = read_channels(layer, "shift", channels, where);
  }
  if (layer.contains("bias")) made.bias = read_channels(layer, "bias", channels, where);
  if (layer.contains("indices")) made.indices = read_indices(layer["indices"], weight, made, where);
  return made;
}

// What the numbers must be, quantise_activations() checks.
ActivationRanges read_activations(const Json& json, const std::string& file) {
  if (!json.is_array()) fail("{}: \"activations\" is {}: an array was expected", file, shown(json));
  ActivationRanges ranges;
  for (const Json& entry : json) {
    const std::string where = fmt::format("{}: \"activations\"[{}]", file, ranges.size());
    if (!entry.is_object() || !entry.contains("layer") || !entry["layer"].is_string()) {
      fail("{} has no layer", where);
    }
    const auto integer = [&](const char* key, std::int64_t low, std::int64_t high) {
      return static_cast<int>(integer_in(entry.value(key, Json()), low, high, where + " " + key, "an integer"));
    };
    ActivationRange range;
    range.layer = entry["layer"].get<std::string>();
    range.side = read_name<ActivationRange::Side>(entry, "side", kSides, where);
    range.bits = integer("bits", 4, 8);
    range.zero_point = integer("zero_point", 0, 255);
    const Json scale = entry.value("scale", Json());
    if (!scale.is_number()) fail("{} scale is {}: a number was expected", where, shown(scale));
    range.scale = scale.get<float>();
    ranges.push_back(std::move(range));
  }
  return ranges;
}

// Of a file that is one for this network.
Json checked(std::string_view text, const std::string& file, const Network& network) {
  Json json = parse_json(text, file);
  check_version(json, file);
  if (!json.contains("layers") || !json["layers"].is_array()) {
    fail("{} has no \"layers\" array: a best.json as vbq writes it was expected", file);
  }
  const auto hash = json.find("network_hash");
  if (hash == json.end() || *hash != hash_as_trained(network)) {
    // A network is read up to one of its outputs, and those that are read to different ones are different.
    const bool several = network.file_outputs.size() > 1;
    fail("{} was found for a network with hash {}, this network's is \"{}\"{}", file,
         hash == json.end() ? "unknown" : shown(*hash), hash_as_trained(network),
         several ? fmt::format(" up to its output \"{}\" (--output-name names another)", network.output_name) : "");
  }
  return json;
}

FoundFormat format_of(const Json& json, const std::string& file, const Network& network) {
  Format format;
  format.encoding = read_name<Encoding>(json, "encoding", kEncodings, file);
  format.scale = read_name<ScaleScope>(json, "scale", kScales, file);
  format.scale_by = read_name<ScaleBy>(json, "scale_by", kScaleBy, file);
  format.assignment = read_name<Assignment>(json, "assignment", kAssignments, file);
  if (json.contains("level_values")) {
    format.level_values = read_name<LevelValues>(json, "level_values", kLevelValues, file);
  }

  FoundFormat result;
  if (const auto block = json.find("block"); block != json.end()) {  // the first files had none
    result.block = integer_in(*block, 1, 65536, file + ": \"block\"", "a number of images");
  }

  if (json.contains("activations")) result.activations = read_activations(json["activations"], file);

  const std::vector<int> all = weight_layers(network);
  NetworkFormat layers;
  if (json["layers"].size() > all.size()) {
    fail("{} has {} layers, the network has {} with weights", file, json["layers"].size(), all.size());
  }
  for (const Json& layer : json["layers"]) {
    layers.push_back(read_layer(layer, network, all, format.level_values, file));
  }
  std::sort(layers.begin(), layers.end(), [](const LayerFormat& a, const LayerFormat& b) { return a.node < b.node; });
  for (std::size_t i = 1; i < layers.size(); ++i) {
    if (layers[i].node == layers[i - 1].node) {
      fail("{} names layer \"{}\" twice", file, network.nodes[static_cast<std::size_t>(layers[i].node)].name);
    }
  }
  if (format.assignment != Assignment::nearest) {
    for (const LayerFormat& layer : layers) {
      if (layer.indices.empty()) {
        fail("{}, layer \"{}\": its indices are missing, which assignment \"{}\" needs", file,
             network.nodes[static_cast<std::size_t>(layer.node)].name,
             name_of<Assignment>(format.assignment, kAssignments));
      }
    }
  }
  const std::vector<std::vector<float>> scales = scales_by_rule(network, format);
  for (LayerFormat& layer : layers) {
    if (!layer.scales.empty()) continue;  // the file's own
    const auto at = std::find(all.begin(), all.end(), layer.node) - all.begin();
    layer.scales = scales[static_cast<std::size_t>(at)];
  }
  result.network = quantise(network, std::move(layers));
  return result;
}

std::string name_of_file(const std::filesystem::path& path) { return "format " + path.string(); }

}  // namespace

FoundFormat parse_format(std::string_view text, const std::string& file, const Network& network) {
  return format_of(checked(text, file, network), file, network);
}

FoundFormat read_format(const std::filesystem::path& path, const Network& network) {
  return parse_format(read_json_text(path, "format"), name_of_file(path), network);
}

FoundNetwork read_found_network(const std::filesystem::path& path, Network trained) {
  const std::string file = name_of_file(path);
  const Json json = checked(read_json_text(path, "format"), file, trained);
  Network network = std::move(trained);
  if (json.contains("activations")) {
    const ActivationRanges ranges = read_activations(json["activations"], file);
    try {
      if (!ranges.empty()) network = quantise_activations(network, ranges);
    } catch (const Error& error) {
      throw Error(fmt::format("{}: {}", file, error.what()), error.fault());
    }
  }
  FoundFormat found = format_of(json, file, network);  // whose layers have the network's own numbers
  return {std::move(network), std::move(found)};
}

}  // namespace vbq
