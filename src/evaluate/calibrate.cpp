#include "evaluate/calibrate.hpp"

#include <algorithm>
#include <utility>

#include "assign/activation_ranges.hpp"
#include "assign/calibrate_layers.hpp"
#include "core/hash.hpp"
#include "core/usable_cpus.hpp"

namespace vbq {
namespace {

// Of what is computed from the same images by the same engine: counts up when its last bits change.
constexpr int kVersion = 2;

CalibrationImages images_of(const Problem& problem, std::vector<std::int64_t> chosen) {
  const auto count = std::ssize(chosen);
  const auto read = [&problem, all = std::move(chosen)](std::int64_t first, std::int64_t some) {
    const auto those = std::span(all).subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(some));
    const ImageSource& source = *problem.search_source;
    return Shard{source.read(those), source.info().normalisation, problem.engine.block, false};
  };
  return {count, read, problem.engine.block};
}
CalibrationImages images_of(const Problem& problem) { return images_of(problem, problem.split.search); }

// Its kernels chosen by rule: factors are kept from run to run, and are to be the same.
std::unique_ptr<Engine> calibrating_engine(const Problem& problem, EngineOptions options) {
  options.tune = false;
  options.kernels = {};
  return make_engine(problem.network, options);
}

}  // namespace

std::vector<int> layers_to_calibrate(const Problem& problem) {
  if (problem.format.assignment != Assignment::compensated) return {};
  return quantised_layers(problem.network, problem.format);
}

std::vector<LayerFactor> calibrate(const Problem& problem, std::span<const int> layers, const EngineOptions& options) {
  if (layers.empty()) return {};
  return calibrate_layers(problem.network, layers, *calibrating_engine(problem, options), images_of(problem));
}

ActivationRanges calibrate_activations(const Problem& problem) {
  if (problem.format.activations == 0) return {};
  const std::vector<int> layers = quantised_layers(problem.network, problem.format);
  return calibrate_activations(problem.network, layers, problem.format.activations,
                               *calibrating_engine(problem, problem.engine),
                               images_of(problem, spaced_images(problem, kActivationImages)));
}

std::int64_t calibration_bytes(const Problem& problem, std::span<const int> layers, const EngineOptions& options) {
  if (layers.empty()) return 0;
  const CalibrationImages images = images_of(problem);
  const std::int64_t threads = options.threads > 0 ? options.threads : usable_cpus();
  return engine_bytes(problem.network, options, images.at_once(problem.network)) +
         calibration_bytes(problem.network, layers, images, threads);
}

std::string calibration_engine(const Problem& problem) {
  const auto engine = calibrating_engine(problem, problem.engine);
  engine->open(images_of(problem).at_once(problem.network));  // a GPU's kernels are chosen for it
  return engine_identity(engine->info());
}

std::string calibration_key(const Problem& problem, const std::string& engine) {
  Hasher hasher;
  hasher.text(network_hash(problem.network));
  hasher.text(problem.search_source->info().hash);
  hasher.array(std::span(problem.split.search));
  hasher.value(problem.engine.block);
  hasher.text(engine);
  hasher.value(kCalibrationPositions);
  hasher.value(kVersion);
  for (const int layer : quantised_layers(problem.network, problem.format)) hasher.value(layer);
  return hasher.hex();
}

}  // namespace vbq
