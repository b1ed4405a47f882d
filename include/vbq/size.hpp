// How much a quantised network's weights really take: what "b bits" leaves out.
#pragma once

#include <cstdint>

#include "vbq/format.hpp"
#include "vbq/network.hpp"
#include "vbq/quantised_network.hpp"

namespace vbq {

// Weights, and what quantising adds to the network; what stays as it was beside them is numbers_beside_weights().
struct WeightSize {
  std::int64_t weights = 0;     // of all Conv and Linear layers, quantised or not
  std::int64_t index_bits = 0;  // ceil(log2 n) a weight of a quantised layer, n = levels of its codebook
  double entropy_bits = 0;      // of the same weights, each layer's levels coded at their entropy in that layer
  std::int64_t codebook_bits =
      0;  // 32 a level, 8 where it is int8; a codebook that several layers share is stored once
  // 32 a scale; moment matching makes it one an output channel, its gain multiplied in. Not of layers with a batch norm
  // behind them (batch_norm_behind()), which takes scales and shifts.
  std::int64_t scale_bits = 0;
  std::int64_t shift_bits = 0;       // 32 a shift of moment matching, of layers without a bias: others add it to theirs
  std::int64_t fp32_bits = 0;        // 32 a weight of a layer that is not quantised
  std::int64_t codebook_levels = 0;  // of all codebooks that are stored
  int levels = 0;                    // of the largest codebook

  std::int64_t bits() const { return index_bits + codebook_bits + scale_bits + shift_bits + fp32_bits; }
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

// Error when a layer's node is not one with weights in the network.
WeightSize weight_size(const Network& network, const QuantisedNetwork& quantised);
// Before it is made: of a layer whose weights have no levels yet, as if they took the nearest; all levels are counted,
// taken or not.
WeightSize weight_size(const Network& network, const NetworkFormat& formats);

// All bits of the weights under a coding, rounded up. entropy: the levels at their entropy, and a byte a level for the
// code's table.
std::int64_t coded_bits(const WeightSize& size, Coding coding);

// Weights of all Conv and Linear layers.
std::int64_t weight_count(const Network& network);

// Bits that tell a weight's level among so many: ceil(log2 levels), 0 for one.
std::int64_t fixed_bits(int levels);

// Biases, batch norms and other constants: numbers that a search leaves in FP32, 4 bytes each.
std::int64_t numbers_beside_weights(const Network& network);

}  // namespace vbq
