// What the master and the messages cost: the true cluster evaluator, and workers that answer without computing.
//
//   mpirun -n N bench_scale LAYERS LEVELS [GENERATIONS] [MILLISECONDS]
//   bench_scale --cut WORKERS GENOMES BLOCKS
//
// A generation is 50 genomes of LAYERS chromosomes of LEVELS genes: their fingerprints, then their tallies, which the
// workers take MILLISECONDS to answer (asleep, so that their own work does not share this machine's cores with the
// messages). Prints one line of CSV: workers, seconds a generation (median), of which beyond those milliseconds, bytes
// that rank 0 hands to MPI in a generation. --cut prints how evenly the true division of work shares out: the mean
// rectangle over the largest. tests/bench/scale.py runs it over many ranks, fits a model and draws it.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "cluster/agree.hpp"
#include "cluster/cluster_evaluator.hpp"
#include "cluster/messages.hpp"
#include "cluster/threads.hpp"
#include "cluster/worker.hpp"
#include "evaluate/matrix.hpp"
#include "support/problem.hpp"

namespace vbq {
namespace {

constexpr std::size_t kGenomes = 50;

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

void answer_only(Communicator& world, const Problem& problem, std::chrono::milliseconds delay) {
  fair_threads(world, true);
  place_on_host(world, true);
  agree(world, [] {});
  agree(world, [] {});
  agree_on(world,
           {world.host(), network_hash(problem.network), data_hash(problem), settings_hash(problem), EngineInfo{}});
  follow(world, [&](protocol::Op op, std::span<const Genome> genomes) {
    if (op == protocol::Op::fingerprints)
      return std::vector<std::int64_t>(genomes.size() * std::tuple_size_v<Fingerprint>);
    std::this_thread::sleep_for(delay);
    return std::vector<std::int64_t>(genomes.size() * protocol::kTallyWords + protocol::kTimeWords);
  });
}

// Mean work of a worker over the largest, 1 when all have the same.
double evenness(std::int64_t workers, std::int64_t genomes, std::int64_t blocks) {
  const Cut cut = cut_matrix(workers, genomes, blocks);
  std::int64_t largest = 0;
  for (std::int64_t w = 0; w < workers; ++w) {
    largest = std::max(largest, genome_range(cut, w, genomes).count * block_range(cut, w).count);
  }
  return static_cast<double>(genomes * blocks) / static_cast<double>(workers * largest);
}

int run(Communicator& world, int layers, int levels, int generations, std::chrono::milliseconds delay) {
  Problem problem = support::small_problem(2048, 0, 1);
  if (world.rank() != 0) {
    answer_only(world, problem, delay);
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
  fmt::print("{},{:.6f},{:.6f},{}\n", world.size() - 1, median(seconds),
             median(seconds) - std::chrono::duration<double>(delay).count(), 2 * pack(genomes).size() + 8 * words);
  return 0;
}

}  // namespace
}  // namespace vbq

int main(int argc, char** argv) {
  if (argc == 5 && std::string(argv[1]) == "--cut") {
    fmt::print("{:.6f}\n", vbq::evenness(std::atoll(argv[2]), std::atoll(argv[3]), std::atoll(argv[4])));
    return 0;
  }
  vbq::Environment mpi;
  const auto number = [&](int index, int otherwise) { return argc > index ? std::atoi(argv[index]) : otherwise; };
  return vbq::run_ranks(mpi.world(), [&] {
    return vbq::run(mpi.world(), number(1, 54), number(2, 16), number(3, 50), std::chrono::milliseconds(number(4, 0)));
  });
}
