// An engine that tells no images apart, and an evaluator with it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "evaluate/local_evaluator.hpp"
#include "support/forwarding_engine.hpp"

namespace vbq::support {

// Of a kind that does not tell images apart, as engine cuda is: it is asked of one block at a time where each is to be
// told.
class SumsAlone final : public ForwardingEngine {
 public:
  SumsAlone(const Network& network, const EngineOptions& options) : ForwardingEngine(make_engine(network, options)) {
    info_.kind = "cuda";
  }
  void start(std::int64_t first, std::int64_t count, int copy) override {
    work += count;
    engine_->start(first, count, copy);
  }
  void infer(std::span<const float> input, std::int64_t images, std::span<float> output) override {
    work += images;
    engine_->infer(input, images, output);
  }
  TrainedTallies trained_tallies() override { return nullptr; }
  std::vector<ImageTally> finish_images(int copy) override { return Engine::finish_images(copy); }

  static inline std::int64_t work = 0;  // blocks that were started, and images that were inferred
};

inline LocalEvaluator sums_alone(const Problem& problem) {
  return LocalEvaluator(problem, [](const Network& network, const EngineOptions& options) {
    return std::make_unique<SumsAlone>(network, options);
  });
}

}  // namespace vbq::support
