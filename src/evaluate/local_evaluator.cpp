#include "evaluate/local_evaluator.hpp"

#include <chrono>
#include <utility>

#include "core/stop.hpp"
#include "evaluate/memory.hpp"
#include "evaluate/watch.hpp"

namespace vbq {

void LocalEvaluator::use(const Format& format) {
  worker_.adopt(format);
  worker_.prepare();
}

std::vector<Evaluated> LocalEvaluator::evaluate(std::span<const Genome> genomes, const Known& known) {
  return evaluate_or_race(genomes, known, nullptr);
}

std::vector<Evaluated> LocalEvaluator::race(std::span<const Genome> genomes, const Known& known, Race& race) {
  return evaluate_or_race(genomes, known, &race);
}

std::vector<Evaluated> LocalEvaluator::evaluate_or_race(std::span<const Genome> genomes, const Known& known,
                                                        Race* race) {
  if (genomes.empty()) return {};
  const Problem& problem = worker_.problem();
  Generation generation(Schedule(partition_of(problem, ImageSet::search, 1), 1, genomes.size(),
                                 made_at_once(problem, problem.format, info().kind)),
                        genomes.size(), known, race);
  drive(generation, genomes, ImageSet::search);
  return generation.result(std::ssize(images_of(problem, ImageSet::search)));
}

Outcome LocalEvaluator::run(ImageSet set, const QuantisedNetwork& network, Detail detail) {
  Generation generation(Schedule(partition_of(worker_.problem(), set, 1), 1, 1, 1), detail);
  worker_.give(0, network);
  drive(generation, {}, set);
  if (!generation.done()) throw Stopped();
  return generation.outcome();
}

std::vector<QuantisedNetwork> LocalEvaluator::networks(std::span<const Genome> genomes) {
  const auto start = std::chrono::steady_clock::now();
  std::vector<QuantisedNetwork> made;
  made.reserve(genomes.size());
  for (const Genome& genome : genomes) {
    if (stop_requested()) throw Stopped();
    made.push_back(worker_.deliver(genome));
  }
  times_.quantise += seconds_since(start);
  return made;
}

void LocalEvaluator::drive(Generation& generation, std::span<const Genome> genomes, ImageSet set) {
  const auto take = [&](std::optional<Ran> ran) {
    if (!ran) return false;
    times_.inference += ran->seconds;
    tell({0, ran->seconds, 0, ran->outcome.sum.seen});
    generation.ran(0, ran->network, ran->blocks, std::move(ran->outcome), ran->seconds);
    return true;
  };
  while (!generation.done() && !stop_requested()) {
    const std::optional<Task> task = generation.next(0);
    if (!task) {  // all that is left runs already
      if (!take(worker_.finish())) break;
      continue;
    }
    if (generation.detail() == Detail::classes) {
      take(worker_.classify(task->networks.front(), set, task->blocks));
      continue;
    }
    if (task->kind == Task::Kind::run) {
      take(worker_.start(task->networks.front(), set, task->blocks, generation.detail()));
      if (worker_.copies() == 1) take(worker_.finish());  // nothing runs beside a single copy
      continue;
    }
    const auto start = std::chrono::steady_clock::now();
    std::vector<Genome> asked;
    for (const std::size_t g : task->networks) asked.push_back(genomes[g]);
    const std::vector<MadeNetwork> made = worker_.make(task->networks, asked);
    const double seconds = seconds_since(start);
    times_.quantise += seconds;
    tell({0, seconds, std::ssize(made), 0});
    for (std::size_t i = 0; i < made.size(); ++i) {
      generation.made(0, task->networks[i], made[i].network, made[i].bits);
    }
  }
  while (take(worker_.finish())) {
  }
}

std::unique_ptr<LocalEvaluator> make_local_evaluator(Problem problem) {
  check_memory(worker_memory(problem, {}), 1);
  return std::make_unique<LocalEvaluator>(std::move(problem));
}

}  // namespace vbq
