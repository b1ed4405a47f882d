#include "cluster/cluster_evaluator.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

#include "cluster/agree.hpp"
#include "cluster/heartbeat.hpp"
#include "cluster/messages.hpp"
#include "cluster/prepare.hpp"
#include "core/check.hpp"
#include "core/log.hpp"
#include "evaluate/local_evaluator.hpp"
#include "evaluate/workbench.hpp"

namespace vbq {

using protocol::Op;

ClusterEvaluator::ClusterEvaluator(Communicator& world, const Problem& problem)
    : world_(&world), exceptions_(std::uncaught_exceptions()) {
  if (world.size() < 2) fail_internal("a cluster evaluator on one rank: at least two were expected");
  prepare(world, problem);
  const Report mine = agree(world, [&] {
    return Report{world.host(), network_hash(problem.network), data_hash(problem), settings_hash(problem), {}};
  });
  const std::vector<Report> reports = agree_on(world, mine);
  working_ = true;  // from here on, the workers wait for commands
  search_images_ = problem.split.search.size();
  held_out_images_ = problem.held_out_source != nullptr ? problem.split.held_out.size() : 0;
  if (passes(problem.format)) round_ = protocol::genomes_in_round(problem, reports.size() - 1);
  for (std::size_t rank = 1; rank < reports.size(); ++rank) {
    workers_.push_back({static_cast<int>(rank), reports[rank].host, reports[rank].engine.value_or(EngineInfo{})});
  }
}

ClusterEvaluator::~ClusterEvaluator() {
  if (!working_) return;
  try {
    if (std::uncaught_exceptions() > exceptions_) {
      send(Op::dismiss, 0);
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
  if (std::exchange(working_, false)) send(Op::stop, 0);
}

std::vector<Fingerprint> ClusterEvaluator::fingerprints(std::span<const Genome> genomes) {
  std::vector<Fingerprint> prints(genomes.size());
  const auto words = command(Op::fingerprints, genomes, genomes.size() * std::tuple_size_v<Fingerprint>);
  protocol::get(words, std::span(prints));
  return prints;
}

std::vector<Tally> ClusterEvaluator::tallies(std::span<const Genome> genomes) {
  std::vector<Tally> found = collect(Op::tallies, genomes, genomes.size());
  keep_whole(found, search_images_);
  return found;
}

Tally ClusterEvaluator::score(ImageSet set, const Genome* genome) {
  if (set == ImageSet::held_out && held_out_images_ == 0) fail("there are no held-out images to score");
  const Op op = set == ImageSet::search ? Op::score_search : Op::score_held_out;
  const Tally sum = collect(op, genome == nullptr ? std::span<const Genome>() : std::span(genome, 1), 1).front();
  return expect_whole(sum, set == ImageSet::search ? search_images_ : held_out_images_);
}

std::int64_t ClusterEvaluator::not_finite(ImageSet set) {
  return command(set == ImageSet::search ? Op::not_finite_search : Op::not_finite_held_out, {}, 1).front();
}

Choices ClusterEvaluator::choices(const Genome& genome) {
  std::string archive;
  command(Op::choices, std::span(&genome, 1), 0, [&] { archive = world_->gather({}).at(1); });
  return unpack<Choices>(archive);
}

void ClusterEvaluator::relay_choices(std::size_t genomes) {
  for (std::size_t first = 0; first < genomes; first += round_) {
    std::vector<std::string> archives = world_->gather({});
    for (std::size_t i = 0; i < std::min(round_, genomes - first); ++i) world_->broadcast(archives.at(i + 1));
  }
}

EvaluatorTimes ClusterEvaluator::times() { return std::exchange(times_, {}); }

// Tallies of `count` networks, and the workers' times.
std::vector<Tally> ClusterEvaluator::collect(Op op, std::span<const Genome> genomes, std::size_t count) {
  const std::size_t tally_words = count * protocol::kTallyWords;
  const auto start = std::chrono::steady_clock::now();
  std::function<void()> relay;
  if (op == Op::tallies && round_ != 0) relay = [&] { relay_choices(genomes.size()); };
  const auto words = command(op, genomes, tally_words + protocol::kTimeWords, relay);
  const double wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::vector<Tally> tallies(count);
  protocol::get(words, std::span(tallies));
  const double scale = 1e-9 / static_cast<double>(workers_.size());
  const double quantise = static_cast<double>(words[tally_words]) * scale;
  const double inference = static_cast<double>(words[tally_words + 1]) * scale;
  times_.quantise += quantise;
  times_.inference += inference;
  times_.communication += std::max(0.0, wall - quantise - inference);  // all that is neither: sending, waiting
  return tallies;
}

std::vector<std::int64_t> ClusterEvaluator::command(Op op, std::span<const Genome> genomes, std::size_t result_words,
                                                    const std::function<void()>& before_sum) {
  if (!working_) fail_internal("the workers have been sent home: no evaluation was expected after stop()");
  std::vector<std::int64_t> words(result_words);
  try {
    send(op, static_cast<std::int64_t>(genomes.size()));
    if (!genomes.empty()) {
      std::string archive = pack(std::vector<Genome>(genomes.begin(), genomes.end()));
      world_->broadcast(archive);
    }
    if (before_sum) before_sum();
    world_->sum(words);
  } catch (const LostRank&) {  // the caller may have something to save, and the others wait
    working_ = false;
    throw;
  } catch (const std::exception& error) {
    die(*world_, error.what(), Fault::internal);
  }
  return words;
}

void ClusterEvaluator::send(Op op, std::int64_t genomes) {
  protocol::Command command{static_cast<std::int64_t>(op), genomes};
  world_->broadcast(command);
}

Workforce make_evaluator(Communicator& world, Problem problem) {
  if (world.size() == 1) {
    auto local = make_local_evaluator(std::move(problem));
    const EngineInfo info = local->info();
    return {std::move(local), {{0, world.host(), info}}};
  }
  auto cluster = std::make_unique<ClusterEvaluator>(world, problem);
  std::vector<WorkerInfo> workers = cluster->workers();
  return {std::move(cluster), std::move(workers)};
}

}  // namespace vbq
