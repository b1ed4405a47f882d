// The factors of compensated assignment, from what the layers of a trained network see.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "vbq/calibration.hpp"
#include "vbq/engine.hpp"
#include "vbq/network.hpp"

namespace vbq {

// Positions of a layer's input that H is estimated from, over all images.
inline constexpr std::int64_t kCalibrationPositions = 40'000;

// Images to calibrate on, read some at a time.
struct CalibrationImages {
  std::int64_t count = 0;
  std::function<Shard(std::int64_t first, std::int64_t count)> read;
  std::int64_t block = 100;  // the engine's
  std::int64_t most_sums = std::int64_t{1}
                           << 30;  // bytes of H of the layers that are done together, one layer at least

  // That run together: a block, or fewer where activations or sampled inputs are large. A rule of network and images
  // alone, because a GPU's results may depend on it.
  std::int64_t at_once(const Network& network) const;
};

// Of `layers`, ascending, in that order. The images pass through the network once, or, where the layers' sums are too
// many, once for every group of layers whose sums are not. Depends on network, images and the kind of engine
// alone, not on threads nor on which other layers are asked for. Error as check_inputs().
std::vector<LayerFactor> calibrate_layers(const Network& network, std::span<const int> layers, Engine& engine,
                                          const CalibrationImages& images);

// Bytes that calibrate_layers() takes at its largest on so many threads, what it has made included; without the engine
// and its runner.
std::int64_t calibration_bytes(const Network& network, std::span<const int> layers, const CalibrationImages& images,
                               std::int64_t threads);

}  // namespace vbq
