// A convolution, and what follows it, as cuDNN is told of it.
#pragma once

#include <cstdint>
#include <optional>

#include "engine/cuda/cudnn.hpp"
#include "engine/cuda/plan/operators.hpp"

namespace vbq::cuda {

// What plans are made for: the GPU of a handle, or one that is only described (cuDNN's own format), to ask cuDNN
// without having it.
struct Target {
  const Cudnn* api;
  cudnnHandle_t handle = nullptr;
  const Descriptor* properties = nullptr;
};

// A graph's arrays by name.
enum Uid : std::int64_t { kX = 1, kWeights, kBias, kResidual, kY, kFirstVirtual };

// type: of all arrays, as cuDNN's ready-made kernels want it. fused: conv -> + residual -> + bias -> clamp, where op
// has them; else the bare convolution. Nothing where cuDNN refuses the whole.
std::optional<Descriptor> convolution_graph(const Target& target, const Convolution& op, std::int64_t batch, Type type,
                                            bool fused);

}  // namespace vbq::cuda
