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

Tally Evaluator::score(ImageSet set, const QuantisedNetwork& network) {
  // Whoever asks for candidates over the search's images remembers them by itself.
  if (set == ImageSet::search) return run(set, network, Detail::sum).sum;
  if (keeps_blocks_) score_blocks(set, network);
  Answers& known = answers(set, network);
  if (!known.sum) known.sum = run(set, network, Detail::sum).sum;
  return *known.sum;
}

std::vector<Tally> Evaluator::score_blocks(ImageSet set, const QuantisedNetwork& network) {
  Answers& known = answers(set, network);
  if (known.blocks.empty()) {
    Outcome outcome = run(set, network, Detail::blocks);
    known.blocks = std::move(outcome.blocks);
    known.sum = outcome.sum;
  }
  return known.blocks;
}

std::vector<std::int32_t> Evaluator::classify(ImageSet set, const QuantisedNetwork& network) {
  Answers& known = answers(set, network);
  if (known.classes.empty()) known.classes = run(set, network, Detail::classes).classes;
  return known.classes;
}

Tally Evaluator::as_trained(ImageSet set) {
  std::optional<Tally>& known = as_trained_[static_cast<std::size_t>(set)];
  if (!known) known = score(set, {});
  return *known;
}

const std::vector<std::int32_t>& Evaluator::classify_as_trained(ImageSet set) {
  std::vector<std::int32_t>& known = classes_as_trained_[static_cast<std::size_t>(set)];
  if (known.empty()) known = classify(set, {});
  return known;
}

}  // namespace vbq
