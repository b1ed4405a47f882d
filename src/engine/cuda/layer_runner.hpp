// LayerRunner on one GPU: all images are one batch. What is shown is copied to the host.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/cuda/batch.hpp"
#include "vbq/engine.hpp"

namespace vbq::cuda {

class LayerRunner final : public vbq::LayerRunner {
 public:
  // See Batch. block: the engine's; device: the GPU, which is current; parallel: what shows images to a tap.
  struct Place {
    std::int64_t block;
    int device;
    Parallel parallel;
  };
  LayerRunner(const Network& network, std::unique_ptr<Batch> batch, Place place);

  std::int64_t batch() const override { return batch_->plan().batch; }
  void load(Shard images) override;
  void restart() override;
  void set(int node, const LayerFormat* format) override;
  void inputs(int node, const Tap& tap) override;
  void outputs(int node, const Tap& tap) override;
  Norm norm(int node) const override;
  void scale(int node, std::span<const float> gain, std::span<const float> add) override;

 private:
  const Plan::LayerPoint& point_of(int node) const;
  std::size_t layer_of(int node) const;  // in the plan's layers
  void run_to(std::size_t step, int node);
  // The value of each image, [images, shape...] row-major.
  void download(const Value& value, const Shape& shape);

  const Network& network_;
  std::unique_ptr<Batch> batch_;
  Place place_;
  std::int64_t images_ = 0;
  std::size_t done_ = 0;  // steps
  DeviceBuffer rows_, scales_;
  std::vector<float> shown_;
};

}  // namespace vbq::cuda
