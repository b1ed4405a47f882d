// Compiled for processors that have it (vbq_products_options() of CMakeLists.txt); nothing elsewhere.
#if defined(__FMA__)

#include "core/products_loops.hpp"

namespace vbq {

void fma_products(const Products& products, SumWay way) { all(products, way); }

}  // namespace vbq

#endif
