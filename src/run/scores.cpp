#include "run/scores.hpp"

#include <utility>

namespace vbq {

ScoredNetwork scored(const Setup& setup, Evaluator& evaluator, const Scorer& scorer, QuantisedNetwork network) {
  ScoredNetwork result{std::move(network), {}, {}};
  if (!setup.problem.split.validation.empty()) {
    result.validated = evaluator.score_blocks(ImageSet::validation, result.network);
  }
  const CachedTally* known = scorer.known(result.network.id());
  result.scores.search = known != nullptr ? known->tally : evaluator.score(ImageSet::search, result.network);
  result.scores.held_out = evaluator.score(ImageSet::held_out, result.network);
  for (const Tally& tally : result.validated) result.scores.validation += tally;
  return result;
}

}  // namespace vbq
