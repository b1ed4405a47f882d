// Moment matching on one GPU: all calibration images run as one batch, layer after layer.
#pragma once

#include <vector>

#include "engine/cuda/plan/matching.hpp"
#include "engine/cuda/runner.hpp"
#include "vbq/dataset.hpp"
#include "vbq/format.hpp"
#include "vbq/network.hpp"

namespace vbq::cuda {

class Matcher {
 public:
  // Uploads the images (host) and measures the moments of the network as trained. Weights of its own, so those of other
  // runners are left alone. images: checked, of a number that matches_in_one_batch(). type, arithmetic: as the
  // engine's. network, handle and stream outlive the matcher. Error (input) when the GPU's memory is too small.
  Matcher(const Network& network, const Shard& images, Type type, Arithmetic arithmetic, const Handle& handle,
          const Stream& stream);

  // See Engine::match(), without an assigner; waits for the GPU once, at the end.
  NetworkFormat match(const NetworkFormat& formats, bool moments);

 private:
  void upload(const Shard& images);
  void pass(std::span<const LayerFormat* const> formats);
  std::size_t bytes() const;  // of GPU memory

  const Network& network_;
  const Stream& stream_;
  std::vector<int> layers_;
  Runner runner_;
  MatchingPass pass_;
  DeviceBuffer pixels_, table_, view_, item_;        // the images, and what tells the first kernel about them
  DeviceBuffer parts_, norms_, trained_, matching_;  // MatchingMemory
};

}  // namespace vbq::cuda
