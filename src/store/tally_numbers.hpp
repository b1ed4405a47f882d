// Tallies in an array of HDF5: int64, seen, top1, top5, loss, divergence of one after the other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "vbq/tally.hpp"

namespace vbq::hdf5 {

inline constexpr std::size_t kTallyNumbers = 5;

inline void append(std::vector<std::int64_t>& numbers, const Tally& t) {
  numbers.insert(numbers.end(), {t.seen, t.top1, t.top5, t.loss, t.divergence});
}

// numbers holds more than `index` of them.
inline Tally tally_at(const std::vector<std::int64_t>& numbers, std::size_t index) {
  const std::int64_t* t = numbers.data() + kTallyNumbers * index;
  return {t[0], t[1], t[2], t[3], t[4]};
}

}  // namespace vbq::hdf5
