// DequantizeLinear of constants: weights that a file holds as integers.
#include "core/check.hpp"
#include "model/geometry.hpp"
#include "onnx/fold.hpp"
#include "onnx/shape_rules.hpp"

namespace vbq::folding {
namespace {

// Where the scale of each element of x is: one for all, one an entry of an axis, or one a block of entries.
struct Scales {
  std::int64_t entries = 1;  // of the axis
  std::int64_t inner = 1;    // elements from one entry to the next
  std::int64_t block = 0;    // entries that share a scale; 0: the other two
  std::size_t count = 1;     // of all scales

  std::size_t of(std::size_t element) const {
    if (block == 0) return count == 1 ? 0 : element / static_cast<std::size_t>(inner) % count;
    const auto at = static_cast<std::int64_t>(element);
    const std::int64_t blocks = (entries + block - 1) / block;
    const std::int64_t outer = at / (inner * entries), entry = at / inner % entries;
    return static_cast<std::size_t>((outer * blocks + entry / block) * inner + at % inner);
  }
};

Scales scales_of(const NodeContext& node, const Shape& x, const Shape& scale) {
  Scales s;
  s.count = static_cast<std::size_t>(elements(scale));
  const std::int64_t block = node.integer("block_size", 0);
  if (block < 0 || block > kLargestExtent) {
    fail("{} has a block size of {}: 0 to {} was expected", node.where(), block, kLargestExtent);
  }
  if (block == 0 && s.count == 1 && scale.size() < 2) return s;
  const auto axis = static_cast<std::size_t>(normal_axis(node.integer("axis", 1), x.size(), node.where()));
  s.entries = x[axis];
  for (std::size_t a = axis + 1; a < x.size(); ++a) s.inner *= x[a];
  Shape expected{s.entries};
  if (block > 0) {
    expected = x;
    expected[axis] = (s.entries + block - 1) / block;
  }
  s.block = block;
  if (scale != expected) {
    fail("{} has a scale of shape {} for a value of shape {} (axis {}, block size {}): {} was expected", node.where(),
         shape_text(scale), shape_text(x), axis, block, shape_text(expected));
  }
  return s;
}

}  // namespace

// y = (x - zero point) * scale
HostTensor dequantize(NodeContext& node) {
  const HostTensor &x = node.constant(0), &scale = node.constant(1);
  if (x.is_real() || !scale.is_real()) {
    fail("{} has real numbers as values or integers as scale: integers, and real numbers, were expected", node.where());
  }
  const Scales scales = scales_of(node, x.shape, scale.shape);
  const HostTensor* zero = node.has(2) ? &node.constant(2) : nullptr;
  if (zero != nullptr && (zero->is_real() || zero->size() != scale.size())) {
    fail("{} has {} zero points for {} scales: as many integers were expected", node.where(), zero->size(),
         scale.size());
  }
  std::vector<float> out(node.room(x.shape));
  for (std::size_t k = 0; k < out.size(); ++k) {
    const std::size_t at = scales.of(k);
    std::int64_t value = x.integers()[k];
    if (zero != nullptr && __builtin_sub_overflow(value, zero->integers()[at], &value)) {
      fail("{} computes integers of 64 bits that overflow", node.where());
    }
    out[k] = static_cast<float>(value) * scale.reals()[at];
  }
  return {x.shape, std::move(out)};
}

}  // namespace vbq::folding
