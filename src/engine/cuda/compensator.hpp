// Compensated assignment on the GPU.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/cuda/device.hpp"
#include "engine/cuda/plan/assign_batch.hpp"
#include "vbq/engine.hpp"
#include "vbq/network.hpp"

namespace vbq::cuda {

class Compensator final : public vbq::Compensator {
 public:
  // Weights and factors go to the GPU. Error when a factor is not one of the network's, or a weight is not finite, or
  // the GPU's memory is too small. device: the GPU, which is current.
  Compensator(const Network& network, const Calibration& calibration, int device);

  // Waits.
  std::vector<std::vector<std::uint8_t>> assign(std::span<const LayerFormat* const> layers) override;

 private:
  const FactorLayer& layer_of(int node) const;
  void run(const AssignBatch& batch);

  int device_;
  Stream stream_;
  DeviceBuffer weights_, columns_, feedback_;
  std::vector<FactorLayer> layers_;  // ascending by node
  DeviceBuffer tasks_, words_, targets_, levels_;
  std::vector<std::uint8_t> result_;  // levels of a batch, on the host
};

}  // namespace vbq::cuda
