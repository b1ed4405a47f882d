// Images that run as one batch of a plan with bare layers, on one GPU.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "engine/cuda/runner.hpp"
#include "vbq/dataset.hpp"
#include "vbq/network.hpp"

namespace vbq::cuda {

class Batch {
 public:
  // Weights (still to be set) and stream are its own, so those of the engine's copies are left alone. images: at most;
  // a number that fits_one_batch(). In fp32 whatever the engine infers in: networks are made from what they see here.
  // network outlives it. Error (input) when the GPU's memory is too small, or the rule gives kernels that cuDNN does
  // not offer.
  Batch(const Network& network, std::int64_t images, std::shared_ptr<const Cudnn> api, const KernelRule& rule = {});
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  // Uploads images (host, checked, not too many); those before go.
  void load(const Shard& images);
  // Shares those of another batch of as many, which stay as they are.
  void load(const Batch& other) { images_ = other.images_; }
  // Has the runner's input hold them. Only queued.
  void feed() const;

  Runner& runner() { return runner_; }
  const Runner& runner() const { return runner_; }
  const Stream& stream() const { return stream_; }
  const Plan& plan() const { return runner_.plan(); }
  std::size_t bytes() const;  // of GPU memory

 private:
  // The images, and what tells the first kernel about them.
  struct Held {
    DeviceBuffer pixels, table, view, item;
  };

  const Network& network_;
  Stream stream_;
  Handle handle_;
  Runner runner_;
  std::shared_ptr<const Held> images_;
};

}  // namespace vbq::cuda
