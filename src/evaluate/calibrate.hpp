// Calibration: the factors of compensated assignment, from the network as trained on the search's images.
#pragma once

#include <string>
#include <vector>

#include "evaluate/problem.hpp"
#include "vbq/calibration.hpp"

namespace vbq {

// Positions of a layer's input that H is estimated from, over all images.
inline constexpr std::int64_t kCalibrationPositions = 40'000;

// Layers of the problem that need a factor: all quantised ones under compensated assignment, else none.
std::vector<int> layers_to_calibrate(const Problem& problem);

// One layer's factor: the network up to the layer's input is run over the search images in order, on the problem's
// engine (with these options), in batches of a block. Depends on the problem and the kind of engine alone, not on
// threads.
LayerFactor calibrate_layer(const Problem& problem, int node, const EngineOptions& options);

// engine_identity() of what calibrate_layer() runs the network on, in this process: the kind that was used, which is
// not always the kind that was asked for, and its instruction set. Empty where no layer needs a run.
std::string calibration_engine(const Problem& problem);

// What the factors depend on, as 32 hexadecimal digits: the network, its quantised layers, the images, and the engine
// (calibration_engine() of a rank that calibrates).
std::string calibration_key(const Problem& problem, const std::string& engine);

}  // namespace vbq
