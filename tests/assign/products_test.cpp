#include "core/products.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "core/products_loops.hpp"
#include "support/networks.hpp"

namespace vbq {
namespace {

// For each instruction set that this processor has, and for none.
std::vector<ProductsOf> all_forms() {
  std::vector<ProductsOf> forms = {[](const Products& products, SumWay way) { all(products, way); }};
#if defined(__x86_64__)
  if (__builtin_cpu_supports("fma")) forms.push_back(fma_products);
  if (__builtin_cpu_supports("avx512f")) forms.push_back(avx512_products);
#endif
  return forms;
}

// Every width and height that the program cuts into other parts, with strides both ways.
TEST(Products, AreSumsInOrderOfFusedProducts) {
  for (const std::size_t rows : {1, 3, 4, 6, 8, 15}) {
    for (const std::size_t columns : {1, 2, 4, 7, 16, 27, 32, 63, 64, 85, 128}) {
      for (const std::size_t count : {1, 5, 64}) {
        for (const bool transposed : {false, true}) {
          const std::size_t stride = columns + 3;
          const auto size = [](std::size_t n) { return static_cast<std::int64_t>(n); };
          const std::vector<float> left = support::normal_tensor({size(rows * count)}, 1).data;
          const std::vector<float> right = support::normal_tensor({size(count * stride)}, 2).data;
          const std::vector<float> before = support::normal_tensor({size(rows * stride)}, 3).data;
          const Strided x = transposed ? Strided{left.data(), 1, rows} : Strided{left.data(), count, 1};
          std::vector<float> sum = before, expected = before, fresh = before, expected_fresh = before;
          std::vector<double> wide(before.begin(), before.end()), expected_wide = wide;
          for (std::size_t i = 0; i < rows; ++i) {
            for (std::size_t j = 0; j < columns; ++j) {
              float part = 0;
              for (std::size_t k = 0; k < count; ++k) {
                const float a = x.data[i * x.row + k * x.column], b = right[k * stride + j];
                expected[i * stride + j] = std::fma(a, b, expected[i * stride + j]);
                part = std::fma(a, b, part);
              }
              expected_fresh[i * stride + j] = part;
              expected_wide[i * stride + j] += static_cast<double>(part);
            }
          }
          add_products(x, rows, count, right.data(), stride, columns, sum.data(), stride);
          add_products(x, rows, count, right.data(), stride, columns, wide.data(), stride);
          set_products(x, rows, count, right.data(), stride, columns, fresh.data(), stride);
          for (const ProductsOf form : all_forms()) {
            std::vector<float> of_form = before, fresh_of_form = before;
            std::vector<double> wide_of_form(before.begin(), before.end());
            const auto run = [&](SumWay way, float* to, double* to_wide) {
              form({x, rows, columns, count, right.data(), stride, to, to_wide, stride}, way);
            };
            run(SumWay::goes_on, of_form.data(), nullptr);
            run(SumWay::begins, fresh_of_form.data(), nullptr);
            run(SumWay::adds, nullptr, wide_of_form.data());
            EXPECT_TRUE(of_form == expected && fresh_of_form == expected_fresh && wide_of_form == expected_wide)
                << rows << " x " << count << " x " << columns;
          }
          EXPECT_EQ(fresh, expected_fresh) << rows << " x " << count << " x " << columns;
          EXPECT_EQ(sum, expected) << rows << " x " << count << " x " << columns;
          EXPECT_EQ(wide, expected_wide) << rows << " x " << count << " x " << columns;
        }
      }
    }
  }
}

}  // namespace
}  // namespace vbq
