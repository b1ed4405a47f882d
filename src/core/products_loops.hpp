// The loops of core/products.hpp, for the instruction set that the including file is compiled for. Vectors are spelt
// out, since whether a compiler finds them by itself changes with every change of the code around them. Nothing of the
// standard library: what is inline there might be taken from here by programs of all processors.
#pragma once

#if defined(__FMA__) || defined(__AVX512F__)
#include <immintrin.h>
#endif

#include <cstddef>

#include "core/products.hpp"

namespace vbq {

// How a sum begins and ends: where it is; at 0; at 0, and added in double.
enum class SumWay { goes_on, begins, adds };

// What add_products() takes; `wide` instead of `sum` where it adds in double.
struct Products {
  Strided left;
  std::size_t rows, columns, count;
  const float* right;
  std::size_t right_stride;
  float* sum;
  double* wide;
  std::size_t sum_stride;
};

using ProductsOf = void (*)(const Products& products, SumWay way);
void fma_products(const Products& products, SumWay way);
void avx512_products(const Products& products, SumWay way);

namespace {

#if defined(__AVX512F__)
using Vector = __m512;
inline constexpr std::size_t kWidth = 16;  // numbers of a vector
inline constexpr std::size_t kSums = 16;   // vectors of sums at once: half the registers
inline Vector broadcast(float v) { return _mm512_set1_ps(v); }
inline Vector load(const float* from) { return _mm512_loadu_ps(from); }
inline void store(float* to, Vector v) { _mm512_storeu_ps(to, v); }
inline Vector fused(Vector a, Vector b, Vector sum) { return _mm512_fmadd_ps(a, b, sum); }
inline void add(double* to, Vector v) {
  // Masked, since of the plain forms g++ 12 says that they read what nobody has set.
  const __m256 low = _mm256_castpd_ps(_mm512_maskz_extractf64x4_pd(0xf, _mm512_castps_pd(v), 0));
  const __m256 high = _mm256_castpd_ps(_mm512_maskz_extractf64x4_pd(0xf, _mm512_castps_pd(v), 1));
  _mm512_storeu_pd(to, _mm512_add_pd(_mm512_loadu_pd(to), _mm512_maskz_cvtps_pd(0xff, low)));
  _mm512_storeu_pd(to + 8, _mm512_add_pd(_mm512_loadu_pd(to + 8), _mm512_maskz_cvtps_pd(0xff, high)));
}
#elif defined(__FMA__)
using Vector = __m256;
inline constexpr std::size_t kWidth = 8, kSums = 8;
inline Vector broadcast(float v) { return _mm256_set1_ps(v); }
inline Vector load(const float* from) { return _mm256_loadu_ps(from); }
inline void store(float* to, Vector v) { _mm256_storeu_ps(to, v); }
inline Vector fused(Vector a, Vector b, Vector sum) { return _mm256_fmadd_ps(a, b, sum); }
inline void add(double* to, Vector v) {
  const __m128 low = _mm256_castps256_ps128(v), high = _mm256_extractf128_ps(v, 1);
  _mm256_storeu_pd(to, _mm256_add_pd(_mm256_loadu_pd(to), _mm256_cvtps_pd(low)));
  _mm256_storeu_pd(to + 4, _mm256_add_pd(_mm256_loadu_pd(to + 4), _mm256_cvtps_pd(high)));
}
#else
using Vector = float __attribute__((vector_size(16), aligned(4), may_alias));
inline constexpr std::size_t kWidth = 4, kSums = 16;
inline Vector broadcast(float v) { return Vector{v, v, v, v}; }
inline Vector load(const float* from) { return *reinterpret_cast<const Vector*>(from); }
inline void store(float* to, Vector v) { *reinterpret_cast<Vector*>(to) = v; }
inline Vector fused(Vector a, Vector b, Vector sum) {
  for (std::size_t i = 0; i < kWidth; ++i) sum[i] = __builtin_fmaf(a[i], b[i], sum[i]);
  return sum;
}
inline void add(double* to, Vector v) {
  for (std::size_t i = 0; i < kWidth; ++i) to[i] += static_cast<double>(v[i]);
}
#endif

// Numbers in a row of vectors: all of them, or the first few of one.
struct Whole {
  Vector read(const float* from) const { return load(from); }
  void write(float* to, Vector v) const { store(to, v); }
  void add_to(double* to, Vector v) const { add(to, v); }
};
struct Some {
  std::size_t numbers;
  Vector read(const float* from) const {
    float held[kWidth] = {};
    for (std::size_t i = 0; i < numbers; ++i) held[i] = from[i];
    return load(held);
  }
  void write(float* to, Vector v) const {
    float held[kWidth];
    store(held, v);
    for (std::size_t i = 0; i < numbers; ++i) to[i] = held[i];
  }
  void add_to(double* to, Vector v) const {
    float held[kWidth];
    store(held, v);
    for (std::size_t i = 0; i < numbers; ++i) to[i] += static_cast<double>(held[i]);
  }
};

// Sums that stay in registers: `height` rows from row i on, `vectors` vectors from column j on.
template <std::size_t height, std::size_t vectors, SumWay way, typename Numbers>
inline void block(const Products& p, std::size_t i, std::size_t j, Numbers numbers) {
  const float *x = p.left.data + i * p.left.row, *y = p.right + j;
  const std::size_t at = i * p.sum_stride + j;
  Vector sums[height][vectors];
#pragma GCC unroll 8
  for (std::size_t r = 0; r < height; ++r) {
#pragma GCC unroll 4
    for (std::size_t c = 0; c < vectors; ++c) {
      if constexpr (way == SumWay::goes_on) {
        sums[r][c] = numbers.read(p.sum + at + r * p.sum_stride + c * kWidth);
      } else {
        sums[r][c] = broadcast(0);
      }
    }
  }
#pragma GCC unroll 4
  for (std::size_t k = 0; k < p.count; ++k) {
    Vector right[vectors];
#pragma GCC unroll 4
    for (std::size_t c = 0; c < vectors; ++c) right[c] = numbers.read(y + k * p.right_stride + c * kWidth);
#pragma GCC unroll 8
    for (std::size_t r = 0; r < height; ++r) {
      const Vector left = broadcast(x[r * p.left.row + k * p.left.column]);
#pragma GCC unroll 4
      for (std::size_t c = 0; c < vectors; ++c) sums[r][c] = fused(left, right[c], sums[r][c]);
    }
  }
#pragma GCC unroll 8
  for (std::size_t r = 0; r < height; ++r) {
#pragma GCC unroll 4
    for (std::size_t c = 0; c < vectors; ++c) {
      if constexpr (way == SumWay::adds) {
        numbers.add_to(p.wide + at + r * p.sum_stride + c * kWidth, sums[r][c]);
      } else {
        numbers.write(p.sum + at + r * p.sum_stride + c * kWidth, sums[r][c]);
      }
    }
  }
}

template <std::size_t vectors, SumWay way, typename Numbers>
inline void strip(const Products& p, std::size_t j, Numbers numbers) {
  constexpr std::size_t kHeight = kSums / vectors < 8 ? kSums / vectors : 8;
  std::size_t i = 0;
  for (; i + kHeight <= p.rows; i += kHeight) block<kHeight, vectors, way>(p, i, j, numbers);
  if constexpr (kHeight >= 4) {  // what is left, together where there are several: one row alone waits for its own sums
    if (i + kHeight / 2 <= p.rows) {
      block<kHeight / 2, vectors, way>(p, i, j, numbers);
      i += kHeight / 2;
    }
  }
  for (; i < p.rows; ++i) block<1, vectors, way>(p, i, j, numbers);
}

template <SumWay way>
inline void all(const Products& p) {
  constexpr std::size_t kVectors = kSums == 8 ? 2 : 4;  // what broadcasts and loads are shared by, at best
  std::size_t j = 0;
  for (; j + kVectors * kWidth <= p.columns; j += kVectors * kWidth) strip<kVectors, way>(p, j, Whole{});
  if constexpr (kVectors > 2) {
    for (; j + 2 * kWidth <= p.columns; j += 2 * kWidth) strip<2, way>(p, j, Whole{});
  }
  for (; j + kWidth <= p.columns; j += kWidth) strip<1, way>(p, j, Whole{});
  if (j < p.columns) strip<1, way>(p, j, Some{p.columns - j});
}

inline void all(const Products& p, SumWay way) {
  if (way == SumWay::goes_on) return all<SumWay::goes_on>(p);
  if (way == SumWay::begins) return all<SumWay::begins>(p);
  all<SumWay::adds>(p);
}

}  // namespace
}  // namespace vbq
