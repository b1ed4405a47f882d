// Compensated assignment of a network's layers: by the engine's device, or else on the host.
#pragma once

#include <memory>

#include "vbq/engine.hpp"
#include "vbq/network.hpp"

namespace vbq {

// Whether telling a level has a price (LayerFormat::rate).
enum class LevelPrice { none, rate };

// The engine's own, where it offers one and levels have no price, which devices do not know yet; else
// assign_compensated() on its threads. network (as trained) and engine outlive it. Error as check_calibration().
std::unique_ptr<Compensator> make_compensator(const Network& network, Engine& engine,
                                              std::shared_ptr<const Calibration> calibration, LevelPrice price);

// Error (internal) where it has none.
const LayerFactor& factor_of(const Calibration& calibration, int node);

// Error when a factor is not one of the network's, its blocks leave a weight out or have one twice, or a weight of its
// layer is not finite.
void check_calibration(const Network& network, const Calibration& calibration);

}  // namespace vbq
