#include "evaluate/local_evaluator.hpp"

#include <utility>

#include "evaluate/memory.hpp"

namespace vbq {

std::vector<Fingerprint> LocalEvaluator::fingerprints(std::span<const Genome> genomes) {
  std::vector<Fingerprint> slots(genomes.size());
  bench_.fingerprints(genomes, slots);
  return slots;
}

std::vector<Tally> LocalEvaluator::tallies(std::span<const Genome> genomes) {
  std::vector<Tally> cells(genomes.size());
  bench_.tallies(genomes, {}, cells);
  keep_whole(cells, bench_.problem().split.search.size());
  return cells;
}

std::unique_ptr<LocalEvaluator> make_local_evaluator(Problem problem) {
  check_memory(worker_memory(problem, {}), 1);
  return std::make_unique<LocalEvaluator>(std::move(problem));
}

}  // namespace vbq
