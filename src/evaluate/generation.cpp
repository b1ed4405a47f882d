#include "evaluate/generation.hpp"

#include <utility>

namespace vbq {

Generation::Generation(Schedule schedule, std::size_t genomes, Evaluator::Known known, Race* race)
    : schedule_(std::move(schedule)), known_(std::move(known)), evaluated_(genomes), race_(race) {
  if (race_ == nullptr) return;
  detail_ = Detail::images;
  race_->begin(genomes);
  schedule_.run_first(race_->portion());
}

Generation::Generation(Schedule schedule, Detail detail)
    : schedule_(std::move(schedule)), evaluated_(1), detail_(detail) {
  schedule_.all_have_all();
  if (detail_ == Detail::blocks) schedule_.block_by_block();
}

void Generation::made(std::int64_t worker, std::size_t genome, const NetworkId& network, std::int64_t bits) {
  Evaluated& of = evaluated_.at(genome);
  of.network = network;
  of.bits = bits;
  const Tally* known = known_ ? known_(network) : nullptr;
  if (known != nullptr) of.tally = *known;
  const bool run = known == nullptr && first_.try_emplace(network, genome).second;
  schedule_.made(worker, genome, run);
  look();
}

void Generation::ran(std::int64_t worker, std::size_t genome, Range blocks, Outcome outcome, double seconds) {
  evaluated_.at(genome).tally += outcome.sum;
  if (race_ != nullptr) {
    race_->add(genome, blocks.first, outcome.blocks);
  } else if (detail_ != Detail::sum) {
    outcomes_[blocks.first] = std::move(outcome);
  }
  schedule_.ran(worker, genome, blocks.count, seconds);
  look();
}

void Generation::look() {
  while (race_ != nullptr && !race_->whole() && !schedule_.done() && schedule_.rests()) {
    for (const std::size_t genome : race_->look()) schedule_.drop(genome);
    schedule_.run_first(race_->portion());
  }
}

Outcome Generation::outcome() const {
  Outcome all{evaluated_.front().tally};
  for (const auto& [block, part] : outcomes_) {
    all.blocks.insert(all.blocks.end(), part.blocks.begin(), part.blocks.end());
    all.classes.insert(all.classes.end(), part.classes.begin(), part.classes.end());
  }
  return all;
}

std::vector<Evaluated> Generation::result(std::int64_t images) const {
  std::vector<Evaluated> result = evaluated_;
  for (Evaluated& of : result) {
    if (const auto first = first_.find(of.network); first != first_.end()) {
      of.tally = evaluated_[first->second].tally;
      if (race_ != nullptr) of.foretold = race_->foretold(first->second);
    }
    if (of.tally.seen != images && !of.foretold) of.tally = {};
  }
  return result;
}

}  // namespace vbq
