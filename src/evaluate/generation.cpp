#include "evaluate/generation.hpp"

#include <utility>

namespace vbq {

Generation::Generation(Schedule schedule, std::size_t genomes, Evaluator::Known known)
    : schedule_(std::move(schedule)), known_(std::move(known)), evaluated_(genomes) {}

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
}

void Generation::ran(std::int64_t worker, std::size_t genome, Range blocks, const Tally& tally, double seconds) {
  evaluated_.at(genome).tally += tally;
  if (detail_ == Detail::blocks) blocks_[blocks.first] = tally;
  schedule_.ran(worker, genome, blocks.count, seconds);
}

std::vector<Tally> Generation::blocks() const {
  std::vector<Tally> tallies;
  tallies.reserve(blocks_.size());
  for (const auto& [block, tally] : blocks_) tallies.push_back(tally);
  return tallies;
}

std::vector<std::int32_t> Generation::classes() const {
  std::vector<std::int32_t> all;
  for (const auto& [block, classes] : classes_) all.insert(all.end(), classes.begin(), classes.end());
  return all;
}

std::vector<Evaluated> Generation::result(std::int64_t images) const {
  std::vector<Evaluated> result = evaluated_;
  for (Evaluated& of : result) {
    if (const auto first = first_.find(of.network); first != first_.end()) of.tally = evaluated_[first->second].tally;
    if (of.tally.seen != images) of.tally = {};
  }
  return result;
}

}  // namespace vbq
