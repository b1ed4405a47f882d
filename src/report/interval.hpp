// How sure a measured accuracy is.
#pragma once

#include <cstdint>

namespace vbq {

struct Interval {
  double low = 0, high = 100;  // percent
};

// 95 % interval of a share of which k of n were seen (Wilson, JASA 22, 1927; z = 1.959964), in percent. It stays inside
// 0..100 and is right for shares near its ends, where the textbook's normal interval is not. [0, 100] when n is 0.
// Error (internal) unless 0 <= k <= n.
Interval wilson95(std::int64_t k, std::int64_t n);

}  // namespace vbq
