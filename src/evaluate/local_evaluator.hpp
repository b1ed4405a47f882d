// LocalEvaluator: all tasks in this process.
#pragma once

#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "evaluate/evaluator.hpp"
#include "evaluate/generation.hpp"
#include "evaluate/worker.hpp"

namespace vbq {

class LocalEvaluator final : public Evaluator {
 public:
  explicit LocalEvaluator(Problem problem, const Worker::MakeEngine& make = make_engine)
      : worker_(std::move(problem), {0, 1}, make) {}

  void use(const Format& format) override;
  std::vector<Evaluated> evaluate(std::span<const Genome> genomes, const Known& known) override;
  std::vector<Evaluated> race(std::span<const Genome> genomes, const Known& known, Race& race) override;
  std::vector<QuantisedNetwork> networks(std::span<const Genome> genomes) override;
  EvaluatorTimes times() override { return std::exchange(times_, {}); }

  const EngineInfo& info() const { return worker_.info(); }
  Kernels kernels() const { return worker_.kernels(); }

 private:
  Outcome run(ImageSet set, const QuantisedNetwork& network, Detail detail) override;
  bool tells_all() const override { return tells_images(info().kind); }
  std::int64_t run_not_finite(ImageSet set) override { return worker_.not_finite(set); }
  std::vector<Evaluated> evaluate_or_race(std::span<const Genome> genomes, const Known& known, Race* race);
  void drive(Generation& generation, std::span<const Genome> genomes, ImageSet set);

  Worker worker_;
  EvaluatorTimes times_;
};

// Makes the engine and loads the search images; Error as Worker's.
std::unique_ptr<LocalEvaluator> make_local_evaluator(Problem problem);

}  // namespace vbq
