// Generation: one call of an evaluator in the making: which networks came out, which of them are to be run, and what
// was counted so far. What it comes to is the same in whatever order it is told.
#pragma once

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "evaluate/detail.hpp"
#include "evaluate/evaluator.hpp"
#include "evaluate/schedule.hpp"

namespace vbq {

class Generation {
 public:
  // Of `genomes` genomes whose networks are to be made; race: that begins anew with them and drops some, or nullptr. It
  // outlives this.
  Generation(Schedule schedule, std::size_t genomes, Evaluator::Known known, Race* race);
  // Of one network that every worker has, over a set.
  Generation(Schedule schedule, Detail detail);

  std::optional<Task> next(std::int64_t worker) { return schedule_.next(worker); }
  void made(std::int64_t worker, std::size_t genome, const NetworkId& network, std::int64_t bits);
  void ran(std::int64_t worker, std::size_t genome, Range blocks, Outcome outcome, double seconds);
  // Of each task that runs a network.
  Detail detail() const { return detail_; }
  bool done() const { return schedule_.done(); }

  // One a genome; tallies that do not hold all `images` are emptied, but of those that were dropped.
  std::vector<Evaluated> result(std::int64_t images) const;
  // Of one network: of the whole set, in its order.
  Outcome outcome() const;

 private:
  // When all have been run over the race's portion: some are dropped, and the portion grows.
  void look();

  Schedule schedule_;
  Evaluator::Known known_;
  std::vector<Evaluated> evaluated_;
  Race* race_ = nullptr;
  Detail detail_ = Detail::sum;
  std::map<std::int64_t, Outcome> outcomes_;  // of more than a sum, by their first block's place in the set
  std::map<NetworkId, std::size_t> first_;    // of this call's networks that are run: the genome that stands for it
};

}  // namespace vbq
