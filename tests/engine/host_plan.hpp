// Runs the plan that engine cuda would run on the host: each place of each step by the function that the kernels call,
// in memory laid out and shared as on the GPU.
#pragma once

#include <cstddef>
#include <vector>

#include "engine/cuda/plan/images.hpp"
#include "engine/cuda/plan/pack.hpp"
#include "engine/cuda/plan/plan.hpp"

namespace vbq::test {

// Index of a place of one image; false for padding.
bool index_of(const cuda::Layout& layout, std::int64_t place, cuda::Index& index);

class HostPlan {
 public:
  enum class Numbers {
    planned,
    fp32,  // whatever the plan's type, whose padding and copies it keeps: to compare it closely
  };
  // bare_layers: as make_plan().
  HostPlan(const Network& network, std::int64_t batch, cuda::Type type = cuda::Type::fp32,
           Numbers numbers = Numbers::planned, bool bare_layers = false);

  void quantise(const NetworkFormat& formats);

  // Arena memory is NaN before the first and after the last step that its slot lives for, so that what is read too
  // early or too late spreads. Error when a step writes more than its slot holds, or a convolution's padding is not 0:
  // cuDNN multiplies it like any other channel.
  std::vector<float> infer(const std::vector<float>& input, std::int64_t images);

  // As Engine::tally() of the whole shard.
  Tally tally(cuda::ShardView shard, bool probabilities);

  // The network's input of an item of the shard; nothing else is remembered.
  void feed(const cuda::ShardView& shard, std::int64_t item);
  // Steps first..last-1 of the plan.
  void run(std::size_t first, std::size_t last);
  // As a kernel of runs does it.
  template <typename Op>
  void fill(const Op& op, cuda::Out y) const {
    cuda::with_width<Op>(y.type, [&](auto width) {
      const std::int64_t runs = plan_.batch * cuda::runs_of(op.y, width);
      for (std::int64_t k = 0; k < runs; ++k) cuda::compute<width>(op, static_cast<std::uint32_t>(k), y);
    });
  }
  cuda::Out out(const cuda::Place& place) { return {address(place), plan_.type_of(place)}; }

  const cuda::Plan& plan() const { return plan_; }

 private:
  cuda::LayerTask task(std::size_t i);
  void* address(const cuda::Place& place);
  cuda::Count counter(const cuda::ShardView& shard, bool probabilities);
  // each(item) after every item of the images. Returns their outputs.
  template <typename Each>
  std::vector<float> run(cuda::ShardView shard, std::int64_t images, Each each);
  void run(const cuda::Step& step);
  void check_room(const cuda::Place& place, std::int64_t places) const;
  void check_padding(const cuda::Layout& layout, cuda::In values) const;
  void forget(int step);

  const Network network_;
  std::vector<int> layers_;
  cuda::Plan plan_;
  cuda::Packer packer_;
  cuda::Packed packed_;
  std::vector<std::byte> arena_, biases_;
  std::vector<std::vector<std::byte>> weights_;
};

}  // namespace vbq::test
