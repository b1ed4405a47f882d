#include "evaluate/scorer.hpp"

#include <array>
#include <utility>

#include "core/check.hpp"
#include "core/hash.hpp"
#include "core/stop.hpp"

namespace vbq {
namespace {

std::array<std::uint64_t, 2> hash_of(const Genome& genome) {
  Hasher hasher;
  for (const Chromosome& genes : genome.chromosomes) hasher.array(std::span(genes));
  return hasher.digest();
}

}  // namespace

std::vector<CachedTally> Scorer::tallies(std::span<const Genome> genomes) {
  std::vector<std::array<std::uint64_t, 2>> hashes;
  std::vector<Genome> unknown;
  std::vector<std::size_t> unknown_at;
  for (const Genome& genome : genomes) {
    hashes.push_back(hash_of(genome));
    const auto network = network_of_.find(hashes.back());
    if (network != network_of_.end() && places_.contains(network->second)) continue;
    unknown_at.push_back(hashes.size() - 1);
    unknown.push_back(genome);
  }

  if (!unknown.empty()) {
    const std::vector<Evaluated> found = evaluator_->evaluate(unknown, [&](const NetworkId& id) -> const Tally* {
      const auto place = places_.find(id);
      return place == places_.end() ? nullptr : &cache_[place->second].tally;
    });
    // In the order of the batch, whatever the order in which they were run.
    bool whole = true;
    for (std::size_t i = 0; i < unknown.size(); ++i) {
      if (found[i].tally.seen == 0) {
        whole = false;
        continue;
      }
      network_of_[hashes[unknown_at[i]]] = found[i].network;
      if (!places_.try_emplace(found[i].network, cache_.size()).second) continue;
      cache_.push_back({found[i].network, found[i].tally, found[i].bits});
      images_ += found[i].tally.seen;
      ++evaluations_;
    }
    if (!whole) throw Stopped();
  }

  std::vector<CachedTally> result;
  result.reserve(genomes.size());
  for (const auto& hash : hashes) result.push_back(cache_[places_.at(network_of_.at(hash))]);
  return result;
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
