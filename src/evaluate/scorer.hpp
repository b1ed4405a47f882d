// Scorer: an evaluator that never runs the same network twice.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "evaluate/evaluator.hpp"
#include "search/run_state.hpp"

namespace vbq {

// The cache is keyed by the quantised network, not by the genome: many genomes give the same one.
class Scorer {
 public:
  // The evaluator stays the caller's and must outlive the scorer.
  explicit Scorer(Evaluator& evaluator) : evaluator_(&evaluator) {}

  // Each genome's network with its tally over the search images, in order. Only networks not seen before are run, each
  // once. Stopped when a wish to stop came before all were there; those that are, are in the cache.
  std::vector<CachedTally> tallies(std::span<const Genome> genomes);

  // Of a network that was run; nullptr: it was not.
  const CachedTally* known(const NetworkId& network) const {
    const auto place = places_.find(network);
    return place == places_.end() ? nullptr : &cache_[place->second];
  }

  std::int64_t evaluations() const { return evaluations_; }  // networks really run
  std::int64_t images() const { return images_; }            // images really inferred

  // In order of first evaluation; together with the two counts, what a checkpoint keeps.
  const std::vector<CachedTally>& cache() const { return cache_; }
  // Replaces cache and counts. Error when a network is there twice or a count is negative.
  void restore(std::vector<CachedTally> cache, std::int64_t evaluations, std::int64_t images);

 private:
  struct FirstWord {
    std::size_t operator()(const NetworkId& id) const { return static_cast<std::size_t>(id[0]); }
  };
  using Places = std::unordered_map<NetworkId, std::size_t, FirstWord>;

  Evaluator* evaluator_;
  std::vector<CachedTally> cache_;
  Places places_;  // network -> index in cache_
  // Of genomes that were asked for: their network, so that it need not be made again to be known. By the genome's hash.
  std::unordered_map<NetworkId, NetworkId, FirstWord> network_of_;
  std::int64_t evaluations_ = 0, images_ = 0;
};

}  // namespace vbq
