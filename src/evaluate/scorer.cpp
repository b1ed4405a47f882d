#include "evaluate/scorer.hpp"

#include <optional>
#include <utility>

#include "core/check.hpp"
#include "core/hash.hpp"
#include "core/stop.hpp"

namespace vbq {
namespace {

GenomeId hash_of(const Genome& genome) {
  Hasher hasher;
  for (const Chromosome& genes : genome.chromosomes) hasher.array(std::span(genes));
  return hasher.digest();
}

}  // namespace

std::vector<CachedTally> Scorer::tallies(std::span<const Genome> genomes) {
  std::vector<GenomeId> hashes;
  std::vector<Genome> unknown;
  std::vector<std::size_t> unknown_at;
  for (const Genome& genome : genomes) {
    hashes.push_back(hash_of(genome));
    const auto network = network_of_.find(hashes.back());
    if (network != network_of_.end() && places_.contains(network->second)) continue;
    if (offered_.contains(hashes.back())) continue;
    unknown_at.push_back(hashes.size() - 1);
    unknown.push_back(genome);
  }

  std::vector<std::optional<CachedTally>> found(genomes.size());
  for (std::size_t i = 0; i < genomes.size(); ++i) {
    if (const auto known = offered_.find(hashes[i]); known != offered_.end()) found[i] = known->second;
  }
  if (!unknown.empty()) {
    const std::vector<Evaluated> evaluated = evaluator_->evaluate(unknown, [&](const NetworkId& id) -> const Tally* {
      if (const CachedTally* one = known(id)) return &one->tally;
      const auto other = offered_networks_.find(id);
      return other == offered_networks_.end() ? nullptr : &other->second.tally;
    });
    for (std::size_t i = 0; i < unknown.size(); ++i) {
      if (evaluated[i].tally.seen == 0) continue;
      found[unknown_at[i]] = {evaluated[i].network, evaluated[i].tally, evaluated[i].bits};
    }
  }
  // In the order of the batch, whatever the order in which they were run.
  for (std::size_t i = 0; i < genomes.size(); ++i) {
    if (found[i]) keep(hashes[i], *found[i]);
  }

  std::vector<CachedTally> result;
  result.reserve(genomes.size());
  for (const GenomeId& hash : hashes) {
    const auto network = network_of_.find(hash);
    if (network == network_of_.end() || !places_.contains(network->second)) throw Stopped();
    result.push_back(cache_[places_.at(network->second)]);
  }
  return result;
}

void Scorer::keep(const GenomeId& genome, const CachedTally& scored) {
  network_of_[genome] = scored.network;
  if (!places_.try_emplace(scored.network, cache_.size()).second) return;
  cache_.push_back(scored);
  ++evaluations_;
  if (offered_networks_.contains(scored.network)) {
    ++from_others_;
  } else {
    images_ += scored.tally.seen;
  }
}

void Scorer::offer(std::span<const ScoredGenome> known) {
  for (const ScoredGenome& one : known) {
    offered_.insert_or_assign(one.genome, one.scored);
    offered_networks_.insert_or_assign(one.scored.network, one.scored);
  }
}

std::vector<ScoredGenome> Scorer::scored() const {
  std::vector<ScoredGenome> all;
  for (const auto& [genome, network] : network_of_) {
    if (const CachedTally* one = known(network)) all.push_back({genome, *one});
  }
  return all;
}

void Scorer::restore(std::vector<CachedTally> cache, std::int64_t evaluations, std::int64_t images) {
  if (evaluations < 0 || images < 0) {
    fail("the evaluation cache counts {} evaluations and {} images: neither below 0 was expected", evaluations, images);
  }
  Places places;
  for (std::size_t i = 0; i < cache.size(); ++i) {
    if (!places.try_emplace(cache[i].network, i).second) {
      fail("the evaluation cache holds network {:016x}{:016x} twice: each once was expected", cache[i].network[0],
           cache[i].network[1]);
    }
  }
  cache_ = std::move(cache);
  places_ = std::move(places);
  network_of_.clear();
  evaluations_ = evaluations;
  images_ = images;
}

}  // namespace vbq
