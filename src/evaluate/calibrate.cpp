#include "evaluate/calibrate.hpp"

#include <algorithm>
#include <memory>
#include <span>

#include "assign/input_moments.hpp"
#include "core/hash.hpp"
#include "engine/common/shard.hpp"
#include "model/truncate.hpp"

namespace vbq {

std::vector<int> layers_to_calibrate(const Problem& problem) {
  if (problem.format.assignment != Assignment::compensated) return {};
  return quantised_layers(problem.network, problem.format);
}

LayerFactor calibrate_layer(const Problem& problem, int node, const EngineOptions& options) {
  const Network& network = problem.network;
  const Node& layer = network.nodes[static_cast<std::size_t>(node)];
  const ValueId input = layer.inputs.front();
  std::unique_ptr<Engine> engine;  // none where the layer sees the image itself
  if (input != kInputValue) engine = make_engine(up_to(network, input), options);

  const std::vector<std::int64_t>& images = problem.split.search;
  const auto count = static_cast<std::int64_t>(images.size());
  const Shape& shape = network.shapes[static_cast<std::size_t>(input)];
  InputMoments moments(layer, node, shape, network.shapes[static_cast<std::size_t>(node) + 1],
                       (kCalibrationPositions + count - 1) / count);
  const auto per_image = static_cast<std::size_t>(elements(network.input_shape()));
  const auto per_input = static_cast<std::size_t>(elements(shape));
  const PixelTable table = pixel_table(problem.search_source->info().normalisation);
  std::vector<float> x, y;
  for (std::int64_t first = 0; first < count; first += problem.engine.block) {
    const auto some = static_cast<std::size_t>(std::min(problem.engine.block, count - first));
    const Images read = problem.search_source->read(std::span(images).subspan(static_cast<std::size_t>(first), some));
    x.resize(some * per_image);
    for (std::size_t i = 0; i < some; ++i) {
      normalise(table, read.pixels.data() + i * per_image, static_cast<std::size_t>(read.height * read.width),
                x.data() + i * per_image);
    }
    if (engine != nullptr) {
      y.resize(some * per_input);
      engine->infer(x, static_cast<std::int64_t>(some), y);
    }
    for (std::size_t i = 0; i < some; ++i) {
      moments.add(std::span<const float>(engine == nullptr ? x : y).subspan(i * per_input, per_input),
                  static_cast<std::uint32_t>(first) + static_cast<std::uint32_t>(i));
    }
  }
  return moments.factor();
}

std::string calibration_engine(const Problem& problem) {
  for (const int node : quantised_layers(problem.network, problem.format)) {
    const ValueId input = problem.network.nodes[static_cast<std::size_t>(node)].inputs.front();
    if (input != kInputValue)
      return engine_identity(make_engine(up_to(problem.network, input), problem.engine)->info());
  }
  return {};
}

std::string calibration_key(const Problem& problem, const std::string& engine) {
  Hasher hasher;
  hasher.text(network_hash(problem.network));
  hasher.text(problem.search_source->info().hash);
  hasher.array(std::span(problem.split.search));
  hasher.value(problem.engine.block);
  hasher.text(engine);
  hasher.value(kCalibrationPositions);
  for (const int layer : quantised_layers(problem.network, problem.format)) hasher.value(layer);
  return hasher.hex();
}

}  // namespace vbq
