// Sums of products in float, in an order that no instruction set changes.
#pragma once

#include <cstddef>

namespace vbq {

// Numbers that a sum of products takes: element (i, k) of `rows` x `count`.
struct Strided {
  const float* data;
  std::size_t row, column;  // strides
};

// sum[i, j] += sum over k of left(i, k) * right(k, j), for i < rows and j < columns; right's and sum's rows are of
// neighbours. Each sum is in the order of k, in float, by fused multiply-adds: the same bits on every instruction set.
void add_products(const Strided& left, std::size_t rows, std::size_t count, const float* right,
                  std::size_t right_stride, std::size_t columns, float* sum, std::size_t sum_stride);
// The same, but that each sum begins at 0, whatever is there.
void set_products(const Strided& left, std::size_t rows, std::size_t count, const float* right,
                  std::size_t right_stride, std::size_t columns, float* sum, std::size_t sum_stride);
// The same, but that each sum over k begins at 0 and is then added in double.
void add_products(const Strided& left, std::size_t rows, std::size_t count, const float* right,
                  std::size_t right_stride, std::size_t columns, double* sum, std::size_t sum_stride);
inline constexpr std::size_t kProductTile = 64;  // rows and columns at a time that suit the caches

}  // namespace vbq
