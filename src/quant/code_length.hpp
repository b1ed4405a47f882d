// What telling a weight's level costs when all of a layer's are coded together at their first-order entropy: what
// deflate, zstd, arithmetic coding and Arm's weight streams come close to.
#pragma once

#include <array>
#include <cstdint>
#include <numbers>
#include <span>
#include <vector>

#include "core/both.hpp"

namespace vbq {

// log2(x) in units of 2^-16 bits, rounded down; x >= 1. Integers only, so the same on every machine.
VBQ_BOTH inline std::int64_t log2_fixed(std::uint64_t x) {
  constexpr int kBits = 16;
  int whole = 0;
  while (whole < 63 && x >> (whole + 1) != 0) ++whole;
  // In [1, 2) in units of 2^-31. Squared 16 times: each time that 2 is reached, there is a bit.
  std::uint64_t mantissa = whole >= 31 ? x >> (whole - 31) : x << (31 - whole);
  std::int64_t result = whole;
  for (int i = 0; i < kBits; ++i) {
    mantissa = (mantissa * mantissa) >> 31;
    const bool reached = mantissa >> 32 != 0;
    if (reached) mantissa >>= 1;
    result = 2 * result + (reached ? 1 : 0);
  }
  return result;
}

// How many of these weights have each level.
using LevelCounts = std::array<std::int64_t, 256>;
LevelCounts count_levels(std::span<const std::uint8_t> taken);

// Of each of `levels` levels, -log2 of its share of these weights, in bits; a level that none takes counts as taken
// once.
std::vector<float> code_lengths(std::span<const std::uint8_t> taken, int levels);

// What a bit is worth by the theory of many levels, in squared errors of a weight, times `rate`: entropy falls by a bit
// where the step is halved, and a step's square is twelve times the error. step_square: of the step.
inline double price_of_a_bit(double rate, double step_square) {
  return rate * 2 * std::numbers::ln2 * step_square / 12;
}

// Sum over these weights of -log2 of the share that their level has among them, in bits; a multiple of 2^-16.
double entropy_bits(std::span<const std::uint8_t> taken);

}  // namespace vbq
