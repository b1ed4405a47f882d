// Generation: one call of an evaluator in the making: which networks came out, which of them are to be run, and what
// was counted so far. What it comes to is the same in whatever order it is told.
#pragma once

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "evaluate/evaluator.hpp"
#include "evaluate/schedule.hpp"

namespace vbq {

class Generation {
 public:
  // Of `genomes` genomes whose networks are to be made.
  Generation(Schedule schedule, std::size_t genomes, Evaluator::Known known);
  // Of one network that every worker has.
  enum class Detail { sum, blocks, classes };
  Generation(Schedule schedule, Detail detail);

  std::optional<Task> next(std::int64_t worker) { return schedule_.next(worker); }
  void made(std::int64_t worker, std::size_t genome, const NetworkId& network, std::int64_t bits);
  void ran(std::int64_t worker, std::size_t genome, Range blocks, const Tally& tally, double seconds);
  // Of Detail::classes, before ran(): what the blocks' images were taken for. Running them is classifying them then.
  void classified(Range blocks, std::vector<std::int32_t> classes) { classes_[blocks.first] = std::move(classes); }
  bool classifies() const { return detail_ == Detail::classes; }
  bool done() const { return schedule_.done(); }

  // One a genome; tallies that do not hold all `images` are emptied.
  std::vector<Evaluated> result(std::int64_t images) const;
  // Of one network.
  Tally total() const { return evaluated_.front().tally; }
  // Of Detail::blocks: a tally a block, as far as they were run, in the set's order.
  std::vector<Tally> blocks() const;
  // Of Detail::classes: a class an image, likewise.
  std::vector<std::int32_t> classes() const;

 private:
  Schedule schedule_;
  Evaluator::Known known_;
  std::vector<Evaluated> evaluated_;
  Detail detail_ = Detail::sum;
  std::map<std::int64_t, Tally> blocks_;                       // by their place in the set
  std::map<std::int64_t, std::vector<std::int32_t>> classes_;  // by their first block's
  std::map<NetworkId, std::size_t> first_;  // of this call's networks that are run: the genome that stands for it
};

}  // namespace vbq
