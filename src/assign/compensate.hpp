// Compensated assignment on the host, for engines that do it there.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "vbq/engine.hpp"
#include "vbq/network.hpp"

namespace vbq {

// The factor of a layer. Error (internal) where there is none, or no calibration.
const LayerFactor& factor_of(const Calibration* calibration, int node);

class HostCompensation {
 public:
  // See Engine::prepare(). network: as trained; outlives this.
  void prepare(const Network& network, std::shared_ptr<const Calibration> calibration);
  // See Engine::assign().
  std::vector<std::vector<std::uint8_t>> assign(std::span<const LayerFormat* const> layers,
                                                const LayerAssigner::Parallel& parallel) const;

 private:
  const Network* network_ = nullptr;
  std::shared_ptr<const Calibration> calibration_;
};

// Error when a factor is not one of the network's, its blocks leave a weight out or have one twice, or a weight of its
// layer is not finite.
void check_calibration(const Network& network, const Calibration& calibration);

}  // namespace vbq
