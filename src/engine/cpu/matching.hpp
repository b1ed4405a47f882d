// Moment matching on the CPU: all calibration images run together, layer after layer.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "assign/moments.hpp"
#include "engine/common/shard.hpp"
#include "engine/cpu/lane.hpp"
#include "engine/cpu/lanes.hpp"
#include "engine/cpu/plan.hpp"
#include "vbq/engine.hpp"

namespace vbq::cpu {

class Matcher {
 public:
  // network and lanes outlive the matcher. batch: images that run together in one lane; every batch of the calibration
  // images has memory of its own. Measures the moments of the network as trained; see Engine::calibrate().
  Matcher(const Network& network, std::int64_t batch, Lanes& lanes, Shard images,
          std::shared_ptr<LayerAssigner> assigner);

  // See Engine::match().
  NetworkFormat match(const NetworkFormat& formats, bool moments);

 private:
  // Runs the network under `formats`. Of each layer, the assigner sees the inputs; then assign(node, format); then
  // each(layer point, its outputs' moments, format) may set gain and shift of `format` (nullptr for a layer that is not
  // quantised), which are then applied before the next layer runs.
  template <typename Assign, typename Each>
  void pass(NetworkFormat& formats, Assign assign, Each each);
  void feed();
  void run(std::size_t first, std::size_t last);
  void show(const Plan::LayerPoint& point);
  // Weights of plan_.layers[layer], for all batches.
  void set(std::size_t layer, const LayerFormat* format);
  Moments measure(const Plan::LayerPoint& point, const LayerMemory& layer);
  void apply(const Plan::LayerPoint& point, const LayerMemory& layer, const LayerFormat& format);
  LayerAssigner::Parallel parallel();
  std::int64_t images_in(std::size_t batch) const;

  const Network& network_;
  Lanes& lanes_;
  Shard images_;
  PixelTable table_;
  std::vector<int> layers_;
  Plan plan_;
  std::vector<std::unique_ptr<Lane>> batches_;
  std::shared_ptr<LayerAssigner> assigner_;  // may be null
  std::vector<Moments> trained_;             // of each of plan_.layer_points; empty where there is no output layout
};

}  // namespace vbq::cpu
