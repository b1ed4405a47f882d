// A convolution as cuDNN runs it, with all that follows it in one kernel where cuDNN can.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <utility>

#include "engine/cuda/offers.hpp"

namespace vbq::cuda {

// Which of cuDNN's kernels was chosen, and for what.
class ConvolutionPlan {
 public:
  // Stands before the choice of a bare convolution: its kernels have numbers of their own.
  static constexpr std::int64_t kBare = -2;

  // fused: as the offer was asked for.
  ConvolutionPlan(const Cudnn& api, Offer offer, bool fused) : api_(&api), offer_(std::move(offer)), fused_(fused) {}

  std::size_t workspace() const { return offer_.workspace; }
  KernelChoice choice() const;
  const Offer& offer() const { return offer_; }
  bool fused() const { return fused_; }

  // Fixes the arrays (device): op's inputs, y, and scratch memory of workspace() bytes.
  void place(const Convolution& op, void* y, void* scratch);
  // Into the handle's stream.
  void run(const Handle& handle) const;

 private:
  const Cudnn* api_;
  Offer offer_;
  std::optional<Descriptor> arrays_;
  bool fused_;
};

// Of one run among many, the least that was seen; waits. run() puts it into the stream, whose arrays are there; what
// they hold does not matter. Fewer runs where it is sure to take more than `hopeless`.
double microseconds(const Stream& stream, const std::function<void()>& run,
                    double hopeless = std::numeric_limits<double>::infinity());

// True when the channels of cuDNN's groups lie where op's do: padding would shift all but the first group's.
inline bool groups_fit(const Convolution& op) {
  return op.groups == 1 || (op.x.channels() == op.x.padded && op.y.channels() == op.y.padded);
}

// What is left to do after a bare convolution into y.
Affine after_bare(const Convolution& op, const Out& y);

// True when cuDNN can clamp as op does within its own kernel: not at all, or from 0 on.
bool clamp_fits(const Convolution& op);

}  // namespace vbq::cuda
