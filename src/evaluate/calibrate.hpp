// Calibration: the factors of compensated assignment, from the network as trained on the search's images.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "evaluate/problem.hpp"
#include "vbq/calibration.hpp"

namespace vbq {

// Layers of the problem that need a factor: all quantised ones under compensated assignment, else none.
std::vector<int> layers_to_calibrate(const Problem& problem);

// The factors of these layers, which are some of them, from the search images, in order, on the problem's engine (with
// these options). Depends on the problem and the kind of engine alone, not on threads nor on which layers are asked
// for.
std::vector<LayerFactor> calibrate(const Problem& problem, std::span<const int> layers, const EngineOptions& options);

// What becomes of activations under the problem's format, from up to kActivationImages of the search images, evenly
// spaced; none where they stay FP32. Depends on the problem and the kind of engine alone.
inline constexpr std::int64_t kActivationImages = 256;
ActivationRanges calibrate_activations(const Problem& problem);

// Bytes that it takes at its largest, what it has made included, the engine too.
std::int64_t calibration_bytes(const Problem& problem, std::span<const int> layers, const EngineOptions& options);

// engine_identity() of what calibrate() runs the network on, in this process: the kind that was used, which is not
// always the kind that was asked for, and its instruction set.
std::string calibration_engine(const Problem& problem);

// What the factors depend on, as 32 hexadecimal digits: the network, its quantised layers, the images, and the engine
// (calibration_engine() of a rank that calibrates).
std::string calibration_key(const Problem& problem, const std::string& engine);

}  // namespace vbq
