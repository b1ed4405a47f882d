#include "core/products.hpp"

#include <algorithm>
#include <type_traits>

namespace vbq {
namespace {

// How a sum begins and ends: where it is, in float; at 0, in float; at 0, and added in double.
enum class Way { goes_on, begins, adds };

// What add_products() takes, left(0, 0), right(0, 0) and sum[0, 0] being those of the part that is to be done.
template <Way way>
struct Product {
  using Sum = std::conditional_t<way == Way::adds, double, float>;
  const float* left;
  std::size_t row, column;  // strides of left
  std::size_t count;
  const float* right;
  std::size_t right_stride;
  Sum* sum;
  std::size_t sum_stride;
};

// rows x columns sums that stay in registers.
template <std::size_t rows, std::size_t columns, Way way>
[[gnu::always_inline]] inline void block(const Product<way>& p, std::size_t i, std::size_t j) {
  const float *x = p.left + i * p.row, *y = p.right + j;
  auto* to = p.sum + i * p.sum_stride + j;
  float part[rows][columns] = {};
  if constexpr (way == Way::goes_on) {
#pragma GCC unroll 8
    for (std::size_t r = 0; r < rows; ++r) {
      for (std::size_t c = 0; c < columns; ++c) part[r][c] = to[r * p.sum_stride + c];
    }
  }
  for (std::size_t k = 0; k < p.count; ++k) {
#pragma GCC unroll 8
    for (std::size_t r = 0; r < rows; ++r) {
      const float v = x[r * p.row + k * p.column];
      for (std::size_t c = 0; c < columns; ++c) part[r][c] = __builtin_fmaf(v, y[k * p.right_stride + c], part[r][c]);
    }
  }
#pragma GCC unroll 8
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < columns; ++c) {
      if constexpr (way == Way::adds) {
        to[r * p.sum_stride + c] += static_cast<double>(part[r][c]);
      } else {
        to[r * p.sum_stride + c] = part[r][c];
      }
    }
  }
}

template <std::size_t columns, std::size_t sums, Way way>
[[gnu::always_inline]] inline void strip(const Product<way>& p, std::size_t rows, std::size_t j) {
  constexpr std::size_t kRows = std::min<std::size_t>(8, sums / columns);
  std::size_t i = 0;
  for (; i + kRows <= rows; i += kRows) block<kRows, columns>(p, i, j);
  for (; i < rows; ++i) block<1, columns>(p, i, j);
}

// Inlined into a function for each instruction set, where the compiler makes the best of the fused operations. By hand,
// because sanitisers do not get on with the compiler's own way (target_clones). sums: at once, half of the registers
// full: enough to hide the arithmetic's latency. widest: columns of them.
template <std::size_t widest, std::size_t sums, Way way>
[[gnu::always_inline]] inline void products(const Product<way>& p, std::size_t rows, std::size_t columns) {
  std::size_t j = 0;
  for (; j + widest <= columns; j += widest) strip<widest, sums>(p, rows, j);
  if constexpr (widest > 32) {
    for (; j + 32 <= columns; j += 32) strip<32, sums>(p, rows, j);
  }
  for (; j + 16 <= columns; j += 16) strip<16, sums>(p, rows, j);
  for (; j + 4 <= columns; j += 4) strip<4, sums>(p, rows, j);
  for (; j < columns; ++j) strip<1, sums>(p, rows, j);
}

template <Way way>
void plain_products(const Product<way>& p, std::size_t rows, std::size_t columns) {
  products<16, 64>(p, rows, columns);
}

#if defined(__x86_64__)
template <Way way>
[[gnu::target("fma")]] void fma_products(const Product<way>& p, std::size_t rows, std::size_t columns) {
  products<16, 64>(p, rows, columns);
}

template <Way way>
[[gnu::target("avx512f")]] void avx512_products(const Product<way>& p, std::size_t rows, std::size_t columns) {
  products<64, 256>(p, rows, columns);
}
#endif

template <Way way>
auto best_products() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return avx512_products<way>;
  if (__builtin_cpu_supports("fma")) return fma_products<way>;
#endif
  return plain_products<way>;
}

}  // namespace

void add_products(const Strided& left, std::size_t rows, std::size_t count, const float* right,
                  std::size_t right_stride, std::size_t columns, float* sum, std::size_t sum_stride) {
  static const auto best = best_products<Way::goes_on>();
  best({left.data, left.row, left.column, count, right, right_stride, sum, sum_stride}, rows, columns);
}

void add_products(const Strided& left, std::size_t rows, std::size_t count, const float* right,
                  std::size_t right_stride, std::size_t columns, double* sum, std::size_t sum_stride) {
  static const auto best = best_products<Way::adds>();
  best({left.data, left.row, left.column, count, right, right_stride, sum, sum_stride}, rows, columns);
}

void set_products(const Strided& left, std::size_t rows, std::size_t count, const float* right,
                  std::size_t right_stride, std::size_t columns, float* sum, std::size_t sum_stride) {
  static const auto best = best_products<Way::begins>();
  best({left.data, left.row, left.column, count, right, right_stride, sum, sum_stride}, rows, columns);
}

}  // namespace vbq
