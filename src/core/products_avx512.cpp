// Compiled for processors that have it (vbq_products_options() of CMakeLists.txt); nothing elsewhere.
#if defined(__AVX512F__)

#include "core/products_loops.hpp"

namespace vbq {

void avx512_products(const Products& products, SumWay way) { all(products, way); }

}  // namespace vbq

#endif
