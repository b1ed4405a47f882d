// What all calls of a ClusterEvaluator have in common: orders, answers, and a rank that is lost in the middle.
#include <algorithm>
#include <exception>
#include <optional>
#include <utility>

#include "cluster/agree.hpp"
#include "cluster/cluster_evaluator.hpp"
#include "cluster/heartbeat.hpp"
#include "cluster/messages.hpp"
#include "core/check.hpp"
#include "core/log.hpp"

namespace vbq {

using protocol::Answer;
using protocol::Op;
using protocol::Order;

void ClusterEvaluator::in_step(const std::function<void()>& body) {
  if (!working_) fail_internal("the workers have been sent home: no evaluation was expected after stop()");
  std::optional<LostRank> lost;
  for (bool done = false; !done;) {
    try {
      if (lost) go_on_without(*std::exchange(lost, std::nullopt));
      ++call_;
      body();
      done = true;
    } catch (const LostRank& rank) {
      const bool one_of_us = std::ranges::find(workers_, rank.loss().rank, &WorkerInfo::rank) != workers_.end();
      if (!world_->goes_on() || rank.loss().said || !one_of_us || workers_.size() == 1) {
        working_ = false;  // the caller may have something to save, and the others wait
        throw;
      }
      lost = rank;
    } catch (const std::exception& error) {
      die(*world_, error.what(), Fault::internal);
    }
  }
}

void ClusterEvaluator::go_on_without(const LostRank& lost) {
  const auto w = std::ranges::find(workers_, lost.loss().rank, &WorkerInfo::rank) - workers_.begin();
  world_->give_up(lost.loss());
  losses_.emplace_back(lost.what());
  workers_.erase(workers_.begin() + w);
  ahead_.erase(ahead_.begin() + w);
  given_.erase(given_.begin() + w);
  log::warning("{}; {}", lost.what(),
               workers_.size() == 1 ? "one worker is left, which goes on"
                                    : fmt::format("{} workers are left, which go on", workers_.size()));
  for (std::size_t i = 0; i < workers_.size(); ++i) order(i, {Op::place, {i, workers_.size()}, {}, {}, {}, -1});
}

std::pair<std::size_t, Answer> ClusterEvaluator::answer() {
  for (;;) {
    const Message message = world_->receive();
    auto said = unpack<Answer>(message.bytes);
    const auto worker = std::ranges::find(workers_, message.from, &WorkerInfo::rank);
    if (worker != workers_.end() && said.call == call_) {
      return {static_cast<std::size_t>(worker - workers_.begin()), std::move(said)};
    }
  }
}

void ClusterEvaluator::order(std::size_t worker, Order order) {
  order.call = call_;
  std::string bytes = pack(order);
  traffic_.bytes_sent += static_cast<std::int64_t>(bytes.size());
  world_->send(workers_[worker].rank, std::move(bytes));
}

void ClusterEvaluator::order_all(const Order& what) {
  for (std::size_t w = 0; w < workers_.size(); ++w) order(w, what);
}

void ClusterEvaluator::begin(std::size_t networks) {
  first_number_ = next_number_;
  next_number_ += networks;
  order_all({Op::begin, {first_number_}, {}, {}, {}, -1});
}

}  // namespace vbq
