#include "engine/cpu/batch.hpp"

#include <algorithm>

namespace vbq::cpu {

std::int64_t micro_batch(const Network& network, std::int64_t block) {
  // The largest value of a micro-batch should stay near the core.
  constexpr std::int64_t kBytes = 1 << 20;
  std::int64_t largest = 1;
  for (const Shape& s : network.shapes)
    largest = std::max(largest, elements(s) * static_cast<std::int64_t>(sizeof(float)));
  const std::int64_t target = std::clamp<std::int64_t>(kBytes / largest, 1, block);
  // Of the sizes down to half of it, the one that pads a block least; of those, the largest.
  std::int64_t best = target;
  const auto padded = [&](std::int64_t m) { return (block + m - 1) / m * m; };
  for (std::int64_t m = target; 2 * m > target; --m) {
    if (padded(m) < padded(best)) best = m;
  }
  return best;
}

}  // namespace vbq::cpu
