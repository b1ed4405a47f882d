#include "quant/code_length.hpp"

#include <algorithm>
#include <array>

namespace vbq {

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
