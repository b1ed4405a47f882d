#include "evaluate/evaluator.hpp"

#include <algorithm>
#include <utility>

namespace vbq {

Evaluator::Answers& Evaluator::answers(ImageSet set, const QuantisedNetwork& network) {
  const NetworkId id = network.id();
  const auto known = std::ranges::find_if(answers_, [&](const Answers& a) { return a.set == set && a.network == id; });
  if (known != answers_.end()) {
    answers_.splice(answers_.begin(), answers_, known);
  } else {
    answers_.push_front({set, id, {}, {}, {}});
    if (answers_.size() > kRememberedAnswers) answers_.pop_back();
  }
  return answers_.front();
}

void Evaluator::find_out(ImageSet set, const QuantisedNetwork& network, Detail detail, Answers& known) {
  Outcome outcome = run(set, network, tells_all() ? Detail::all : detail);
  if (detail != Detail::classes || tells_all()) known.sum = outcome.sum;
  if (!outcome.blocks.empty()) known.blocks = std::move(outcome.blocks);
  if (outcome.classes.empty()) return;
  if (network.as_trained()) {
    classes_as_trained_[static_cast<std::size_t>(set)] = std::move(outcome.classes);
  } else if (set != ImageSet::search || detail == Detail::classes) {
    known.classes = std::move(outcome.classes);
  }
}

Tally Evaluator::score(ImageSet set, const QuantisedNetwork& network) {
  if (keeps_blocks_ && set != ImageSet::search) score_blocks(set, network);
  Answers& known = answers(set, network);
  if (!known.sum) find_out(set, network, Detail::sum, known);
  return *known.sum;
}

std::vector<Tally> Evaluator::score_blocks(ImageSet set, const QuantisedNetwork& network) {
  Answers& known = answers(set, network);
  if (known.blocks.empty()) find_out(set, network, Detail::blocks, known);
  return known.blocks;
}

std::vector<std::int32_t> Evaluator::classify(ImageSet set, const QuantisedNetwork& network) {
  if (network.as_trained()) return classify_as_trained(set);
  Answers& known = answers(set, network);
  if (known.classes.empty()) find_out(set, network, Detail::classes, known);
  return known.classes;
}

std::int64_t Evaluator::not_finite(ImageSet set) {
  return tells_all() ? std::ranges::count(classify_as_trained(set), kNoLabel) : run_not_finite(set);
}

Tally Evaluator::as_trained(ImageSet set) {
  std::optional<Tally>& known = as_trained_[static_cast<std::size_t>(set)];
  if (!known) known = score(set, {});
  return *known;
}

const std::vector<std::int32_t>& Evaluator::classify_as_trained(ImageSet set) {
  std::vector<std::int32_t>& known = classes_as_trained_[static_cast<std::size_t>(set)];
  if (known.empty()) find_out(set, {}, Detail::classes, answers(set, {}));
  return known;
}

}  // namespace vbq
