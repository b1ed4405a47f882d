// LayerRunner on the CPU: every batch of the images has memory of its own, and all go from layer to layer together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "data/pixel_table.hpp"
#include "engine/common/lanes.hpp"
#include "engine/common/shard.hpp"
#include "engine/cpu/lane.hpp"
#include "engine/cpu/plan.hpp"
#include "vbq/layer_runner.hpp"

namespace vbq::cpu {

class LayerRunner final : public vbq::LayerRunner {
 public:
  // network and lanes outlive the runner. batch: images that run together in one lane; images: at most, at once; block:
  // the engine's.
  LayerRunner(const Network& network, std::int64_t batch, Lanes& lanes, std::int64_t images, std::int64_t block);

  std::int64_t batch() const override { return plan_.batch; }
  void load(Shard images) override;
  void restart() override;
  void set(int node, const LayerFormat* format) override;
  void inputs(int node, const Tap& tap) override;
  void outputs(int node, const Tap& tap) override;
  Norm norm(int node) const override;
  void scale(int node, std::span<const float> gain, std::span<const float> add) override;
  std::int64_t state_bytes(int node) const override;
  std::shared_ptr<const vbq::LayerRunner::State> state(int node) override;
  void resume(const vbq::LayerRunner::State& state) override;

 private:
  // What is live in each batch's arena, one range after another.
  struct State final : vbq::LayerRunner::State {
    const Plan::LayerPoint* point = nullptr;
    std::vector<std::vector<std::byte>> batches;
  };
  const Plan::LayerPoint& point_of(int node) const;
  const LayerMemory& layer_of(int node) const;
  std::int64_t loaded_batches() const { return (images_.images.count + plan_.batch - 1) / plan_.batch; }
  std::int64_t images_in(std::int64_t batch) const;
  // work(number, lane) for every batch that holds images, each always on the same thread, whose cache may know it and
  // whose scratch memory it has. Those that were last the time before come first.
  template <typename Work>
  void each_batch(Work work);
  void scale(Lane& lane) const;
  // Runs up to the step, and shows what lies at the place then.
  void show(int node, std::size_t step, const Place& place, const Layout& lies, const Tap& tap);

  const Network& network_;
  Lanes& lanes_;
  std::int64_t block_;
  Shard images_;
  PixelTable table_;
  Plan plan_;
  std::vector<Buffer> scratch_;  // of each thread
  std::vector<std::unique_ptr<Lane>> batches_;
  std::size_t done_ = 0;    // steps
  bool backwards_ = false;  // the batches' order
  // A scaling that was asked for, and is done when a batch is run on or shown; point: nullptr for none.
  struct Scaling {
    const Plan::LayerPoint* point = nullptr;
    std::vector<float> gain, add;
  } scaling_;
};

}  // namespace vbq::cpu
