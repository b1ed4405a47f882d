#include "core/products_loops.hpp"

namespace vbq {
namespace {

void plain_products(const Products& products, SumWay way) { all(products, way); }

ProductsOf best_products() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return avx512_products;
  if (__builtin_cpu_supports("fma")) return fma_products;
#endif
  return plain_products;
}

void run(const Products& products, SumWay way) {
  static const ProductsOf best = best_products();
  best(products, way);
}

}  // namespace

void add_products(const Strided& left, std::size_t rows, std::size_t count, const float* right,
                  std::size_t right_stride, std::size_t columns, float* sum, std::size_t sum_stride) {
  run({left, rows, columns, count, right, right_stride, sum, nullptr, sum_stride}, SumWay::goes_on);
}

void add_products(const Strided& left, std::size_t rows, std::size_t count, const float* right,
                  std::size_t right_stride, std::size_t columns, double* sum, std::size_t sum_stride) {
  run({left, rows, columns, count, right, right_stride, nullptr, sum, sum_stride}, SumWay::adds);
}

void set_products(const Strided& left, std::size_t rows, std::size_t count, const float* right,
                  std::size_t right_stride, std::size_t columns, float* sum, std::size_t sum_stride) {
  run({left, rows, columns, count, right, right_stride, sum, nullptr, sum_stride}, SumWay::begins);
}

}  // namespace vbq
