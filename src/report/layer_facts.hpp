// What a run has made of each layer, in numbers.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "json/json_fwd.hpp"
#include "report/codebook_chart.hpp"

namespace vbq {

struct LayerFacts {
  int node = 0;
  std::string name;
  std::int64_t weights = 0;
  int codebooks = 0;  // 0: the layer stays FP32
  int levels = 0;     // of the largest
  int index_bits = 0;
  double entropy = 0;                  // of its levels, bits a weight
  std::int64_t bits = 0;               // that the layer takes in the job's coding, codebook, scales and shifts counted
  std::optional<double> harm = {};     // of this layer quantised alone, in about so many bits: fitness lost
  Histogram histogram = {};            // of its weights, divided by their scales
  std::vector<DrawnLevel> drawn = {};  // its levels, in the same units
};

struct Job;
struct Network;
class QuantisedNetwork;
struct Sensitivity;

// Of all layers with weights, in the network's order.
std::vector<LayerFacts> layer_facts(const Network& network, const QuantisedNetwork& quantised, const Job& job);

// Adds each layer's harm, at the choice whose size is nearest to what the layer takes. layers: as layer_facts() gives
// them. False, and nothing is added, where the table is not of these layers.
bool add_harm(std::vector<LayerFacts>& layers, const Sensitivity& sensitivity, const Network& network, const Job& job);

// The same of a run's folder: from the network that its job names, its best.json and, where it is there,
// sensitivity.h5.
struct FolderLayers {
  std::vector<LayerFacts> layers;
  std::string missing;  // why there are none: a sentence
};
FolderLayers read_layers(const std::filesystem::path& folder, const Job& job);

}  // namespace vbq
