// LayerTarget: what a layer's weights are to come near to, on the inputs that it sees.
#pragma once

#include <cstdint>
#include <vector>

#include "vbq/calibration.hpp"

namespace vbq {

struct LayerTarget {
  std::vector<float> weights;  // [O, ...] row-major
  LayerFactor factor;          // of those inputs
  // That it takes.
  std::int64_t bytes() const {
    std::size_t all = weights.size() * sizeof(float);
    for (const FactorBlock& block : factor.blocks) {
      all += (block.columns.size() + block.feedback.size() + block.diagonal.size()) * sizeof(float) + sizeof block;
    }
    return static_cast<std::int64_t>(all);
  }
};

}  // namespace vbq
