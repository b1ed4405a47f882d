// Factors of a layer from inputs that a test has in memory.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "assign/input_moments.hpp"

namespace vbq::support {

inline void in_order(std::int64_t items, const std::function<void(std::int64_t)>& work) {
  for (std::int64_t i = 0; i < items; ++i) work(i);
}

// One image more. x: row-major, of this shape.
inline void add_image(InputMoments& moments, const std::vector<float>& x, const Shape& shape) {
  std::vector<float> room;
  moments.expect(1, room);
  moments.see(0, input_view(x.data(), shape));
  moments.add(in_order);
}

inline LayerFactor factor_of(InputMoments& moments, int node) {
  moments.end(in_order);
  LayerFactor factor{node, {}};
  for (std::int64_t b = 0; b < moments.blocks(); ++b) factor.blocks.push_back(moments.factor_block(b));
  return factor;
}

}  // namespace vbq::support
