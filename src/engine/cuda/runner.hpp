// A plan with its memory on one GPU.
#pragma once

#include <functional>
#include <initializer_list>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/cuda/kernel_chooser.hpp"
#include "engine/cuda/plan/pack.hpp"
#include "engine/cuda/plan/plan.hpp"
#include "vbq/engine.hpp"
#include "vbq/format.hpp"
#include "vbq/network.hpp"

namespace vbq::cuda {

class Runner {
 public:
  // stream and handle outlive the runner. Error (input) when the GPU's memory is too small, or the kernels given are
  // not among those that cuDNN offers.
  Runner(const Network& network, Plan plan, Arithmetic arithmetic, const Handle& handle, const Stream& stream,
         const KernelRule& rule = {});
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  // Weights and biases of all layers: one format a layer, nullptr for weights as trained.
  void quantise(std::span<const LayerFormat* const> formats);
  // Of plan().layers[layer] alone.
  void quantise(std::size_t layer, const LayerFormat* format);
  // Again, after something on the GPU has changed its levels() since it was quantised with all others. Only queued.
  void take_levels(std::size_t layer) const;
  // Of the last quantise() of all layers, until the next: a layer's format where the kernels find it; words(): what it
  // tells the places of; levels(): a byte a weight, in the order as trained.
  PackedLayer packed(std::size_t layer) const;
  const float* words() const { return words_.as<const float>(); }
  std::uint8_t* levels(std::size_t layer) const;
  // [outputs, ...] as trained, FP32.
  const float* trained(std::size_t layer) const { return trained_.as<const float>() + trained_at_[layer]; }

  // The whole network over one batch: input() -> output(). Only queued.
  void forward() const;
  // Steps first..last-1 of plan().steps. Only queued.
  void run(std::size_t first, std::size_t last) const;
  Out array(const Place& place) const;  // device
  Out input() const;                    // lies as plan().input.layout
  In output() const;                    // lies as plan().output.layout

  const Plan& plan() const { return plan_; }
  std::size_t bytes() const;  // of GPU memory
  // How many convolutions and linear layers run how: fused by cuDNN, by cuDNN with a second kernel, by our kernel for
  // tensor cores, by our plain one.
  struct Census {
    int fused = 0, bare = 0, direct = 0;
    std::vector<std::string> plain;  // names of nodes
  };
  const Census& census() const { return census_; }
  // The kernel of each convolution and linear layer: where they differ, results may.
  const Kernels& kernels() const { return kernels_; }

 private:
  std::byte* address(const Place& place) const;
  void allocate(const Network& network);
  void compile(const Step& step, KernelChooser& chooser, const Handle& handle);
  void compile(const std::string& name, const Convolution& op, Out y, KernelChooser& chooser, const Handle& handle);
  // Words of the format, and `count` fixed ones from each of `fixed` on, to where the kernels find them.
  void upload(std::initializer_list<std::pair<std::size_t, std::size_t>> fixed);
  void round_biases() const;
  void add_cudnn(ConvolutionPlan plan, const Convolution& op, Out y, const Handle& handle);

  Plan plan_;
  Packer packer_;
  Packed packed_;
  const Stream& stream_;
  DeviceBuffer arena_, constants_, trained_, weights_, fixed_, words_, scratch_;
  DeviceBuffer tasks_;                                 // of all layers in one launch, and of each in one of its own
  PinnedBuffer pinned_;                                // fixed_ and words_ on their way
  DeviceBuffer biases_;                                // all biases once more, in half precision
  std::vector<std::size_t> constant_at_, weights_at_;  // bytes
  std::vector<std::size_t> trained_at_;                // numbers
  std::vector<int> quantise_blocks_;                   // of each layer
  // Steps in order; those of cuDNN get their scratch memory when all are known.
  std::vector<std::function<void()>> steps_;
  std::vector<std::size_t> ends_;  // of each step of the plan: where its steps_ end
  std::vector<std::function<void()>> place_;
  std::size_t scratch_bytes_ = 0;
  Census census_;
  Kernels kernels_;
};

}  // namespace vbq::cuda
