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
  // a number that fits_one_batch(). type, arithmetic: as the engine's. network outlives it. Error (input) when the
  // GPU's memory is too small.
  Batch(const Network& network, std::int64_t images, Type type, Arithmetic arithmetic,
        std::shared_ptr<const Cudnn> api);
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  // Uploads images (host, checked, not too many).
  void load(const Shard& images);
  // Has the runner's input hold them. Only queued.
  void feed() const;

  Runner& runner() { return runner_; }
  const Runner& runner() const { return runner_; }
  const Stream& stream() const { return stream_; }
  const Plan& plan() const { return runner_.plan(); }
  std::size_t bytes() const;  // of GPU memory

 private:
  const Network& network_;
  Stream stream_;
  Handle handle_;
  Runner runner_;
  DeviceBuffer pixels_, table_, view_, item_;  // the images, and what tells the first kernel about them
};

}  // namespace vbq::cuda
