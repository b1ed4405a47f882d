// What telling a weight's level costs when all of a layer's are coded together at their first-order entropy: what
// deflate, zstd, arithmetic coding and Arm's weight streams come close to.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace vbq {

// log2(x) in units of 2^-16 bits, rounded down; x >= 1. Integers only, so the same on every machine.
std::int64_t log2_fixed(std::uint64_t x);

// Of each of `levels` levels, -log2 of its share of these weights, in bits; a level that none takes counts as taken
// once.
std::vector<float> code_lengths(std::span<const std::uint8_t> taken, int levels);

// Sum over these weights of -log2 of the share that their level has among them, in bits; a multiple of 2^-16.
double entropy_bits(std::span<const std::uint8_t> taken);

}  // namespace vbq
