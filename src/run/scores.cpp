#include "run/scores.hpp"

#include <utility>

namespace vbq {

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
