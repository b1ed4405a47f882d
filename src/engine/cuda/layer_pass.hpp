// Passes from layer to layer on one GPU: levels, sums, gains and shifts stay there until all layers are done.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "engine/cuda/batch.hpp"
#include "engine/cuda/plan/matching.hpp"
#include "engine/cuda/sequential_layers.hpp"
#include "vbq/engine.hpp"

namespace vbq::cuda {

class LayerPass final : public DevicePass {
 public:
  // Measures the moments of the network as trained over the images, which are as many as the batch takes, and learns
  // what sequential assignment wants to know of it. device: the GPU, which is current. network outlives the pass. Error
  // (input) when the GPU's memory is too small.
  LayerPass(const Network& network, const Shard& images, PassLevels levels, std::unique_ptr<Batch> batch, int device);

  std::vector<NetworkFormat> assign(std::span<const NetworkFormat> networks) override { return run(networks, false); }
  std::vector<NetworkFormat> match(std::span<const NetworkFormat> networks) override { return run(networks, true); }

 private:
  std::vector<NetworkFormat> run(std::span<const NetworkFormat> networks, bool matched);
  // Waits for the GPU once, at the end.
  NetworkFormat run(const NetworkFormat& formats, bool matched);
  std::size_t bytes() const;  // of GPU memory
  void learn();
  void pass(std::span<const LayerFormat* const> formats, bool matched);

  const Network& network_;
  std::vector<int> layers_;
  std::unique_ptr<Batch> batch_;
  int device_;
  MatchingPass pass_;
  DeviceBuffer parts_, norms_, trained_, matching_;  // MatchingMemory
  std::optional<SequentialLayers> sequential_;
};

}  // namespace vbq::cuda
