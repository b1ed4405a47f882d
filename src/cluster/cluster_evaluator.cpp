#include "cluster/cluster_evaluator.hpp"

#include <algorithm>
#include <chrono>
#include <deque>
#include <exception>
#include <numeric>
#include <optional>
#include <utility>

#include "cluster/agree.hpp"
#include "cluster/heartbeat.hpp"
#include "cluster/messages.hpp"
#include "cluster/prepare.hpp"
#include "cluster/share_kernels.hpp"
#include "core/check.hpp"
#include "core/stop.hpp"
#include "evaluate/local_evaluator.hpp"
#include "evaluate/watch.hpp"

namespace vbq {

using protocol::Op;
using protocol::Order;

ClusterEvaluator::ClusterEvaluator(Communicator& world, const Problem& problem)
    : world_(&world), problem_(&problem), at_once_(0), exceptions_(std::uncaught_exceptions()) {
  if (world.size() < 2) fail_internal("a cluster evaluator on one rank: at least two were expected");
  kernels_ = share_kernels(world, prepare(world, problem), {});
  const Report mine = agree(world, [&] {
    hand_over_seconds_ = hand_over_seconds(problem.network, problem.format);
    return Report{world.host(), network_hash(problem.network), data_hash(problem), settings_hash(problem), {}, 0};
  });
  const std::vector<Report> reports = agree_on(world, mine);
  world.go_on_where_mpi_does();
  working_ = true;  // from here on, the workers wait for orders
  for (std::size_t rank = 1; rank < reports.size(); ++rank) {
    workers_.push_back({static_cast<int>(rank), reports[rank].host, reports[rank].engine.value_or(EngineInfo{})});
    ahead_.push_back(reports[rank].copies + 1);
  }
  given_.resize(workers_.size());
  at_once_ = made_at_once(problem, problem.format, workers_.front().engine.kind);
}

ClusterEvaluator::~ClusterEvaluator() {
  if (!working_) return;
  try {
    if (std::uncaught_exceptions() > exceptions_) {
      order_all({Op::dismiss, {}, {}, {}, {}, -1});
      world_->flush();
      world_->set_dismissed();
    } else {
      stop();
    }
  } catch (const LostRank& lost) {
    die(*world_, lost);
  } catch (const std::exception& error) {
    die(*world_, error.what(), Fault::internal);
  }
}

void ClusterEvaluator::stop() {
  if (!std::exchange(working_, false)) return;
  order_all({Op::stop, {}, {}, {}, {}, -1});
  world_->flush();
}

void ClusterEvaluator::use(const Format& format) {
  std::optional<Failure> failure;
  in_step([&] {
    for (const Op op : {Op::adopt, Op::prepare}) {
      order_all({op, {}, {}, {}, {}, -1, pack(format)});
      std::vector<std::string> failures(workers_.size());
      for (std::size_t answered = 0; answered < workers_.size(); ++answered) {
        auto [w, said] = answer();
        failures[w] = std::move(said.failure);
      }
      std::vector<int> ranks;
      for (const WorkerInfo& worker : workers_) ranks.push_back(worker.rank);
      failure = verdict_of(failures, ranks);
      if (failure) return;
    }
    at_once_ = made_at_once(*problem_, format, workers_.front().engine.kind);
    hand_over_seconds_ = hand_over_seconds(problem_->network, format);
  });
  if (failure) throw Error(failure->sentence, failure->fault);
}

std::vector<Evaluated> ClusterEvaluator::evaluate(std::span<const Genome> genomes, const Known& known) {
  if (genomes.empty()) return {};
  const std::int64_t images = std::ssize(images_of(*problem_, ImageSet::search));
  std::vector<Evaluated> result(genomes.size());
  std::vector<std::size_t> left(genomes.size());  // places of those that are not finished
  std::iota(left.begin(), left.end(), std::size_t{0});
  std::vector<Genome> asked(genomes.begin(), genomes.end());  // theirs
  std::optional<Generation> generation;
  const auto keep = [&] {
    const std::vector<Evaluated> evaluated = generation->result(images);
    std::vector<std::size_t> still;
    std::vector<Genome> ask;
    for (std::size_t i = 0; i < left.size(); ++i) {
      result[left[i]] = evaluated[i];
      if (evaluated[i].tally.seen == images) continue;
      still.push_back(left[i]);
      ask.push_back(std::move(asked[i]));
    }
    left = std::move(still);
    asked = std::move(ask);
  };
  in_step([&] {
    if (generation) keep();  // what was done before a rank was lost
    const auto workers = static_cast<std::int64_t>(workers_.size());
    generation.emplace(Schedule(partition_of(*problem_, ImageSet::search, workers), workers, asked.size(), at_once_,
                                hand_over_seconds_),
                       asked.size(), known, nullptr);
    begin(asked.size());
    drive(*generation, asked, ImageSet::search);
  });
  keep();
  return result;
}

// Begun anew where a rank was lost: who is dropped depends on all.
std::vector<Evaluated> ClusterEvaluator::race(std::span<const Genome> genomes, const Known& known, Race& race) {
  if (genomes.empty()) return {};
  std::optional<Generation> generation;
  in_step([&] {
    const auto workers = static_cast<std::int64_t>(workers_.size());
    generation.emplace(Schedule(partition_of(*problem_, ImageSet::search, workers), workers, genomes.size(), at_once_,
                                hand_over_seconds_),
                       genomes.size(), known, &race);
    begin(genomes.size());
    drive(*generation, genomes, ImageSet::search);
  });
  return generation->result(std::ssize(images_of(*problem_, ImageSet::search)));
}

Outcome ClusterEvaluator::run(ImageSet set, const QuantisedNetwork& network, Detail detail) {
  images_of(*problem_, set);  // Error where there are no such images, before anybody waits
  std::optional<Generation> generation;
  in_step([&] {
    const auto workers = static_cast<std::int64_t>(workers_.size());
    generation.emplace(Schedule(partition_of(*problem_, set, workers), workers, 1, 1), detail);
    begin(1);
    std::string archive = pack(network);
    if (world_->goes_on()) {  // a worker that waits in a broadcast could not be told that it is off
      order_all({Op::take_part, {first_number_}, {}, {}, {}, -1, std::move(archive)});
    } else {
      order_all({Op::take_part, {first_number_}, {}, {}, {}, -1});
      world_->broadcast(archive);
      traffic_.bytes_sent += static_cast<std::int64_t>(archive.size());
    }
    drive(*generation, {}, set);
  });
  if (!generation->done()) throw Stopped();
  return generation->outcome();
}

std::vector<QuantisedNetwork> ClusterEvaluator::networks(std::span<const Genome> genomes) {
  std::vector<std::optional<QuantisedNetwork>> made(genomes.size());
  in_step([&] {
    std::deque<std::size_t> left;
    for (std::size_t i = 0; i < made.size(); ++i) {
      if (!made[i]) left.push_back(i);
    }
    std::size_t asked = 0;
    const auto hand_out_one = [&](std::size_t w) {
      if (left.empty() || stop_requested()) return;
      order(w, {Op::deliver, {left.front()}, {genomes[left.front()]}, {}, {}, -1});
      left.pop_front();
      ++asked;
    };
    for (std::size_t w = 0; w < workers_.size(); ++w) hand_out_one(w);
    for (std::size_t answered = 0; answered < asked; ++answered) {
      const auto [w, said] = answer();
      made.at(said.numbers.at(0)) = unpack<QuantisedNetwork>(said.network);
      times_.quantise += said.seconds / static_cast<double>(workers_.size());
      hand_out_one(w);
    }
  });
  std::vector<QuantisedNetwork> result;
  for (std::optional<QuantisedNetwork>& network : made) {
    if (!network) throw Stopped();
    result.push_back(*std::move(network));
  }
  return result;
}

std::int64_t ClusterEvaluator::run_not_finite(ImageSet set) {
  std::int64_t images = 0;
  in_step([&] {
    images = 0;
    order_all({Op::not_finite, {}, {}, set, {}, -1});
    for (std::size_t answered = 0; answered < workers_.size(); ++answered) images += answer().second.count;
  });
  return images;
}

void ClusterEvaluator::drive(Generation& generation, std::span<const Genome> genomes, ImageSet set) {
  const auto start = std::chrono::steady_clock::now();
  EvaluatorTimes spent;
  std::ranges::fill(given_, 0);
  // One task for each before anybody has a second, which others might do.
  for (std::int64_t most = 1; most <= std::ranges::max(ahead_); ++most) {
    for (std::size_t w = 0; w < workers_.size(); ++w) hand_out(generation, genomes, set, w, most);
  }
  while (std::ranges::any_of(given_, [](std::int64_t tasks) { return tasks > 0; })) {
    auto [w, said] = answer();
    --given_.at(w);
    tell({static_cast<std::size_t>(workers_[w].rank - 1), said.seconds, std::ssize(said.ids), said.outcome.sum.seen});
    if (said.op == Op::run) {
      spent.inference += said.seconds;
      generation.ran(static_cast<std::int64_t>(w), said.numbers.at(0) - first_number_, said.blocks,
                     std::move(said.outcome), said.seconds);
    } else {
      spent.quantise += said.seconds;
      for (std::size_t i = 0; i < said.ids.size(); ++i) {
        generation.made(static_cast<std::int64_t>(w), said.numbers.at(i) - first_number_, said.ids[i], said.bits.at(i));
      }
    }
    // What has changed may be work for those that have none. They come first, so that a new network is handed over to
    // them before its maker begins to run it.
    for (std::size_t other = 0; other < workers_.size(); ++other) {
      if (other != w && given_[other] == 0) hand_out(generation, genomes, set, other, 1);
    }
    hand_out(generation, genomes, set, w, ahead_[w]);
  }
  const auto workers = static_cast<double>(workers_.size());
  times_.quantise += spent.quantise / workers;
  times_.inference += spent.inference / workers;
  // All that is neither: sending, waiting.
  times_.communication += std::max(0.0, seconds_since(start) - (spent.quantise + spent.inference) / workers);
}

void ClusterEvaluator::hand_out(Generation& generation, std::span<const Genome> genomes, ImageSet set, std::size_t w,
                                std::int64_t most) {
  while (given_[w] < std::min(most, ahead_[w]) && !stop_requested()) {
    const std::optional<Task> task = generation.next(static_cast<std::int64_t>(w));
    if (!task) return;
    Order what{Op::make, {}, {}, set, task->blocks, -1};
    for (const std::size_t g : task->networks) what.numbers.push_back(first_number_ + g);
    if (task->kind == Task::Kind::make) {
      for (const std::size_t g : task->networks) what.genomes.push_back(genomes[g]);
    } else {
      what.op = Op::run;
      what.detail = generation.detail();
    }
    if (task->from) {
      order(static_cast<std::size_t>(*task->from), {Op::hand_over, what.numbers, {}, {}, {}, workers_[w].rank});
      ++traffic_.handed_over;
    }
    order(w, what);
    ++given_[w];
  }
}

Workforce make_evaluator(Communicator& world, const Problem& problem) {
  if (world.size() == 1) {
    auto local = make_local_evaluator(problem);
    const EngineInfo info = local->info();
    Kernels kernels = local->kernels();
    return {std::move(local), {{0, world.host(), info}}, std::move(kernels)};
  }
  auto cluster = std::make_unique<ClusterEvaluator>(world, problem);
  std::vector<WorkerInfo> workers = cluster->workers();
  Kernels kernels = cluster->kernels();
  return {std::move(cluster), std::move(workers), std::move(kernels)};
}

}  // namespace vbq
