// A search's calls on 5 ranks, of which two are lost meanwhile, as where MPI goes on after a process has failed: their
// heartbeats end as those of killed processes do, at a moment that the arguments name (milliseconds). What they answer
// after that still arrives, and must not count. All that rank 0 is told must be what one process comes to alone.
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "cluster/agree.hpp"
#include "cluster/cluster_evaluator.hpp"
#include "cluster/messages.hpp"
#include "cluster/serve.hpp"
#include "core/check.hpp"
#include "core/log.hpp"
#include "evaluate/local_evaluator.hpp"
#include "support/forwarding_engine.hpp"
#include "support/problem.hpp"

namespace vbq {
namespace {

using Clock = std::chrono::steady_clock;

template <typename T>
void require_equal(const T& found, const T& expected, const char* what) {
  if (found != expected) fail("{} differs from that of one process alone", what);
}

// Told when it first runs a network.
class StartingEngine final : public support::ForwardingEngine {
 public:
  StartingEngine(std::unique_ptr<Engine> engine, std::function<void()> told)
      : ForwardingEngine(std::move(engine)), told_(std::move(told)) {}
  void start(std::int64_t first, std::int64_t count, int copy) override {
    if (told_) std::exchange(told_, nullptr)();
    ForwardingEngine::start(first, count, copy);
  }

 private:
  std::function<void()> told_;
};

// Until both are lost; gives the number of rounds.
int lead(Communicator& world, const Problem& problem) {
  const auto local = make_local_evaluator(problem);
  const auto genomes = support::random_genomes(problem, 24, 1);
  const auto expected = local->evaluate(genomes, {});
  const auto networks = local->networks(genomes);
  const auto start = Clock::now();
  ClusterEvaluator evaluator(world, problem);
  int rounds = 0;
  for (int more = 3; more > 0; ++rounds) {
    require_equal(evaluator.evaluate(genomes, {}), expected, "evaluate()");
    require_equal(evaluator.networks(genomes), networks, "networks()");
    // Over and over another one, for an evaluator remembers what it said last.
    for (std::size_t i = 0; i < networks.size(); ++i) {
      require_equal(evaluator.score_blocks(ImageSet::held_out, networks[i]),
                    local->score_blocks(ImageSet::held_out, networks[i]), "score_blocks()");
    }
    evaluator.use(problem.format);
    require_equal(evaluator.not_finite(ImageSet::held_out), std::int64_t{0}, "not_finite()");
    if (Clock::now() - start > std::chrono::seconds(60)) fail("{} workers are left", evaluator.workers().size());
    if (evaluator.workers().size() == 2) --more;
  }
  std::vector<int> left;
  for (const WorkerInfo& worker : evaluator.workers()) left.push_back(worker.rank);
  require_equal(left, std::vector<int>{1, 3}, "who is left");
  evaluator.stop();
  return rounds;
}

// As a run's ranks do at its end, when collectives would wait for lost ones.
void tell_code(Communicator& world) {
  std::int64_t code = world.rank() == 0 ? 75 : 0;
  world.broadcast(std::span(&code, 1));
  require_equal(code, std::int64_t{75}, "broadcast()");
}

int run(Communicator& world, std::chrono::milliseconds first, std::chrono::milliseconds second) {
  if (world.size() != 5) fail("5 ranks were expected");
  world.assume_mpi_goes_on();
  Problem problem = support::small_problem(22, 13, 3);
  problem.format.assignment = Assignment::sequential;
  problem.format.matching = Matching::always;
  problem.format.matching_images = 9;
  if (world.rank() == 0) {
    log::info("{} rounds as one process alone", lead(world, problem));
    for (const int lost : {2, 4}) {  // they live on, and wait for orders
      world.take_back(lost);
      world.send(lost, pack(protocol::Order{protocol::Op::stop, {}, {}, {}, {}, -1}));
    }
    tell_code(world);
    return 0;
  }
  std::jthread fate;
  serve(world, problem, [&](const Network& network, const EngineOptions& options) -> std::unique_ptr<Engine> {
    std::function<void()> told;
    if (world.rank() % 2 == 0) {
      told = [&] {
        fate = std::jthread([&] {
          std::this_thread::sleep_for(world.rank() == 2 ? first : second);
          world.fall_silent();
        });
      };
    }
    return std::make_unique<StartingEngine>(make_engine(network, options), std::move(told));
  });
  tell_code(world);
  return 0;
}

}  // namespace
}  // namespace vbq

int main(int argc, char** argv) {
  vbq::Environment mpi;
  return vbq::run_ranks(mpi.world(), [&] {
    if (argc != 3) vbq::fail("cluster_goes_on MILLISECONDS MILLISECONDS");
    return vbq::run(mpi.world(), std::chrono::milliseconds(std::stoi(argv[1])),
                    std::chrono::milliseconds(std::stoi(argv[2])));
  });
}
