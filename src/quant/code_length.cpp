#include "quant/code_length.hpp"

#include <algorithm>
#include <array>
#include <bit>

namespace vbq {

std::int64_t log2_fixed(std::uint64_t x) {
  constexpr int kBits = 16;
  const int whole = static_cast<int>(std::bit_width(x)) - 1;
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

std::vector<float> code_lengths(std::span<const std::uint8_t> taken, int levels) {
  std::vector<std::uint64_t> counts(static_cast<std::size_t>(levels));
  for (const std::uint8_t level : taken) ++counts.at(level);
  const std::int64_t all = log2_fixed(std::max<std::uint64_t>(1, taken.size()));
  std::vector<float> bits;
  bits.reserve(counts.size());
  for (const std::uint64_t count : counts) {
    bits.push_back(static_cast<float>(all - log2_fixed(std::max<std::uint64_t>(1, count))) / 65536.0F);
  }
  return bits;
}

double entropy_bits(std::span<const std::uint8_t> taken) {
  std::array<std::int64_t, 256> counts{};
  for (const std::uint8_t level : taken) ++counts[level];
  const std::int64_t all = log2_fixed(std::max<std::uint64_t>(1, taken.size()));
  std::int64_t sum = 0;
  for (const std::int64_t count : counts) {
    if (count > 0) sum += count * (all - log2_fixed(static_cast<std::uint64_t>(count)));
  }
  return static_cast<double>(sum) / 65536.0;
}

}  // namespace vbq
