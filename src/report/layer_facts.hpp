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
  double entropy = 0;     // of its levels, bits a weight
  std::int64_t bits = 0;  // that the layer takes in the job's coding, codebook, scales and shifts counted
  // Of what quantising changes, sums of squares over those as trained: of the weights (0 of one that stays FP32), and
  // of the layer's outputs by the inputs that it sees as trained (assign/weighted_error.hpp), where a calibration
  // tells.
  double weight_error = 0;
  std::optional<double> output_error = {};
  std::optional<double> harm = {};     // of this layer quantised alone, in about so many bits: fitness lost
  Histogram histogram = {};            // of its weights, divided by their scales
  std::vector<DrawnLevel> drawn = {};  // its levels, in the same units
};

struct Calibration;
struct Job;
struct Network;
class QuantisedNetwork;
struct Sensitivity;

// Of all layers with weights, in the network's order.
std::vector<LayerFacts> layer_facts(const Network& network, const QuantisedNetwork& quantised, const Job& job);

// Adds each layer's harm, at the choice whose size is nearest to what the layer takes. layers: as layer_facts() gives
// them. False, and nothing is added, where the table is not of these layers.
bool add_harm(std::vector<LayerFacts>& layers, const Sensitivity& sensitivity, const Network& network, const Job& job);

// Adds output_error of the quantised layers that have a factor. Error where a factor is not one of this network.
void add_output_errors(std::vector<LayerFacts>& layers, const Calibration& calibration, const Network& network,
                       const QuantisedNetwork& quantised);

// The same of a run's folder: from the network that its job names, its best.json and, where they are there,
// sensitivity.h5 and calibration.h5.
struct FolderLayers {
  std::vector<LayerFacts> layers;
  std::string missing;  // why there are none: a sentence
};
FolderLayers read_layers(const std::filesystem::path& folder, const Job& job);

}  // namespace vbq
