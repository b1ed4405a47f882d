// ClusterEvaluator: rank 0's side of the evaluation matrix. It sends genomes, sleeps, and receives sums.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "cluster/mpi.hpp"
#include "cluster/protocol.hpp"
#include "evaluate/problem.hpp"
#include "vbq/evaluator.hpp"

namespace vbq {

// A rank that computes, for summary.json.
struct WorkerInfo {
  int rank = 0;
  std::string host;
  EngineInfo engine;
};

class ClusterEvaluator final : public Evaluator {
 public:
  // Collective with serve() on every other rank; at least two ranks. AgreedError on all when one cannot start or
  // differs.
  ClusterEvaluator(Communicator& world, const Problem& problem);
  ClusterEvaluator(const ClusterEvaluator&) = delete;
  ClusterEvaluator& operator=(const ClusterEvaluator&) = delete;
  // Ends the workers' loops: by stop(), or, when an exception is on its way, by dismissing them.
  ~ClusterEvaluator() override;

  std::vector<Fingerprint> fingerprints(std::span<const Genome> genomes) override;
  std::vector<Tally> tallies(std::span<const Genome> genomes) override;
  Tally score(ImageSet set, const Genome* genome) override;
  std::int64_t not_finite(ImageSet set) override;
  Choices choices(const Genome& genome) override;
  EvaluatorTimes times() override;

  const std::vector<WorkerInfo>& workers() const { return workers_; }

  // serve() returns on all workers; no call may follow. Does nothing the second time.
  void stop();

 private:
  // Command, genomes, what else is to be exchanged, sum. MPI that fails here leaves the others waiting, so it ends all
  // ranks.
  std::vector<std::int64_t> command(protocol::Op op, std::span<const Genome> genomes, std::size_t result_words,
                                    const std::function<void()>& before_sum = {});
  void send(protocol::Op op, std::int64_t genomes);
  // Hands the choices that workers make to all of them, a round at a time.
  void relay_choices(std::size_t genomes);
  std::vector<Tally> collect(protocol::Op op, std::span<const Genome> genomes, std::size_t count);

  Communicator* world_;
  std::size_t search_images_ = 0, held_out_images_ = 0;
  std::size_t round_ = 0;  // genomes whose choices the workers make at a time; 0 where candidates need no pass
  int exceptions_;
  bool working_ = false;
  std::vector<WorkerInfo> workers_;
  EvaluatorTimes times_;
};

// What a run on any number of ranks needs on rank 0.
struct Workforce {
  std::unique_ptr<Evaluator> evaluator;  // ends its workers when it goes
  std::vector<WorkerInfo> workers;
};

// On rank 0: the cluster's evaluator, or, alone, the local one. With threads = 0, workers share their host's
// processors.
Workforce make_evaluator(Communicator& world, Problem problem);

}  // namespace vbq
