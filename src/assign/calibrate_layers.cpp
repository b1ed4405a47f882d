#include "assign/calibrate_layers.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "assign/input_moments.hpp"
#include "assign/parallel.hpp"

namespace vbq {
namespace {

constexpr std::int64_t kMostHeld = (std::int64_t{256} << 20) / sizeof(float);  // numbers, of activations and inputs

std::int64_t per_image(const CalibrationImages& images) {
  return (kCalibrationPositions + images.count - 1) / images.count;
}

template <typename Made>
Made made_for(const Network& network, int layer, const CalibrationImages& images) {
  const Node& node = network.nodes[static_cast<std::size_t>(layer)];
  return Made(node, layer, network.shapes[static_cast<std::size_t>(node.inputs.front())],
              network.shapes[static_cast<std::size_t>(layer) + 1], per_image(images));
}

// Numbers of H, in all runs of columns and in the largest.
struct Sums {
  std::int64_t all = 0, largest = 0;
};
Sums sums_of(const Network& network, int layer, const CalibrationImages& images) {
  Sums sums;
  for (const ColumnRun& run : column_runs(made_for<Patches>(network, layer, images))) {
    sums.all += run.size * run.size;
    sums.largest = std::max(sums.largest, run.size * run.size);
  }
  return sums;
}

// The first of the layers, as many as may be summed together.
std::span<const int> first_group(const Network& network, std::span<const int> layers, const CalibrationImages& images) {
  std::size_t count = 0;
  for (std::int64_t numbers = 0; count < layers.size(); ++count) {
    numbers += sums_of(network, layers[count], images).all;
    if (count > 0 && numbers * static_cast<std::int64_t>(sizeof(double)) > images.most_sums) break;
  }
  return layers.first(count);
}

std::vector<LayerFactor> factors_of(std::span<const int> layers, std::span<InputMoments> moments,
                                    const Parallel& parallel) {
  std::vector<LayerFactor> factors;
  std::vector<std::pair<std::size_t, std::int64_t>> items;  // a layer, and a block of it
  for (std::size_t i = 0; i < layers.size(); ++i) {
    moments[i].end(parallel);
    factors.push_back({layers[i], std::vector<FactorBlock>(static_cast<std::size_t>(moments[i].blocks()))});
    for (std::int64_t b = 0; b < moments[i].blocks(); ++b) items.emplace_back(i, b);
  }
  std::ranges::reverse(items);  // a network's last layers are its widest
  parallel(static_cast<std::int64_t>(items.size()), [&](std::int64_t item) {
    const auto [i, b] = items[static_cast<std::size_t>(item)];
    factors[i].blocks[static_cast<std::size_t>(b)] = moments[i].factor_block(b);
  });
  return factors;
}

}  // namespace

std::int64_t CalibrationImages::at_once(const Network& network) const {
  constexpr std::int64_t kValues = 4;  // of an image, that live at a time
  std::int64_t numbers = 1;
  for (const Shape& shape : network.shapes) numbers = std::max(numbers, kValues * elements(shape));
  for (const int layer : weight_layers(network)) {
    const Patches patches = made_for<Patches>(network, layer, *this);
    numbers = std::max(numbers, patches.per_image() * patches.row());
  }
  return std::clamp<std::int64_t>(kMostHeld / numbers, 1, std::min(block, count));
}

std::vector<LayerFactor> calibrate_layers(const Network& network, std::span<const int> layers, Engine& engine,
                                          const CalibrationImages& images) {
  std::vector<LayerFactor> factors;
  if (layers.empty()) return factors;
  const Parallel parallel = parallel_on(engine);
  const std::int64_t at_once = images.at_once(network);
  const std::unique_ptr<LayerRunner> runner = engine.open(at_once);
  std::vector<float> room;
  while (!layers.empty()) {
    const std::span<const int> group = first_group(network, layers, images);
    layers = layers.subspan(group.size());
    std::vector<InputMoments> moments;
    for (const int layer : group) moments.push_back(made_for<InputMoments>(network, layer, images));
    for (std::int64_t first = 0; first < images.count; first += at_once) {
      const std::int64_t some = std::min(at_once, images.count - first);
      runner->load(images.read(first, some));
      for (std::size_t i = 0; i < group.size(); ++i) {
        moments[i].expect(some, room);
        runner->inputs(group[i], [&](std::int64_t image, const TapView& x) { moments[i].see(image, x); });
        moments[i].add(parallel);
      }
    }
    std::ranges::move(factors_of(group, moments, parallel), std::back_inserter(factors));
  }
  return factors;
}

std::int64_t calibration_bytes(const Network& network, std::span<const int> layers, const CalibrationImages& images,
                               std::int64_t threads) {
  constexpr std::int64_t kFloat = sizeof(float), kDouble = sizeof(double);
  const std::int64_t at_once = layers.empty() ? 0 : images.at_once(network);
  std::int64_t most = 0, made = 0;
  while (!layers.empty()) {
    const std::span<const int> group = first_group(network, layers, images);
    layers = layers.subspan(group.size());
    std::int64_t numbers = 0, largest = 0, held = 0;
    for (const int layer : group) {
      const Sums sums = sums_of(network, layer, images);
      const Patches patches = made_for<Patches>(network, layer, images);
      numbers += sums.all;
      largest = std::max(largest, sums.largest);
      held = std::max(held, at_once * patches.per_image() * patches.row());
    }
    // Where H becomes its factor, the copy that is factored takes its place, before the factor is there.
    const std::int64_t factoring = std::min(threads * largest, numbers);
    most = std::max(most, made + numbers * kDouble + std::max(factoring * (kDouble + kFloat), held * kFloat));
    made += numbers * kFloat;
  }
  return most;
}

}  // namespace vbq
