// Stands in for CUDA's header of the same name in kernels that the host's compiler compiles (see launches.cmake).
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>
#include <cstring>

#include "gpu/emulated/device.hpp"

#define __global__
#define __device__
#define __grid_constant__
#define __launch_bounds__(...)
// One thread block runs at a time, so its shared memory may be static. In a section of its own it can be found, and
// filled with rubbish before each block.
#define __shared__ static __attribute__((section("emulated_shared")))

struct alignas(16) float4 {
  float x, y, z, w;
};

inline emulated::Dim threadIdx, blockIdx, gridDim, blockDim;

inline void __syncthreads() { emulated::meet_block(); }
inline void __syncwarp(unsigned lanes = 0xffffffffU) { emulated::meet_warp(lanes, 0, 0); }

template <typename T>
T __shfl_xor_sync(unsigned lanes, T value, int distance) {
  static_assert(sizeof(T) <= sizeof(std::uint64_t));
  std::uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof value);
  bits = emulated::meet_warp(lanes, bits, (threadIdx.x % 32) ^ static_cast<unsigned>(distance));
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

template <typename T>
T atomicAdd(T* to, T value) {
  const T before = *to;
  *to += value;
  return before;
}
