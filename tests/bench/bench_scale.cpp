// What the master and the messages cost: the true cluster evaluator, and workers that answer without computing.
//
//   mpirun -n N bench_scale LAYERS LEVELS [GENERATIONS]
//
// A generation is 50 genomes of LAYERS chromosomes of LEVELS genes: their fingerprints, then their tallies. Prints one
// line of CSV: workers, seconds a generation (median), bytes that rank 0 hands to MPI in a generation.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "cluster/agree.hpp"
#include "cluster/cluster_evaluator.hpp"
#include "cluster/messages.hpp"
#include "cluster/threads.hpp"
#include "cluster/worker.hpp"
#include "support/problem.hpp"

namespace vbq {
namespace {

constexpr std::size_t kGenomes = 50;

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

void answer_only(Communicator& world, const Problem& problem) {
  fair_threads(world, true);
  place_on_host(world, true);
  agree(world, [] {});
  agree(world, [] {});
  agree_on(world,
           {world.host(), network_hash(problem.network), data_hash(problem), settings_hash(problem), EngineInfo{}});
  follow(world, [&](protocol::Op op, std::span<const Genome> genomes) {
    if (op == protocol::Op::fingerprints)
      return std::vector<std::int64_t>(genomes.size() * std::tuple_size_v<Fingerprint>);
    return std::vector<std::int64_t>(genomes.size() * protocol::kTallyWords + protocol::kTimeWords);
  });
}

int run(Communicator& world, int layers, int levels, int generations) {
  Problem problem = support::small_problem(2048, 0, 1);
  if (world.rank() != 0) {
    answer_only(world, problem);
    return 0;
  }
  ClusterEvaluator evaluator(world, problem);
  const std::vector<Genome> genomes(kGenomes,
                                    Genome{std::vector<Chromosome>(static_cast<std::size_t>(layers),
                                                                   Chromosome(static_cast<std::size_t>(levels), 0.5))});
  std::vector<double> seconds;
  for (int g = 0; g < generations; ++g) {
    const auto start = std::chrono::steady_clock::now();
    evaluator.fingerprints(genomes);
    evaluator.tallies(genomes);
    seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  const std::size_t words = 2 * (protocol::kCommandSize + 1) +
                            kGenomes * (std::tuple_size_v<Fingerprint> + protocol::kTallyWords) + protocol::kTimeWords;
  fmt::print("{},{:.6f},{}\n", world.size() - 1, median(seconds), 2 * pack(genomes).size() + 8 * words);
  return 0;
}

}  // namespace
}  // namespace vbq

int main(int argc, char** argv) {
  vbq::Environment mpi;
  const auto number = [&](int index, int otherwise) { return argc > index ? std::atoi(argv[index]) : otherwise; };
  return vbq::run_ranks(mpi.world(),
                        [&] { return vbq::run(mpi.world(), number(1, 54), number(2, 16), number(3, 50)); });
}
