#include "report/layer_facts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <exception>
#include <map>

#include "assign/compensate.hpp"
#include "assign/weighted_error.hpp"
#include "config/job.hpp"
#include "core/log.hpp"
#include "search/sensitivity.hpp"
#include "store/calibration_file.hpp"
#include "store/sensitivity_file.hpp"
#include "vbq/error.hpp"
#include "vbq/format_file.hpp"
#include "vbq/onnx.hpp"
#include "vbq/size.hpp"

namespace vbq {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBins = 72;

const Node& node_of(const Network& network, int node) { return network.nodes[static_cast<std::size_t>(node)]; }

// Weights in units of levels.
std::vector<float> over_scales(const Tensor& weight, const LayerFormat& format) {
  std::vector<float> values = weight.data;
  const auto row = values.size() / static_cast<std::size_t>(weight.shape.front());
  for (std::size_t i = 0; i < values.size(); ++i) values[i] /= format.scale(i / row);
  return values;
}

// Of several codebooks their levels are put together.
std::vector<DrawnLevel> drawn_levels(const LayerFormat& format, std::size_t row) {
  std::map<float, std::int64_t> taken;
  for (const Codebook& codebook : format.codebooks) {
    for (const float level : codebook.levels()) taken[level];
  }
  for (std::size_t i = 0; i < format.indices.size(); ++i) {
    ++taken[format.codebook(i / row).levels()[format.indices[i]]];
  }
  std::vector<DrawnLevel> levels;
  levels.reserve(taken.size());
  for (const auto& [value, weights] : taken) levels.push_back({static_cast<double>(value), weights});
  return levels;
}

// Of the weights' squares, that of what the levels are off by.
double weight_error(const Tensor& weight, const LayerFormat& format) {
  std::vector<float> quantised(weight.data.size());
  apply_indices(weight.shape.front(), format, quantised);
  double error = 0, all = 0;
  for (std::size_t i = 0; i < quantised.size(); ++i) {
    const double w = static_cast<double>(weight.data[i]), off = w - static_cast<double>(quantised[i]);
    error += off * off;
    all += w * w;
  }
  return all > 0 ? error / all : 0;
}

LayerFacts facts_as_trained(const Network& network, int node) {
  LayerFacts facts;
  facts.node = node;
  facts.name = node_of(network, node).name;
  facts.weights = std::ssize(weight_of(node_of(network, node))->data);
  facts.bits = 32 * facts.weights;
  facts.histogram = histogram(weight_of(node_of(network, node))->data, {}, kBins);
  return facts;
}

void add_format(LayerFacts& facts, const Network& network, const QuantisedLayer& layer, Coding coding) {
  const QuantisedNetwork alone({layer});
  const LayerFormat format = alone.formats().front();
  const Tensor& weight = *weight_of(node_of(network, layer.node));
  facts.codebooks = static_cast<int>(format.codebooks.size());
  facts.levels = format.levels();
  facts.index_bits = static_cast<int>(fixed_bits(facts.levels));
  facts.entropy = alone.level_bits().entropy / static_cast<double>(std::max<std::int64_t>(1, facts.weights));
  const std::int64_t others = 32 * (weight_count(network) - facts.weights);
  facts.bits = coded_bits(weight_size(network, alone), coding) - others;
  facts.weight_error = weight_error(weight, format);
  facts.drawn = drawn_levels(format, weight.data.size() / static_cast<std::size_t>(weight.shape.front()));
  std::vector<float> ends;
  ends.reserve(facts.drawn.size());
  for (const DrawnLevel& level : facts.drawn) ends.push_back(static_cast<float>(level.value));
  facts.histogram = histogram(over_scales(weight, format), ends, kBins);
}

}  // namespace

std::vector<LayerFacts> layer_facts(const Network& network, const QuantisedNetwork& quantised, const Job& job) {
  std::vector<LayerFacts> layers;
  for (const int node : weight_layers(network)) {
    layers.push_back(facts_as_trained(network, node));
    const auto found = std::ranges::find(quantised.layers(), node, &QuantisedLayer::node);
    if (found != quantised.layers().end()) add_format(layers.back(), network, *found, job.format.coding);
  }
  return layers;
}

bool add_harm(std::vector<LayerFacts>& layers, const Sensitivity& sensitivity, const Network& network, const Job& job) {
  const std::vector<int> nodes = quantised_layers(network, job.format);
  if (nodes.size() != sensitivity.layers.size() || sensitivity.as_trained.seen <= 0) return false;
  const double before = fitness(sensitivity.as_trained, job.fitness);
  for (LayerFacts& facts : layers) {
    const auto at = std::ranges::find(nodes, facts.node) - nodes.begin();
    if (at == std::ssize(nodes)) continue;
    const Alone* nearest = nullptr;
    const auto apart = [&](const Alone& one) {
      return std::abs(static_cast<double>(one.bits) - static_cast<double>(facts.bits));
    };
    for (const Alone& one : sensitivity.layers[static_cast<std::size_t>(at)]) {
      if (one.tally.seen <= 0) continue;
      if (nearest == nullptr || apart(one) < apart(*nearest)) nearest = &one;
    }
    if (nearest != nullptr) facts.harm = before - fitness(nearest->tally, job.fitness);
  }
  return true;
}

namespace {

// Multiplications that output errors take.
double work_of(const Calibration& calibration) {
  double work = 0;
  for (const LayerFactor& factor : calibration.factors) {
    for (const FactorBlock& block : factor.blocks) {
      const auto columns = static_cast<double>(block.columns.size());
      work += static_cast<double>(block.rows) * columns * columns;
    }
  }
  return work;
}

// Of another network's calibration, or where they would take longer than a page is worth (ten seconds or so), there
// are none.
void add_known_output_errors(std::vector<LayerFacts>& layers, const fs::path& folder, const Network& network,
                             const QuantisedNetwork& quantised) {
  constexpr double kMostWork = 1e10;
  const auto calibration = read_calibration(folder / "calibration.h5");
  if (!calibration || work_of(*calibration) > kMostWork) return;
  try {
    add_output_errors(layers, *calibration, network, quantised);
  } catch (const Error& error) {
    log::warning("{}: {}; the report goes without it", (folder / "calibration.h5").string(), error.what());
  }
}

}  // namespace

void add_output_errors(std::vector<LayerFacts>& layers, const Calibration& calibration, const Network& network,
                       const QuantisedNetwork& quantised) {
  check_calibration(network, calibration);
  for (const LayerFormat& format : quantised.formats()) {
    const auto factor = std::ranges::find(calibration.factors, format.node, &LayerFactor::node);
    const auto facts = std::ranges::find(layers, format.node, &LayerFacts::node);
    if (factor == calibration.factors.end() || facts == layers.end()) continue;
    const Tensor& weight = *weight_of(node_of(network, format.node));
    LayerFormat gone{format.node, {Codebook::from_levels({0})}, {}};  // of which the whole output is the error
    gone.indices.assign(weight.data.size(), 0);
    const auto error = [&](const LayerFormat& of) {
      return assigned_error(weight.data, weight.shape.front(), of, *factor);
    };
    if (const double all = error(gone); all > 0) facts->output_error = error(format) / all;
  }
}

FolderLayers read_layers(const fs::path& folder, const Job& job) {
  try {
    const Network network = read_onnx(job.network, job.network_output);
    const QuantisedNetwork quantised = read_format(folder / "best.json", network).network;
    std::vector<LayerFacts> layers = layer_facts(network, quantised, job);
    if (const auto sensitivity = read_sensitivity(folder / "sensitivity.h5")) {
      add_harm(layers, *sensitivity, network, job);
    }
    add_known_output_errors(layers, folder, network, quantised);
    return {std::move(layers), ""};
  } catch (const std::exception& error) {  // of a file that is gone, or another by now: the rest of the page stands
    return {{}, error.what()};
  }
}

}  // namespace vbq
