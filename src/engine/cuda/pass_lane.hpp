// One network at a time on its way from layer to layer, on a stream and in memory of its own: levels, sums, gains and
// shifts stay on the GPU until all layers are done.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "engine/cuda/batch.hpp"
#include "engine/cuda/plan/matching.hpp"
#include "engine/cuda/sequential_layers.hpp"
#include "vbq/engine.hpp"

namespace vbq::cuda {

class PassLane {
 public:
  // Measures the moments of the network as trained over the images, which are as many as the batch takes, and learns
  // what sequential assignment wants to know of it. The GPU is current; network outlives the lane. Error (input) when
  // its memory is too small.
  PassLane(const Network& network, const Shard& images, PassLevels levels, std::unique_ptr<Batch> batch);
  // Another one, of the same images: what was measured and learnt is shared. batch: as the first's, in the same
  // kernels, so that it gives the same bits.
  PassLane(const PassLane& first, std::unique_ptr<Batch> batch);
  PassLane& operator=(const PassLane&) = delete;

  // Queues a network's way, matched or only assigned, and waits for nothing but what this lane has left to do.
  void start(const NetworkFormat& formats, bool matched);
  // Waits for it.
  NetworkFormat finish();

  const Kernels& kernels() const { return batch_->runner().kernels(); }
  std::size_t bytes() const;  // of GPU memory, with what is shared

 private:
  // Of the images and the network as trained. Nothing changes it once it is there.
  struct Known {
    DeviceBuffer norms, trained;
  };

  void allocate();
  void learn();
  void pass(std::span<const LayerFormat* const> formats, bool matched);

  const Network& network_;
  std::vector<int> layers_;
  std::unique_ptr<Batch> batch_;
  MatchingPass pass_;
  std::shared_ptr<const Known> known_;
  DeviceBuffer parts_, matching_;  // MatchingMemory
  PinnedBuffer found_;             // gains and shifts
  std::optional<SequentialLayers> sequential_;
  NetworkFormat result_;  // of what was started
  bool matched_ = false;
};

}  // namespace vbq::cuda
