// Scorer: an evaluator that never runs the same network twice.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "evaluate/evaluator.hpp"
#include "search/run_state.hpp"

namespace vbq {

// A candidate of a race.
struct Raced {
  CachedTally scored;
  std::optional<double> foretold;  // that was dropped: see Race::foretold()
};

// The cache is keyed by the quantised network, not by the genome: many genomes give the same one.
class Scorer {
 public:
  // The evaluator stays the caller's and must outlive the scorer.
  explicit Scorer(Evaluator& evaluator) : evaluator_(&evaluator) {}

  // Each genome's network with its tally over the search images, in order. Only networks not seen before are run, each
  // once. Stopped when a wish to stop came before all were there; those that are, are in the cache.
  std::vector<CachedTally> tallies(std::span<const Genome> genomes);

  // The same of a generation that races for its survivors: those that the race drops have the tally of a portion, and
  // are not in the cache. Stopped when a wish to stop came before all were done: nothing is kept of them then.
  std::vector<Raced> race(std::span<const Genome> genomes, const RaceRules& rules);
  // Whom the next race compares with: of those raced since, and of those of before, these.
  void keep_raced(std::span<const Individual> survivors);
  const std::vector<RacedSurvivor>& raced() const { return raced_; }
  // Error where one has not so many images.
  void restore_raced(std::vector<RacedSurvivor> raced, std::size_t images);

  // Of a network that was run; nullptr: it was not.
  const CachedTally* known(const NetworkId& network) const {
    const auto place = places_.find(network);
    return place == places_.end() ? nullptr : &cache_[place->second];
  }

  // What other runs have found of genomes under the same settings: it is believed, and those are not made or run again.
  void offer(std::span<const ScoredGenome> known);
  // Genomes that were asked for since this was made, in no order.
  std::vector<ScoredGenome> scored() const;

  std::int64_t evaluations() const { return evaluations_; }  // networks scored: run, or known from other runs
  std::int64_t images() const { return images_; }            // images really inferred
  std::int64_t from_others() const { return from_others_; }  // evaluations that were known from other runs

  // In order of first evaluation; together with the two counts, what a checkpoint keeps.
  const std::vector<CachedTally>& cache() const { return cache_; }
  // Replaces cache and counts. Error when a network is there twice or a count is negative.
  void restore(std::vector<CachedTally> cache, std::int64_t evaluations, std::int64_t images);

 private:
  struct FirstWord {
    std::size_t operator()(const NetworkId& id) const { return static_cast<std::size_t>(id[0]); }
  };
  using Places = std::unordered_map<NetworkId, std::size_t, FirstWord>;

  void keep(const GenomeId& genome, const CachedTally& scored);

  Evaluator* evaluator_;
  std::vector<CachedTally> cache_;
  Places places_;  // network -> index in cache_
  // Of genomes that were asked for: their network, so that it need not be made again to be known. By the genome's hash.
  std::unordered_map<GenomeId, NetworkId, FirstWord> network_of_;
  std::unordered_map<GenomeId, CachedTally, FirstWord> offered_;  // by genome
  std::unordered_map<NetworkId, CachedTally, FirstWord> offered_networks_;
  std::vector<RacedSurvivor> raced_;
  std::int64_t evaluations_ = 0, images_ = 0, from_others_ = 0;
};

}  // namespace vbq
