// Moment matching on the CPU: all calibration images run together, layer after layer.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "engine/common/moments.hpp"
#include "engine/common/shard.hpp"
#include "engine/cpu/lane.hpp"
#include "engine/cpu/lanes.hpp"
#include "engine/cpu/plan.hpp"

namespace vbq::cpu {

class Matcher {
 public:
  // network and lanes outlive the matcher. batch: images that run together in one lane; every batch of the calibration
  // images has memory of its own. Measures the moments of the network as trained.
  Matcher(const Network& network, std::int64_t batch, Lanes& lanes, Shard images);

  // See Engine::match().
  NetworkFormat match(const NetworkFormat& formats);

 private:
  // Runs the network under `formats`; each(layer output, its moments) may set gain and shift of `format` (nullptr for a
  // layer that is not quantised), which are then applied before the next layer runs.
  template <typename Each>
  void pass(NetworkFormat& formats, Each each);
  void feed();
  Moments measure(const Plan::LayerOutput& output, const LayerMemory& layer);
  void apply(const Plan::LayerOutput& output, const LayerMemory& layer, const LayerFormat& format);
  std::int64_t images_in(std::size_t batch) const;

  const Network& network_;
  Lanes& lanes_;
  Shard images_;
  PixelTable table_;
  std::vector<int> layers_;
  Plan plan_;
  std::vector<std::unique_ptr<Lane>> batches_;
  std::vector<Moments> trained_;  // of each of plan_.layer_outputs
};

}  // namespace vbq::cpu
