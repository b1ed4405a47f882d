// The evaluation matrix, genomes x blocks of images, and how it is cut over workers. Pure functions.
//
// A worker's range of blocks is fixed for the whole run, so that it loads its images once; how many genomes there are
// may differ from call to call (a generation asks for its new individuals only).
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

// A grid of genome groups x block groups; worker w has genome group w / block_groups and block group w % block_groups.
// Workers beyond the grid stay idle.
struct Cut {
  std::int64_t blocks = 0;
  std::int64_t genome_groups = 1, block_groups = 1;
};

// workers <= blocks: every worker has all genomes and its own run of blocks, unless a grid makes the largest rectangle
// smaller by a sixth or more. A grid, and always so for more workers: genomes are split too, by the one that minimises
// the largest rectangle, ceil(genomes / genome_groups) * ceil(blocks / block_groups); of equal ones that with the
// smallest shard, then that with the fewest workers. genomes: how many a call usually has (the population). Where there
// are more workers than cells, some stay idle.
Cut cut_matrix(std::int64_t workers, std::int64_t genomes, std::int64_t blocks);

// Error when there are more workers than cells: in a search, which lasts, that is a mistake.
void check_workers(std::int64_t workers, std::int64_t genomes, std::int64_t blocks);

// Rows and columns of worker w; empty for an idle one. `genomes`: of this call.
Range genome_range(const Cut& cut, std::int64_t worker, std::int64_t genomes);
Range block_range(const Cut& cut, std::int64_t worker);

}  // namespace vbq
