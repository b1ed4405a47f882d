// Passes from layer to layer on one GPU: levels, sums, gains and shifts stay there until all layers are done.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "engine/cuda/batch.hpp"
#include "engine/cuda/plan/matching.hpp"
#include "engine/cuda/sequential_layers.hpp"
#include "vbq/engine.hpp"

namespace vbq::cuda {

// One network at a time.
class LayerPass {
 public:
  // Measures the moments of the network as trained over the images, which are as many as the batch takes, and learns
  // what sequential assignment wants to know of it. device: the GPU, which is current. network outlives the pass. Error
  // (input) when the GPU's memory is too small.
  LayerPass(const Network& network, const Shard& images, PassLevels levels, std::unique_ptr<Batch> batch, int device);

  // start() queues a pass, to assign or to match as well; finish() waits for it.
  void start(const NetworkFormat& formats, bool matched);
  NetworkFormat finish();
  std::size_t bytes() const;  // of GPU memory

 private:
  void learn();
  void pass(std::span<const LayerFormat* const> formats, bool matched);

  const Network& network_;
  std::vector<int> layers_;
  std::unique_ptr<Batch> batch_;
  int device_;
  MatchingPass pass_;
  DeviceBuffer parts_, norms_, trained_, matching_;  // MatchingMemory
  std::optional<SequentialLayers> sequential_;
  NetworkFormat result_;  // of the pass that was started
  bool matched_ = false;
  std::vector<float> found_;  // gains and shifts
};

inline constexpr std::size_t kSmallPass = std::size_t{2} << 30;  // bytes of GPU memory

// Several at once, each on a stream of its own: none of them keeps a GPU busy alone.
class LayerPasses final : public DevicePass {
 public:
  // further(): one more pass like the first. As many as fit, at most `most`, where the first is small.
  LayerPasses(std::unique_ptr<LayerPass> first, int most, const std::function<std::unique_ptr<LayerPass>()>& further);

  std::vector<NetworkFormat> assign(std::span<const NetworkFormat> networks) override { return run(networks, false); }
  std::vector<NetworkFormat> match(std::span<const NetworkFormat> networks) override { return run(networks, true); }

 private:
  std::vector<NetworkFormat> run(std::span<const NetworkFormat> networks, bool matched);

  std::vector<std::unique_ptr<LayerPass>> passes_;
};

}  // namespace vbq::cuda
