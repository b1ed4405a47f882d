// How the blocks of an image set are shared out over workers. Pure functions.
#pragma once

#include <cstdint>

namespace vbq {

// first, first + 1, ..., first + count - 1.
struct Range {
  std::int64_t first = 0, count = 0;
  std::int64_t end() const { return first + count; }
  bool operator==(const Range&) const = default;
};

// The index-th of `parts` contiguous runs that cover 0..total-1 in order; sizes differ by at most one, larger ones
// first.
Range part_of(std::int64_t total, std::int64_t parts, std::int64_t index);

// The blocks are cut into `parts` runs; worker w holds part w % parts, and so do others where there are more workers
// than parts. A part whose pixels are too many for a device is loaded in pieces, one after the other.
struct Partition {
  std::int64_t blocks = 0, parts = 1;
  std::int64_t piece = 0;  // blocks in a piece, at least 1

  std::int64_t part_of_worker(std::int64_t worker) const { return worker % parts; }
  Range part(std::int64_t index) const { return part_of(blocks, parts, index); }
  // The piece of this worker's part that holds the block.
  Range piece_of(std::int64_t worker, std::int64_t block) const;
};

}  // namespace vbq
