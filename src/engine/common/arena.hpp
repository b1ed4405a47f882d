// Places for arrays that live for some steps only, so that those that do not live together share memory.
#pragma once

#include <cstddef>
#include <span>

namespace vbq {

struct Slot {
  std::size_t bytes = 0;
  int first = 0, last = 0;  // steps, inclusive
  std::size_t offset = 0;   // result
};

// Sets offsets, multiples of `alignment`; returns the bytes needed. Largest first, each at the lowest place that is
// free for as long as it lives.
std::size_t place_slots(std::span<Slot> slots, std::size_t alignment);

}  // namespace vbq
