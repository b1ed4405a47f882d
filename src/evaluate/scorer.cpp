#include "evaluate/scorer.hpp"

#include <algorithm>
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

// All genomes are asked for, also those whose network is known: how many race decides, and after a resume fewer are
// known by their genes.
std::vector<Raced> Scorer::race(std::span<const Genome> genomes, const RaceRules& rules) {
  std::vector<ImageHarms> kept;
  for (const RacedSurvivor& one : raced_) kept.push_back(one.harms);
  Race race(rules, kept);
  const std::vector<Evaluated> evaluated = evaluator_->race(
      genomes,
      [&](const NetworkId& id) -> const Tally* {
        const CachedTally* one = known(id);
        return one == nullptr ? nullptr : &one->tally;
      },
      race);
  if (std::ranges::any_of(evaluated, [](const Evaluated& of) { return of.tally.seen == 0; })) throw Stopped();
  std::vector<Raced> result;
  std::vector<NetworkId> dropped;
  for (std::size_t i = 0; i < genomes.size(); ++i) {
    const Evaluated& of = evaluated[i];
    result.push_back({{of.network, of.tally, of.bits}, of.foretold});
    if (of.foretold) {
      if (std::ranges::find(dropped, of.network) != dropped.end()) continue;
      dropped.push_back(of.network);
      ++evaluations_;
      images_ += of.tally.seen;
      continue;
    }
    const GenomeId genome = hash_of(genomes[i]);
    keep(genome, result.back().scored);
    ImageHarms harms = race.harms(i);
    if (harms.empty()) {  // it has another's network
      const auto same = std::ranges::find(raced_, of.network, &RacedSurvivor::network);
      if (same == raced_.end()) continue;
      harms = same->harms;
    }
    raced_.push_back({genome, of.network, std::move(harms)});
  }
  return result;
}

void Scorer::keep_raced(std::span<const Individual> survivors) {
  std::vector<RacedSurvivor> kept;
  for (const Individual& one : survivors) {
    const auto found = std::ranges::find(raced_, hash_of(one.genome), &RacedSurvivor::genome);
    if (found != raced_.end()) kept.push_back(*found);
  }
  raced_ = std::move(kept);
}

void Scorer::restore_raced(std::vector<RacedSurvivor> raced, std::size_t images) {
  for (const RacedSurvivor& one : raced) {
    if (one.harms.size() != images) {
      fail("a survivor of a saved race has {} images; expected the search's {}", one.harms.size(), images);
    }
  }
  raced_ = std::move(raced);
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
