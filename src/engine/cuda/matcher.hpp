// Moment matching on one GPU: all calibration images run as one batch, layer after layer.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "engine/cuda/plan/matching.hpp"
#include "engine/cuda/runner.hpp"
#include "vbq/dataset.hpp"
#include "vbq/format.hpp"
#include "vbq/network.hpp"

namespace vbq::cuda {

class Matcher {
 public:
  // Uploads the images (host) and measures the moments of the network as trained. Weights and stream are its own, so
  // those of the engine's copies are left alone. images: checked, of a number that matches_in_one_batch(). type,
  // arithmetic: as the engine's. network outlives the matcher. Error (input) when the GPU's memory is too small.
  Matcher(const Network& network, const Shard& images, Type type, Arithmetic arithmetic,
          std::shared_ptr<const Cudnn> api);

  // See Engine::match(), without an assigner; waits for the GPU once, at the end.
  NetworkFormat match(const NetworkFormat& formats, bool moments);

  const Runner& runner() const { return runner_; }

 private:
  void upload(const Shard& images);
  void pass(std::span<const LayerFormat* const> formats);
  std::size_t bytes() const;  // of GPU memory

  const Network& network_;
  std::vector<int> layers_;
  Stream stream_;
  Handle handle_;
  Runner runner_;
  MatchingPass pass_;
  DeviceBuffer pixels_, table_, view_, item_;        // the images, and what tells the first kernel about them
  DeviceBuffer parts_, norms_, trained_, matching_;  // MatchingMemory
};

}  // namespace vbq::cuda
