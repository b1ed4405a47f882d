#include "evaluate/schedule.hpp"

#include <algorithm>
#include <cmath>

#include "core/check.hpp"

namespace vbq {
namespace {

// A task takes about so long at most, so that a wish to stop is soon heeded and a slow worker holds nobody up for
// longer; and, towards the end, so long at least, so that handing it out costs little beside it.
constexpr double kMostSeconds = 2, kLeastSeconds = 0.02;
// What a network that is handed over is to save at least, of all that a worker infers.
constexpr double kLeastShare = 0.002;

}  // namespace

Schedule::Schedule(Partition partition, std::int64_t workers, std::size_t networks, std::size_t at_once,
                   double hand_over_seconds)
    : partition_(partition),
      workers_(workers),
      at_once_(at_once),
      hand_over_seconds_(hand_over_seconds),
      networks_(networks),
      unfinished_(networks),
      block_seconds_(static_cast<std::size_t>(workers)) {
  if (workers < partition.parts || partition.blocks < 1 || partition.piece < 1 || at_once < 1) {
    fail_internal("{} blocks in {} parts and pieces of {} over {} workers, {} networks at once", partition.blocks,
                  partition.parts, partition.piece, workers, at_once);
  }
  for (Network& network : networks_) {
    network.held.resize(static_cast<std::size_t>(workers));
    network.holders.resize(static_cast<std::size_t>(partition.parts));
    network.taken.resize(static_cast<std::size_t>(partition.parts));
    network.left = partition.blocks;
  }
}

void Schedule::all_have_all() {
  for (Network& network : networks_) {
    network.state = State::made;
    network.held.assign(network.held.size(), true);
  }
  first_waiting_ = networks_.size();
}

std::int64_t Schedule::allowed(std::int64_t part) const {
  const Range own = partition_.part(part);
  return std::clamp<std::int64_t>(limit_ - own.first, 0, own.count);
}

std::int64_t Schedule::free_blocks(const Network& network, std::int64_t part) const {
  if (network.state != State::made) return 0;
  return allowed(part) - network.taken[static_cast<std::size_t>(part)];
}

bool Schedule::rests() const {
  const std::int64_t beyond = std::max<std::int64_t>(0, partition_.blocks - limit_);
  return std::ranges::all_of(networks_, [&](const Network& network) {
    return network.state == State::finished || (network.state == State::made && network.left == beyond);
  });
}

void Schedule::drop(std::size_t number) {
  Network& network = networks_.at(number);
  if (network.state != State::made) fail_internal("network {} was dropped while it was not run", number);
  network.state = State::finished;
  --unfinished_;
}

std::int64_t Schedule::workers_a_network(std::int64_t part) const {
  std::int64_t active = 0;
  for (const Network& network : networks_) {
    const bool to_be_run = network.state == State::waiting || network.state == State::making;
    if (to_be_run || free_blocks(network, part) > 0) ++active;
  }
  const std::int64_t workers = (workers_ - part + partition_.parts - 1) / partition_.parts;
  return (workers + active - 1) / std::max<std::int64_t>(1, active);
}

double Schedule::seconds_of(std::int64_t worker) const {
  const double seconds = block_seconds_[static_cast<std::size_t>(worker)];
  return seconds == 0 ? any_block_seconds_ : seconds;
}

// Blocks that take t seconds together and are shared by h workers of a part are run t / h - t / (h + 1) sooner by one
// more. That is to be as long as handing over takes, and to be felt: a five-hundredth of what all is to a worker. The
// first of a part has no choice.
bool Schedule::worth_handing_over(const Network& network, std::int64_t worker, std::int64_t part) const {
  const double block = seconds_of(worker), seconds = block * static_cast<double>(free_blocks(network, part));
  const auto holders = static_cast<double>(network.holders[static_cast<std::size_t>(part)]);
  const double all = block * static_cast<double>(partition_.blocks) * static_cast<double>(networks_.size());
  const double least = std::max(hand_over_seconds_, kLeastShare * all / static_cast<double>(workers_));
  return seconds == 0 || holders == 0 || seconds >= least * holders * (holders + 1);
}

void Schedule::hold(std::int64_t worker, Network& network) {
  network.held[static_cast<std::size_t>(worker)] = true;
  ++network.holders[static_cast<std::size_t>(partition_.part_of_worker(worker))];
}

std::optional<Task> Schedule::next(std::int64_t worker) {
  const std::int64_t part = partition_.part_of_worker(worker);
  const std::int64_t fair = workers_a_network(part);
  const auto w = static_cast<std::size_t>(worker);
  std::size_t other = networks_.size();
  std::int64_t most = 0;
  for (std::size_t n = 0; n < first_waiting_; ++n) {
    const std::int64_t free = free_blocks(networks_[n], part);
    if (free == 0) continue;
    if (networks_[n].held[w]) return run_next(worker, n);
    const bool few = networks_[n].holders[static_cast<std::size_t>(part)] < fair;
    if (free > most && few && worth_handing_over(networks_[n], worker, part)) {
      most = free;
      other = n;
    }
  }
  if (first_waiting_ < networks_.size()) {
    const std::size_t waiting = networks_.size() - first_waiting_;
    // So that all end together; one alone has nobody to wait for.
    const std::size_t share = workers_ == 1 ? waiting : waiting / (2 * static_cast<std::size_t>(workers_));
    Task task{Task::Kind::make, {}, {}, std::nullopt};
    for (std::size_t count = std::clamp<std::size_t>(share, 1, at_once_); count > 0; --count) {
      networks_[first_waiting_].state = State::making;
      networks_[first_waiting_].maker = worker;
      task.networks.push_back(first_waiting_++);
    }
    return task;
  }
  if (other < networks_.size()) return run_next(worker, other);
  return std::nullopt;
}

std::optional<Task> Schedule::run_next(std::int64_t worker, std::size_t number) {
  Network& network = networks_[number];
  const std::int64_t part = partition_.part_of_worker(worker);
  std::int64_t& taken = network.taken[static_cast<std::size_t>(part)];
  const std::int64_t first = partition_.part(part).first + taken;
  // A task stays within a piece.
  const std::int64_t loaded = partition_.piece_of(worker, first).end() - first;
  const std::int64_t count = std::min({loaded, most_blocks_, portion(worker, part, free_blocks(network, part))});
  taken += count;
  Task task{Task::Kind::run, {number}, {first, count}, std::nullopt};
  if (!network.held[static_cast<std::size_t>(worker)]) {
    task.from = network.maker;
    hold(worker, network);
  }
  return task;
}

// While networks wait to be made, all that is free of one; then less and less, so that all workers end together.
std::int64_t Schedule::portion(std::int64_t worker, std::int64_t part, std::int64_t free) const {
  const double seconds = seconds_of(worker);
  if (seconds == 0) return 1;
  const auto most = std::max<std::int64_t>(1, static_cast<std::int64_t>(kMostSeconds / seconds));
  if (first_waiting_ < networks_.size()) return std::min(free, most);
  const std::int64_t helpers = workers_a_network(part);
  const auto least = static_cast<std::int64_t>(std::ceil(kLeastSeconds / seconds));
  if (workers_ <= partition_.parts) return std::min(free, most);  // nobody else holds this part
  const std::int64_t fair = (free + 2 * helpers - 1) / (2 * helpers);
  return std::min({free, most, std::max(least, fair)});
}

void Schedule::made(std::int64_t worker, std::size_t number, bool run) {
  Network& network = networks_.at(number);
  if (network.state != State::making) fail_internal("network {} was made before it was asked for", number);
  hold(worker, network);
  network.state = run ? State::made : State::finished;
  if (!run) --unfinished_;
}

void Schedule::ran(std::int64_t worker, std::size_t number, std::int64_t blocks, double seconds) {
  Network& network = networks_.at(number);
  network.left -= blocks;
  if (network.left < 0) fail_internal("network {} was run over more blocks than there are", number);
  if (network.left == 0) {
    network.state = State::finished;
    --unfinished_;
  }
  any_block_seconds_ = std::max(1e-9, seconds / static_cast<double>(blocks));
  block_seconds_[static_cast<std::size_t>(worker)] = any_block_seconds_;
}

}  // namespace vbq
