// Arrays of activations as kernels see them: memory whose element type is known at run time. The same code is compiled
// for the device and for the host, whose tests run every kernel's arithmetic.
#pragma once

#include <cstdint>

#ifdef __CUDACC__
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#endif

#include "core/both.hpp"
#include "core/half.hpp"

namespace vbq::cuda {

enum class Type : int { fp32, fp16, bf16 };
constexpr int bytes_of(Type type) { return type == Type::fp32 ? 4 : 2; }

// Device memory in kernels, host memory in tests; data may be null, where an operation does without.
struct In {
  const void* data = nullptr;
  Type type = Type::fp32;
  VBQ_BOTH explicit operator bool() const { return data != nullptr; }
  VBQ_BOTH float operator[](std::int64_t i) const {
#ifdef __CUDA_ARCH__
    if (type == Type::fp16) return __half2float(static_cast<const __half*>(data)[i]);
    if (type == Type::bf16) return __bfloat162float(static_cast<const __nv_bfloat16*>(data)[i]);
#else
    if (type == Type::fp16) return float_of_fp16(static_cast<const std::uint16_t*>(data)[i]);
    if (type == Type::bf16) return float_of_bf16(static_cast<const std::uint16_t*>(data)[i]);
#endif
    return static_cast<const float*>(data)[i];
  }
};

inline constexpr int kInputs = 4;  // arrays that an operation reads, at most

struct Out {
  void* data = nullptr;
  Type type = Type::fp32;
  // Rounds to nearest even. A value beyond fp16's range becomes infinite there.
  VBQ_BOTH void store(std::int64_t i, float v) const {
#ifdef __CUDA_ARCH__
    if (type == Type::fp16) {
      static_cast<__half*>(data)[i] = __float2half_rn(v);
      return;
    }
    if (type == Type::bf16) {
      static_cast<__nv_bfloat16*>(data)[i] = __float2bfloat16_rn(v);
      return;
    }
#else
    if (type != Type::fp32) {
      static_cast<std::uint16_t*>(data)[i] = type == Type::fp16 ? fp16_of(v) : bf16_of(v);
      return;
    }
#endif
    static_cast<float*>(data)[i] = v;
  }
};

// min(max(v, low), high); a NaN stays one (fmaxf would drop it).
struct Clamp {
  float low, high;
  VBQ_BOTH float operator()(float v) const { return v < low ? low : (high < v ? high : v); }
};

}  // namespace vbq::cuda
