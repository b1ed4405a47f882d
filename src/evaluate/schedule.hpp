// Schedule: which worker makes and runs what next. Networks are handed out task by task, so that nobody waits while
// there is work; what they come to does not depend on who did it or when, because tallies are integers and a network is
// the same wherever it is made. Pure: no messages, and no clock but the seconds that it is told.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "evaluate/partition.hpp"

namespace vbq {

struct Task {
  enum class Kind { make, run };
  Kind kind = Kind::make;
  std::vector<std::size_t> networks;  // to be made; or the one that is to be run
  Range blocks;                       // run: of the set
  // run: the worker that is to hand the network over first; none: this one has it.
  std::optional<std::int64_t> from;
};

class Schedule {
 public:
  // `at_once`: networks that one task may make together. hand_over_seconds: what handing a network over to another
  // worker costs; who would not save as much for those who have it already, or hardly anything, does not get it.
  Schedule(Partition partition, std::int64_t workers, std::size_t networks, std::size_t at_once,
           double hand_over_seconds = 0);

  // From now on a task is one block.
  void block_by_block() { most_blocks_ = 1; }

  // From now on no network is run over blocks beyond the set's first `blocks`, which are no fewer than before.
  void run_first(std::int64_t blocks) { limit_ = blocks; }
  // Whether all networks are made, and those that are not finished have been run over these.
  bool rests() const;
  // Of one that rests: it is not run any further.
  void drop(std::size_t network);

  // Every worker has every network: nothing is to be made.
  void all_have_all();

  // The worker's next task; none where there is nothing for it now. A worker goes on with what it has made, then makes
  // the next, then helps others: not more of them with one network than with another, since each must be handed it.
  std::optional<Task> next(std::int64_t worker);

  // run: whether its blocks are to be run; they are not where its tally is known.
  void made(std::int64_t worker, std::size_t network, bool run);
  void ran(std::int64_t worker, std::size_t network, std::int64_t blocks, double seconds);

  bool done() const { return unfinished_ == 0; }

 private:
  enum class State { waiting, making, made, finished };
  struct Network {
    State state = State::waiting;
    std::int64_t maker = 0;
    std::vector<bool> held;             // by each worker
    std::vector<std::int64_t> holders;  // of each part: workers that hold it
    std::vector<std::int64_t> taken;    // blocks of each part that are handed out, from its first
    std::int64_t left = 0;              // blocks that are not finished
  };

  // Blocks of a part that may be handed out for now.
  std::int64_t allowed(std::int64_t part) const;
  std::int64_t free_blocks(const Network& network, std::int64_t part) const;
  // Workers of a part for each network that they may still share, rounded up.
  std::int64_t workers_a_network(std::int64_t part) const;
  bool worth_handing_over(const Network& network, std::int64_t worker, std::int64_t part) const;
  void hold(std::int64_t worker, Network& network);
  // Of a block, as far as is known: 0 where nothing is.
  double seconds_of(std::int64_t worker) const;
  std::optional<Task> run_next(std::int64_t worker, std::size_t network);
  std::int64_t portion(std::int64_t worker, std::int64_t part, std::int64_t free) const;

  Partition partition_;
  std::int64_t workers_;
  std::size_t at_once_;
  double hand_over_seconds_;
  std::int64_t most_blocks_ = std::numeric_limits<std::int64_t>::max();  // in a task
  std::int64_t limit_ = std::numeric_limits<std::int64_t>::max();        // blocks of the set, for now
  std::vector<Network> networks_;
  std::size_t first_waiting_ = 0;      // networks before it are made or being made
  std::size_t unfinished_ = 0;         // networks
  std::vector<double> block_seconds_;  // of each worker, as it was last; 0: not known yet
  double any_block_seconds_ = 0;       // of whoever told last
};

}  // namespace vbq
