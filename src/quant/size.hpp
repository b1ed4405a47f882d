// How much a quantised network's weights really take: what "b bits" leaves out.
#pragma once

#include <cstdint>

#include "vbq/format.hpp"
#include "vbq/network.hpp"

namespace vbq {

// Weights only: biases and batch norm are not counted.
struct WeightSize {
  std::int64_t weights = 0;        // of all Conv and Linear layers, quantised or not
  std::int64_t index_bits = 0;     // ceil(log2 n) a weight of a quantised layer, n = levels of its codebook
  double entropy_bits = 0;         // of the same weights, each layer's levels coded at their entropy in that layer
  std::int64_t codebook_bits = 0;  // 32 a level; a codebook that several layers share is stored once
  std::int64_t scale_bits = 0;     // 32 a scale
  std::int64_t fp32_bits = 0;      // 32 a weight of a layer that is not quantised
  int levels = 0;                  // of the largest codebook

  std::int64_t bits() const { return index_bits + codebook_bits + scale_bits + fp32_bits; }
  std::int64_t bytes() const { return (bits() + 7) / 8; }
  double bits_per_weight() const {
    return weights == 0 ? 0.0 : static_cast<double>(bits()) / static_cast<double>(weights);
  }
  // With entropy_bits in the place of index_bits; the code's own table is not counted.
  double entropy_bits_per_weight() const {
    return weights == 0 ? 0.0
                        : (static_cast<double>(bits() - index_bits) + entropy_bits) / static_cast<double>(weights);
  }
};

// Error when a format's node is not a layer with weights.
WeightSize weight_size(const Network& network, const NetworkFormat& formats);

}  // namespace vbq
