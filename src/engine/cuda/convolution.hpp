// A convolution as cuDNN runs it, with all that follows it in one kernel where cuDNN can.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/cuda/cudnn.hpp"
#include "engine/cuda/plan/operators.hpp"

namespace vbq::cuda {

// What arithmetic is allowed. Sums are in fp32 in all.
enum class Arithmetic { fp32, tf32, half };  // half: products of fp16 or bf16

// What plans are made for: the GPU of a handle, or one that is only described (cuDNN's own format), to ask cuDNN
// without having it.
struct Target {
  const Cudnn* api;
  cudnnHandle_t handle = nullptr;
  const Descriptor* properties = nullptr;
};

// Which of cuDNN's kernels was chosen, and for what.
class ConvolutionPlan {
 public:
  // type: of all arrays, as cuDNN's ready-made kernels want it. `fused`: bias, residual and clamp too; else the bare
  // convolution. The first kernel in the order of cuDNN's heuristics that is deterministic, keeps to `arithmetic` and
  // needs at most `workspace` bytes; nothing where there is none: a rule, so that every rank and every resume chooses
  // alike.
  static std::optional<ConvolutionPlan> make(const Target& target, const Convolution& op, std::int64_t batch, Type type,
                                             Arithmetic arithmetic, bool fused, std::size_t workspace);

  std::size_t workspace() const { return workspace_; }
  // Names the kernel among all of cuDNN's.
  const std::vector<std::int64_t>& choice() const { return choice_; }

  // Fixes the arrays (device): op's inputs, y, and scratch memory of workspace() bytes.
  void place(const Convolution& op, void* y, void* scratch);
  // Into the handle's stream.
  void run(const Handle& handle) const;

 private:
  ConvolutionPlan(const Cudnn& api, Descriptor plan, std::size_t workspace, bool fused,
                  std::vector<std::int64_t> choice)
      : api_(&api), plan_(std::move(plan)), workspace_(workspace), fused_(fused), choice_(std::move(choice)) {}
  const Cudnn* api_;
  Descriptor plan_;
  std::optional<Descriptor> arrays_;
  std::size_t workspace_;
  bool fused_;
  std::vector<std::int64_t> choice_;
};

// True when the channels of cuDNN's groups lie where op's do: padding would shift all but the first group's.
inline bool groups_fit(const Convolution& op) {
  return op.groups == 1 || (op.x.channels() == op.x.padded && op.y.channels() == op.y.padded);
}

// True when cuDNN can clamp as op does within its own kernel: not at all, or from 0 on.
bool clamp_fits(const Convolution& op);

}  // namespace vbq::cuda
