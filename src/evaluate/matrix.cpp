#include "evaluate/matrix.hpp"

#include <algorithm>
#include <optional>
#include <tuple>

#include "core/check.hpp"

namespace vbq {
namespace {

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

}  // namespace

Range part_of(std::int64_t total, std::int64_t parts, std::int64_t index) {
  const std::int64_t small = total / parts, larger = total % parts;
  return {index * small + std::min(index, larger), small + (index < larger ? 1 : 0)};
}

void check_workers(std::int64_t workers, std::int64_t genomes, std::int64_t blocks) {
  if (ceil_div(workers, std::max<std::int64_t>(1, blocks)) <= genomes) return;
  fail(
      "there are more workers than work: {} workers for {} genomes x {} blocks of images; start fewer ranks, or use "
      "smaller blocks or a larger population",
      workers, genomes, blocks);
}

Cut cut_matrix(std::int64_t workers, std::int64_t genomes, std::int64_t blocks) {
  if (workers < 1 || genomes < 1 || blocks < 1) {
    fail_internal("a matrix of {} genomes x {} blocks over {} workers: at least one of each was expected", genomes,
                  blocks, workers);
  }
  workers = std::min(workers, genomes * blocks);  // the others stay idle
  Cut best;
  std::optional<std::tuple<std::int64_t, std::int64_t, std::int64_t>> least;
  for (std::int64_t columns = 1; columns <= std::min(blocks, workers); ++columns) {
    const std::int64_t most = std::min(workers / columns, genomes);
    // Fewest groups that give the same rows a group.
    const std::int64_t rows = ceil_div(genomes, ceil_div(genomes, most));
    const std::int64_t shard = ceil_div(blocks, columns);
    const std::tuple score{ceil_div(genomes, rows) * shard, shard, rows * columns};
    if (!least || score < *least) {
      least = score;
      best = {blocks, rows, columns};
    }
  }
  // All genomes on every worker's own blocks is the least memory, and suits calls of any number of genomes; but where
  // blocks are few for the workers, some would have twice the work of others.
  if (workers <= blocks) {
    const std::int64_t all = genomes * ceil_div(blocks, workers);
    if (6 * std::get<0>(*least) > 5 * all) return {blocks, 1, workers};
  }
  return best;
}

Range genome_range(const Cut& cut, std::int64_t worker, std::int64_t genomes) {
  if (worker >= cut.genome_groups * cut.block_groups) return {};
  return part_of(genomes, cut.genome_groups, worker / cut.block_groups);
}

Range block_range(const Cut& cut, std::int64_t worker) {
  if (worker >= cut.genome_groups * cut.block_groups) return {};
  return part_of(cut.blocks, cut.block_groups, worker % cut.block_groups);
}

}  // namespace vbq
