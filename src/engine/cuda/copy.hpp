// One copy of the network on the GPU: weights, activations, a stream of its own, and the recorded work of a batch.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/cuda/plan/images.hpp"
#include "engine/cuda/runner.hpp"
#include "vbq/tally.hpp"

namespace vbq::cuda {

inline constexpr std::size_t kSmall = std::size_t{256} << 20;  // bytes of GPU memory

class Copy {
 public:
  // network outlives the copy. shard: device memory of the engine, which holds the images whenever items are run; it
  // stays where it is. Error (input) as of Runner.
  Copy(const Network& network, const Plan& plan, Arithmetic arithmetic, std::shared_ptr<const Cudnn> api,
       const ShardView* shard, const KernelRule& rule);
  Copy(const Copy&) = delete;
  Copy& operator=(const Copy&) = delete;

  void quantise(NetworkFormat formats);
  const NetworkFormat& formats() const { return formats_; }  // that the weights are in

  // An item is a batch of a block (see images_of()). start() queues some; finish() waits for them, and gives what they
  // counted.
  void start(std::int64_t first, std::int64_t items);
  Tally finish();
  // log p of all items into the shard, as the weights are; waits.
  void record(std::int64_t items);

  // See Engine::infer(); waits.
  void infer(std::span<const float> input, std::int64_t images, std::span<float> output);

  const Runner& runner() const { return runner_; }
  std::size_t bytes() const { return runner_.bytes(); }  // of GPU memory

 private:
  std::int64_t batch() const { return runner_.plan().batch; }
  std::int64_t classes() const { return elements(network_.output_shape()); }
  void set_item(std::int64_t item);
  void run_item(bool record);

  const Network& network_;
  std::vector<int> layers_;
  Stream stream_;
  Handle handle_;
  Runner runner_;
  const ShardView* shard_;
  DeviceBuffer item_, tally_;
  DeviceBuffer given_, given_view_, given_item_, outputs_;  // of infer()
  Graph graph_;
  NetworkFormat formats_;
};

}  // namespace vbq::cuda
