#include "quant/code_length.hpp"

#include <algorithm>

namespace vbq {

LevelCounts count_levels(std::span<const std::uint8_t> taken) {
  constexpr std::size_t kTables = 4;  // neighbours that have the same level do not wait for each other
  std::array<LevelCounts, kTables> tables{};
  std::size_t i = 0;
  for (; i + kTables <= taken.size(); i += kTables) {
    for (std::size_t t = 0; t < kTables; ++t) ++tables[t][taken[i + t]];
  }
  for (; i < taken.size(); ++i) ++tables[0][taken[i]];
  for (std::size_t t = 1; t < kTables; ++t) {
    for (std::size_t k = 0; k < tables[t].size(); ++k) tables[0][k] += tables[t][k];
  }
  return tables[0];
}

std::vector<float> code_lengths(std::span<const std::uint8_t> taken, int levels) {
  const LevelCounts counts = count_levels(taken);
  const std::int64_t all = log2_fixed(std::max<std::uint64_t>(1, taken.size()));
  std::vector<float> bits;
  bits.reserve(static_cast<std::size_t>(levels));
  for (std::size_t k = 0; k < static_cast<std::size_t>(levels); ++k) {
    const auto count = static_cast<std::uint64_t>(std::max<std::int64_t>(1, counts.at(k)));
    bits.push_back(static_cast<float>(all - log2_fixed(count)) / 65536.0F);
  }
  return bits;
}

double entropy_bits(std::span<const std::uint8_t> taken) {
  const std::int64_t all = log2_fixed(std::max<std::uint64_t>(1, taken.size()));
  std::int64_t sum = 0;
  for (const std::int64_t count : count_levels(taken)) {
    if (count > 0) sum += count * (all - log2_fixed(static_cast<std::uint64_t>(count)));
  }
  return static_cast<double>(sum) / 65536.0;
}

}  // namespace vbq
