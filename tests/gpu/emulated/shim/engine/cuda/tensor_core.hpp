// Stands in for engine cuda's header of the same name: what PTX says there, in C++. Copies are made at once.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>
#include <cstring>

#include "engine/cuda/plan/array.hpp"

namespace vbq::cuda {

struct alignas(16) Octet {
  std::uint32_t words[4];
};
struct Rows {
  std::uint32_t words[4];
};
struct Column {
  std::uint32_t words[2];
};

// Of a word's lower half (0) or upper half (1).
template <typename T>
float number_of(std::uint32_t word, int half) {
  return static_cast<float>(T{static_cast<std::uint16_t>(word >> 16 * half)});
}

inline unsigned lane_of_warp() { return threadIdx.x % 32; }
inline std::uint64_t from_lane(std::uint64_t value, unsigned lane) {
  return emulated::meet_warp(0xffffffffU, value, lane);
}

inline Rows load_rows(const Octet* octet) {
  Rows rows;
  for (unsigned m = 0; m < 4; ++m) {
    const std::uint64_t row = from_lane(reinterpret_cast<std::uintptr_t>(octet), 8 * m + lane_of_warp() / 4);
    rows.words[m] = reinterpret_cast<const Octet*>(row)->words[lane_of_warp() % 4];
  }
  return rows;
}

struct Sums {
  float at[4];
};

template <typename T>
Sums multiply(const Rows& rows, const Column& column, Sums sums, T) {
  const unsigned lane = lane_of_warp(), row = lane / 4 * 4, across = lane % 4 * 8;
  std::uint32_t left[2][8], right[2][8];  // two rows, two columns; two numbers a word
  const auto pair = [](std::uint32_t a, std::uint32_t b) { return a | static_cast<std::uint64_t>(b) << 32; };
  const auto take = [&](std::uint32_t(&to)[8], unsigned k, std::uint64_t words) {
    to[k] = static_cast<std::uint32_t>(words);
    to[k + 4] = static_cast<std::uint32_t>(words >> 32);
  };
  for (unsigned k = 0; k < 4; ++k) {
    for (unsigned r = 0; r < 2; ++r) {
      take(left[r], k, from_lane(pair(rows.words[r], rows.words[r + 2]), row + k));
      take(right[r], k, from_lane(pair(column.words[0], column.words[1]), across + 4 * r + k));
    }
  }
  for (int r = 0; r < 4; ++r) {
    for (int k = 0; k < 16; ++k)
      sums.at[r] += number_of<T>(left[r / 2][k / 2], k % 2) * number_of<T>(right[r % 2][k / 2], k % 2);
  }
  return sums;
}

template <typename T>
std::uint32_t pair_of(float first, float second, T) {
  return T::of(first).bits | static_cast<std::uint32_t>(T::of(second).bits) << 16;
}

template <typename T>
std::uint32_t clamped(std::uint32_t pair, std::uint32_t low, std::uint32_t high, T) {
  const Clamp first{number_of<T>(low, 0), number_of<T>(high, 0)}, second{number_of<T>(low, 1), number_of<T>(high, 1)};
  return pair_of(first(number_of<T>(pair, 0)), second(number_of<T>(pair, 1)), T());
}

inline void copy_later(Octet* to, const void* from, bool there) {
  *to = {};
  if (there) std::memcpy(to, from, sizeof *to);
}
inline void end_group() {}
inline void wait_for_all_groups_but_one() {}

}  // namespace vbq::cuda
