#include "evaluate/scorer.hpp"

#include <utility>

#include "core/check.hpp"
#include "core/stop.hpp"

namespace vbq {

std::vector<Tally> Scorer::tallies(std::span<const Genome> genomes) {
  if (genomes.empty()) return {};
  const std::vector<Fingerprint> prints = evaluator_->fingerprints(genomes);

  // New networks, each once, in the order of the batch. Nothing is kept before their tallies are there.
  std::vector<Genome> fresh;
  std::vector<Fingerprint> fresh_prints;
  std::unordered_map<Fingerprint, std::size_t, FirstWord> in_batch;
  for (std::size_t g = 0; g < genomes.size(); ++g) {
    if (places_.contains(prints[g]) || !in_batch.try_emplace(prints[g], fresh.size()).second) continue;
    fresh.push_back(genomes[g]);
    fresh_prints.push_back(prints[g]);
  }
  if (!fresh.empty()) {
    const std::vector<Tally> found = evaluator_->tallies(fresh);
    std::size_t whole = 0;
    for (std::size_t i = 0; i < fresh.size(); ++i) {
      if (found[i].seen == 0) continue;
      ++whole;
      places_.emplace(fresh_prints[i], cache_.size());
      cache_.push_back({fresh_prints[i], found[i]});
      images_ += found[i].seen;
    }
    evaluations_ += static_cast<std::int64_t>(whole);
    if (whole < fresh.size()) throw Stopped();
  }

  std::vector<Tally> result;
  result.reserve(genomes.size());
  for (const Fingerprint& print : prints) result.push_back(cache_[places_.at(print)].tally);
  return result;
}

void Scorer::restore(std::vector<CachedTally> cache, std::int64_t evaluations, std::int64_t images) {
  if (evaluations < 0 || images < 0) {
    fail("the evaluation cache counts {} evaluations and {} images: neither below 0 was expected", evaluations, images);
  }
  std::unordered_map<Fingerprint, std::size_t, FirstWord> places;
  for (std::size_t i = 0; i < cache.size(); ++i) {
    if (!places.try_emplace(cache[i].fingerprint, i).second) {
      fail("the evaluation cache holds network {:016x}{:016x} twice: each once was expected", cache[i].fingerprint[0],
           cache[i].fingerprint[1]);
    }
  }
  cache_ = std::move(cache);
  places_ = std::move(places);
  evaluations_ = evaluations;
  images_ = images;
}

}  // namespace vbq
