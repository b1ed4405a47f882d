// A cluster that is made up, under the true Schedule: what a generation takes when making, inferring, sending and
// handling messages take the times given. Workers are as serve.cpp has them: two tasks ahead, answers one by one to a
// master that handles one message at a time, networks from worker to worker between two tasks.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <queue>
#include <tuple>
#include <vector>

#include "evaluate/schedule.hpp"

namespace vbq::bench {

struct Costs {
  double make = 0;            // seconds a network
  double block = 0;           // seconds a block
  double message = 50e-6;     // seconds of rank 0's processor a message
  double latency = 100e-6;    // seconds until a message is seen: the network's, and the pauses of who waits
  double network_bytes = 0;   // of a packed network
  double bandwidth = 1.25e9;  // bytes a second of one worker's link
  std::size_t ahead = 2;      // tasks that a worker is given ahead
};

struct Simulated {
  double seconds = 0;  // of the generation
  double busy = 0;     // seconds of making and inferring, all workers
  std::int64_t handed_over = 0;
};

inline Simulated simulate(Partition partition, std::int64_t workers, std::size_t networks, const Costs& costs) {
  struct Waiting {
    Task task;
    double from;  // not before
  };
  struct State {
    std::deque<Waiting> queue;
    bool works = false;
    double link_free = 0, boundary = 0;  // when its link is free; when the task that it is at ends
  };
  enum class What { done, answered };
  struct Event {
    double when;
    std::int64_t order;
    What what;
    std::int64_t worker;
    Task task;
    bool operator>(const Event& other) const { return std::tie(when, order) > std::tie(other.when, other.order); }
  };
  Schedule schedule(partition, workers, networks, 1,
                    2 * costs.network_bytes / 1.25e9);  // as hand_over_seconds() has it
  std::vector<State> states(static_cast<std::size_t>(workers));
  std::vector<std::size_t> given(states.size());
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events;
  std::int64_t count = 0;
  double master_free = 0;
  Simulated result;

  const auto begin = [&](std::int64_t w, double now) {
    State& state = states[static_cast<std::size_t>(w)];
    if (state.works || state.queue.empty()) return;
    const Waiting next = state.queue.front();
    state.queue.pop_front();
    const double seconds = next.task.kind == Task::Kind::make
                               ? costs.make * static_cast<double>(next.task.networks.size())
                               : costs.block * static_cast<double>(next.task.blocks.count);
    result.busy += seconds;
    state.works = true;
    state.boundary = std::max(now, next.from) + seconds;
    events.push({state.boundary, count++, What::done, w, next.task});
  };
  const auto hand_out = [&](std::int64_t w, std::size_t most, double now) {
    while (given[static_cast<std::size_t>(w)] < most) {
      const auto task = schedule.next(w);
      if (!task) return;
      master_free = std::max(master_free, now) + costs.message;
      double from = master_free + costs.latency;
      if (task->from) {
        ++result.handed_over;
        State& holder = states[static_cast<std::size_t>(*task->from)];
        const double asked = std::max(from, holder.works ? holder.boundary : from);
        holder.link_free = std::max(holder.link_free, asked) + costs.network_bytes / costs.bandwidth;
        from = holder.link_free + costs.latency;
      }
      ++given[static_cast<std::size_t>(w)];
      states[static_cast<std::size_t>(w)].queue.push_back({*task, from});
      begin(w, now);
    }
  };
  for (std::size_t most = 1; most <= costs.ahead; ++most) {
    for (std::int64_t w = 0; w < workers; ++w) hand_out(w, most, 0);
  }
  while (!events.empty()) {
    const Event event = events.top();
    events.pop();
    const auto w = static_cast<std::size_t>(event.worker);
    if (event.what == What::done) {
      states[w].works = false;
      begin(event.worker, event.when);
      events.push({event.when + costs.latency, count++, What::answered, event.worker, event.task});
      continue;
    }
    master_free = std::max(master_free, event.when) + costs.message;
    result.seconds = master_free;
    --given[w];
    for (const std::size_t n : event.task.networks) {
      if (event.task.kind == Task::Kind::make) {
        schedule.made(event.worker, n, true);
      } else {
        schedule.ran(event.worker, n, event.task.blocks.count,
                     costs.block * static_cast<double>(event.task.blocks.count));
      }
    }
    for (std::int64_t other = 0; other < workers; ++other) {
      if (other != event.worker && given[static_cast<std::size_t>(other)] == 0) hand_out(other, 1, master_free);
    }
    hand_out(event.worker, costs.ahead, master_free);
  }
  return result;
}

}  // namespace vbq::bench
