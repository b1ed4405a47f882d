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

// Numbers of 16 bits in memory. From fp32: to nearest even; a value beyond fp16's range becomes infinite there.
struct Fp16 {
  std::uint16_t bits;
#ifdef __CUDA_ARCH__
  __device__ explicit operator float() const { return __half2float(__ushort_as_half(bits)); }
  __device__ static Fp16 of(float v) { return {__half_as_ushort(__float2half_rn(v))}; }
#else
  explicit operator float() const { return float_of_fp16(bits); }
  static Fp16 of(float v) { return {fp16_of(v)}; }
#endif
};
struct Bf16 {
  std::uint16_t bits;
#ifdef __CUDA_ARCH__
  __device__ explicit operator float() const { return __bfloat162float(__ushort_as_bfloat16(bits)); }
  __device__ static Bf16 of(float v) { return {__bfloat16_as_ushort(__float2bfloat16_rn(v))}; }
#else
  explicit operator float() const { return float_of_bf16(bits); }
  static Bf16 of(float v) { return {bf16_of(v)}; }
#endif
};

// f(0), f(1), ... f(width - 1). Small arrays of which f picks elements lie in a GPU's registers.
template <int width, typename F>
VBQ_BOTH void each(F f) {
#ifdef __CUDA_ARCH__
#pragma unroll
#endif
  for (int k = 0; k < width; ++k) f(k);
}

// `width` numbers that a GPU moves at once, by 16 bytes at most.
template <typename T, int width>
struct alignas(width * sizeof(T) < 16 ? width * sizeof(T) : 16) Chunk {
  T at[width];
  VBQ_BOTH static bool fits(const T* place, int count) {
    return count >= width && (width == 1 || reinterpret_cast<std::uintptr_t>(place) % alignof(Chunk) == 0);
  }
};

// Device memory in kernels, host memory in tests; data may be null, where an operation does without.
struct In {
  const void* data = nullptr;
  Type type = Type::fp32;
  VBQ_BOTH explicit operator bool() const { return data != nullptr; }
  // f(numbers): a pointer to them as what they are.
  template <typename F>
  VBQ_BOTH void visit(F f) const {
    if (type == Type::fp16) return f(static_cast<const Fp16*>(data));
    if (type == Type::bf16) return f(static_cast<const Bf16*>(data));
    f(static_cast<const float*>(data));
  }
  VBQ_BOTH float operator[](std::int64_t i) const {
    float v;
    visit([&](const auto* numbers) { v = static_cast<float>(numbers[i]); });
    return v;
  }
  // The `count` (at most `width`) elements from i on, each `step` from the one before; zeros beyond.
  template <int width>
  VBQ_BOTH void load(std::int64_t i, int step, int count, float (&v)[width]) const {
    visit([&]<typename T>(const T* numbers) {
      if (step == 1 && Chunk<T, width>::fits(numbers + i, count)) {
        const auto chunk = *reinterpret_cast<const Chunk<T, width>*>(numbers + i);
        each<width>([&](int k) { v[k] = static_cast<float>(chunk.at[k]); });
        return;
      }
      each<width>([&](int k) {
        v[k] = k < count ? static_cast<float>(numbers[i + static_cast<std::int64_t>(k) * step]) : 0.0F;
      });
    });
  }
};

inline constexpr int kInputs = 4;  // arrays that an operation reads, at most

struct Out {
  void* data = nullptr;
  Type type = Type::fp32;
  VBQ_BOTH void store(std::int64_t i, float v) const {
    const float one[1] = {v};
    store(i, 1, one);
  }
  // The first `count` of v (at most `width`) to the elements from i on.
  template <int width>
  VBQ_BOTH void store(std::int64_t i, int count, const float (&v)[width]) const {
    if (type == Type::fp16) return store_as(static_cast<Fp16*>(data) + i, count, v, &Fp16::of);
    if (type == Type::bf16) return store_as(static_cast<Bf16*>(data) + i, count, v, &Bf16::of);
    store_as(static_cast<float*>(data) + i, count, v, [](float number) { return number; });
  }

 private:
  template <typename T, int width, typename Convert>
  VBQ_BOTH static void store_as(T* to, int count, const float (&v)[width], Convert convert) {
    if (Chunk<T, width>::fits(to, count)) {
      Chunk<T, width> chunk;
      each<width>([&](int k) { chunk.at[k] = convert(v[k]); });
      *reinterpret_cast<Chunk<T, width>*>(to) = chunk;
      return;
    }
    each<width>([&](int k) {
      if (k < count) to[k] = convert(v[k]);
    });
  }
};

// min(max(v, low), high); a NaN stays one (fmaxf would drop it).
struct Clamp {
  float low, high;
  VBQ_BOTH float operator()(float v) const { return v < low ? low : (high < v ? high : v); }
};

}  // namespace vbq::cuda
