// ClusterEvaluator: rank 0's side of an evaluation. It hands out tasks, sleeps, and adds up what comes back. Where
// ranks go on without a lost one (Communicator), the others do what is left of a call; what it comes to is the same.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cluster/communicator.hpp"
#include "cluster/protocol.hpp"
#include "evaluate/evaluator.hpp"
#include "evaluate/generation.hpp"
#include "evaluate/problem.hpp"

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
  // differs. The problem must outlive it.
  ClusterEvaluator(Communicator& world, const Problem& problem);
  ClusterEvaluator(const ClusterEvaluator&) = delete;
  ClusterEvaluator& operator=(const ClusterEvaluator&) = delete;
  // Ends the workers' loops: by stop(), or, when an exception is on its way, by dismissing them.
  ~ClusterEvaluator() override;

  void use(const Format& format) override;
  std::vector<Evaluated> evaluate(std::span<const Genome> genomes, const Known& known) override;
  std::vector<Evaluated> race(std::span<const Genome> genomes, const Known& known, Race& race) override;
  std::vector<QuantisedNetwork> networks(std::span<const Genome> genomes) override;
  std::size_t makers() const override { return workers_.size(); }
  EvaluatorTimes times() override { return std::exchange(times_, {}); }
  std::vector<std::string> losses() const override { return losses_; }

  // Those that are left.
  const std::vector<WorkerInfo>& workers() const { return workers_; }
  // That all engines run in, where there is a choice: those of the problem, or rank 1's.
  const Kernels& kernels() const { return kernels_; }
  // Bytes of messages that rank 0 has sent, and, of workers to each other, networks that were handed over.
  struct Traffic {
    std::int64_t bytes_sent = 0, handed_over = 0;
  };
  const Traffic& traffic() const { return traffic_; }

  // serve() returns on all workers; no call may follow. Does nothing the second time.
  void stop();

 private:
  Outcome run(ImageSet set, const QuantisedNetwork& network, Detail detail) override;
  bool tells_all() const override { return tells_images(workers_.front().engine.kind); }
  std::int64_t run_not_finite(ImageSet set) override;
  // Runs the body as one call; again for each rank that is lost meanwhile, where the others go on: it does what is not
  // done yet. Else a lost rank is the caller's matter. MPI that fails in here leaves the others waiting, so it ends
  // all.
  void in_step(const std::function<void()>& body);
  void go_on_without(const LostRank& lost);
  // The next answer to this call, and which of the workers gives it.
  std::pair<std::size_t, protocol::Answer> answer();
  void order(std::size_t worker, protocol::Order order);
  void order_all(const protocol::Order& order);
  // A call of so many networks: those before are forgotten.
  void begin(std::size_t networks);
  // Hands out tasks until all are done, or nothing more after a wish to stop.
  void drive(Generation& generation, std::span<const Genome> genomes, ImageSet set);
  // Until the worker has `most` tasks, or there is none for it.
  void hand_out(Generation& generation, std::span<const Genome> genomes, ImageSet set, std::size_t worker,
                std::int64_t most);

  Communicator* world_;
  const Problem* problem_;        // but for its format
  std::size_t at_once_;           // networks that a task makes together, of the format in use
  double hand_over_seconds_ = 0;  // of a network in that format
  int exceptions_;
  bool working_ = false;
  std::vector<WorkerInfo> workers_;
  Kernels kernels_;
  std::vector<std::int64_t> ahead_;  // tasks that each worker is given ahead: one more than it runs at once
  std::vector<std::int64_t> given_;  // tasks that each has not answered yet
  std::uint64_t call_ = 0;
  std::uint64_t first_number_ = 0, next_number_ = 0;  // of this call's networks, and of the next call's
  EvaluatorTimes times_;
  Traffic traffic_;
  std::vector<std::string> losses_;
};

// What a run on any number of ranks needs on rank 0.
struct Workforce {
  std::unique_ptr<Evaluator> evaluator;  // ends its workers when it goes
  std::vector<WorkerInfo> workers;
  Kernels kernels;
};

// On rank 0: the cluster's evaluator, or, alone, the local one. With threads = 0, workers share their host's
// processors. The problem must outlive it.
Workforce make_evaluator(Communicator& world, const Problem& problem);

}  // namespace vbq
