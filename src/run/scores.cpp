#include "run/scores.hpp"

#include <cmath>
#include <utility>

namespace vbq {

bool is_tally(const Tally& tally, std::int64_t images) {
  const double most = static_cast<double>(images) * kLossLimit * kLossUnit;
  const auto counts = [&](std::int64_t n) { return n >= 0 && n <= images; };
  const auto nats = [&](std::int64_t n) { return std::abs(static_cast<double>(n)) <= most; };
  return tally.seen == images && counts(tally.top1) && counts(tally.top5) && nats(tally.loss) && nats(tally.divergence);
}

void hash_scoring(Hasher& hasher, const Setup& setup, const std::string& identity) {
  hasher.text(setup.network_hash);
  hasher.text(setup.problem.search_source->info().hash);
  hasher.array(std::span(setup.problem.split.search));
  hasher.text(evaluation_hash(setup.problem));
  hasher.text(identity);
}

Labels labels_of(const Problem& problem, ImageSet set) {
  return source_of(problem, set).info().classes == 0 ? Labels::of_fp32 : Labels::given;
}

Tally search_tally(Evaluator& evaluator, const Scorer& scorer, const QuantisedNetwork& network) {
  const CachedTally* known = scorer.known(network.id());
  return known != nullptr ? known->tally : evaluator.score(ImageSet::search, network);
}

std::vector<Tally> validate(const Setup& setup, Evaluator& evaluator, const QuantisedNetwork& network) {
  if (setup.problem.split.validation.empty()) return {};
  return evaluator.score_blocks(ImageSet::validation, network);
}

ScoredNetwork scored(Evaluator& evaluator, QuantisedNetwork network, const Tally& search,
                     std::vector<Tally> validated) {
  ScoredNetwork result{std::move(network), {}, std::move(validated)};
  result.scores.search = search;
  for (const Tally& block : result.validated) result.scores.validation += block;
  result.scores.held_out = evaluator.score(ImageSet::held_out, result.network);
  return result;
}

}  // namespace vbq
