// An engine that has another do all of its work: for tests that change a part of what it does or says.
#pragma once

#include <memory>
#include <span>
#include <utility>

#include "vbq/engine.hpp"

namespace vbq::support {

class ForwardingEngine : public Engine {
 public:
  explicit ForwardingEngine(std::unique_ptr<Engine> engine) : info_(engine->info()), engine_(std::move(engine)) {}
  const EngineInfo& info() const override { return info_; }
  int copies() const override { return engine_->copies(); }
  void load(Shard shard) override { engine_->load(std::move(shard)); }
  TrainedOutputs trained_outputs() override { return engine_->trained_outputs(); }
  TrainedTallies trained_tallies() override { return engine_->trained_tallies(); }
  void quantise(const NetworkFormat& formats, int copy) override { engine_->quantise(formats, copy); }
  void start(std::int64_t first, std::int64_t count, int copy) override { engine_->start(first, count, copy); }
  Tally finish(int copy) override { return engine_->finish(copy); }
  std::vector<ImageTally> finish_images(int copy) override { return engine_->finish_images(copy); }
  void infer(std::span<const float> input, std::int64_t images, std::span<float> output) override {
    engine_->infer(input, images, output);
  }
  std::unique_ptr<LayerRunner> open(std::int64_t images) override { return engine_->open(images); }

 protected:
  EngineInfo info_;  // the other's, to be changed
  std::unique_ptr<Engine> engine_;
};

}  // namespace vbq::support
