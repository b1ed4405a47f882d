// Moment matching on one GPU: sums, gains and shifts stay there until all layers are done.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "engine/cuda/batch.hpp"
#include "engine/cuda/plan/matching.hpp"
#include "vbq/engine.hpp"

namespace vbq::cuda {

class Matcher final : public vbq::Matcher {
 public:
  // Measures the moments of the network as trained over the images, which are as many as the batch takes. device: the
  // GPU, which is current. network outlives the matcher. Error (input) when the GPU's memory is too small.
  Matcher(const Network& network, const Shard& images, std::unique_ptr<Batch> batch, int device);

  // Waits for the GPU once, at the end.
  NetworkFormat match(const NetworkFormat& formats) override;

 private:
  void pass(std::span<const LayerFormat* const> formats);
  std::size_t bytes() const;  // of GPU memory

  const Network& network_;
  std::vector<int> layers_;
  std::unique_ptr<Batch> batch_;
  int device_;
  MatchingPass pass_;
  DeviceBuffer parts_, norms_, trained_, matching_;  // MatchingMemory
};

}  // namespace vbq::cuda
