#include "run/scores.hpp"

#include <utility>

namespace vbq {

Tally search_tally(Evaluator& evaluator, const Scorer& scorer, const QuantisedNetwork& network) {
  const CachedTally* known = scorer.known(network.id());
  return known != nullptr ? known->tally : evaluator.score(ImageSet::search, network);
}

ScoredNetwork scored(const Setup& setup, Evaluator& evaluator, QuantisedNetwork network, const Tally& search) {
  ScoredNetwork result{std::move(network), {}, {}};
  if (!setup.problem.split.validation.empty()) {
    result.validated = evaluator.score_blocks(ImageSet::validation, result.network);
  }
  result.scores.search = search;
  result.scores.held_out = evaluator.score(ImageSet::held_out, result.network);
  for (const Tally& tally : result.validated) result.scores.validation += tally;
  return result;
}

}  // namespace vbq
