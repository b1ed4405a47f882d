#include "evaluate/partition.hpp"

#include <algorithm>

namespace vbq {

Range part_of(std::int64_t total, std::int64_t parts, std::int64_t index) {
  const std::int64_t small = total / parts, larger = total % parts;
  return {index * small + std::min(index, larger), small + (index < larger ? 1 : 0)};
}

Range Partition::piece_of(std::int64_t worker, std::int64_t block) const {
  const Range own = part(part_of_worker(worker));
  const std::int64_t first = own.first + (block - own.first) / piece * piece;
  return {first, std::min(piece, own.end() - first)};
}

}  // namespace vbq
