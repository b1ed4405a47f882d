// LocalEvaluator: the whole matrix in this process.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "evaluate/workbench.hpp"
#include "vbq/evaluator.hpp"

namespace vbq {

class LocalEvaluator final : public Evaluator {
 public:
  explicit LocalEvaluator(Problem problem) : bench_(std::move(problem), Post{0, 1}) {}

  std::vector<Fingerprint> fingerprints(std::span<const Genome> genomes) override;
  std::vector<Tally> tallies(std::span<const Genome> genomes) override;
  Tally score(ImageSet set, const Genome* genome) override {
    return expect_whole(bench_.score(set, genome), images_of(bench_.problem(), set).size());
  }
  std::int64_t not_finite(ImageSet set) override { return bench_.not_finite(set); }
  Choices choices(const Genome& genome) override { return bench_.choices(genome, true); }
  EvaluatorTimes times() override { return bench_.times(); }

  const EngineInfo& info() const { return bench_.info(); }

 private:
  Workbench bench_;
};

// Makes the engine and loads the search images; Error as Workbench's.
std::unique_ptr<LocalEvaluator> make_local_evaluator(Problem problem);

}  // namespace vbq
