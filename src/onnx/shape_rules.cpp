#include "onnx/shape_rules.hpp"

#include <algorithm>

#include "core/check.hpp"
#include "model/geometry.hpp"

namespace vbq {
namespace {

// Which of `rank` axes are named; Error when one is named twice.
std::vector<bool> axis_set(std::span<const std::int64_t> axes, std::size_t rank, const std::string& where) {
  std::vector<bool> set(rank, false);
  for (const std::int64_t axis : axes) {
    const auto a = static_cast<std::size_t>(normal_axis(axis, rank, where));
    if (set[a]) fail("{} names axis {} twice", where, a);
    set[a] = true;
  }
  return set;
}

struct Range {
  std::int64_t start, step, count;
};

// One axis of a Slice: ends count from the far end when negative, then are clamped to the axis.
Range one_range(std::int64_t extent, std::int64_t start, std::int64_t end, std::int64_t step) {
  step = std::clamp(step, -kLargestExtent, kLargestExtent);
  if (start < 0) start += extent;
  if (end < 0) end += extent;
  if (step > 0) {
    start = std::clamp<std::int64_t>(start, 0, extent);
    end = std::clamp<std::int64_t>(end, 0, extent);
    return {start, step, std::max<std::int64_t>(0, (end - start + step - 1) / step)};
  }
  start = std::clamp<std::int64_t>(start, -1, extent - 1);
  end = std::clamp<std::int64_t>(end, -1, extent - 1);
  return {start, step, std::max<std::int64_t>(0, (start - end - step - 1) / -step)};
}

}  // namespace

int normal_axis(std::int64_t axis, std::size_t rank, const std::string& where) {
  const auto count = static_cast<std::int64_t>(rank);
  if (axis < -count || axis >= count) fail("{} names axis {} of {}", where, axis, count);
  return static_cast<int>(axis < 0 ? axis + count : axis);
}

Shape reshaped(const Shape& from, std::span<const std::int64_t> target, bool allow_zero, const std::string& where) {
  if (target.size() > kMostAxes) fail("{} makes {} axes: at most {} were expected", where, target.size(), kMostAxes);
  Shape shape(target.begin(), target.end());
  std::optional<std::size_t> open;
  for (std::size_t a = 0; a < shape.size(); ++a) {
    if (shape[a] == 0 && !allow_zero) {
      if (a >= from.size()) fail("{} copies axis {} of shape {}", where, a, shape_text(from));
      shape[a] = from[a];
    } else if (shape[a] == -1 && !open) {
      open = a;
      shape[a] = 1;
    }
    if (shape[a] < 0) fail("{} asks for shape {}", where, shape_text(Shape(target.begin(), target.end())));
  }
  const std::int64_t count = elements(from), known = elements(shape);
  if (open && known > 0) shape[*open] = count / known;
  if (elements(shape) != count) {
    fail("{} asks for shape {} of {}: {} elements were expected", where,
         shape_text(Shape(target.begin(), target.end())), shape_text(from), count);
  }
  return shape;
}

Shape flattened(const Shape& from, std::int64_t axis, const std::string& where) {
  const auto rank = static_cast<std::int64_t>(from.size());
  if (axis < -rank || axis > rank) fail("{} names axis {} of {}", where, axis, rank);
  const auto split = from.begin() + (axis < 0 ? axis + rank : axis);
  return {elements(Shape(from.begin(), split)), elements(Shape(split, from.end()))};
}

Shape squeezed(const Shape& from, const OptionalList& axes, const std::string& where) {
  std::vector<bool> drop(from.size());
  if (axes) {
    drop = axis_set(*axes, from.size(), where);
  } else {
    for (std::size_t a = 0; a < from.size(); ++a) drop[a] = from[a] == 1;
  }
  Shape shape;
  for (std::size_t a = 0; a < from.size(); ++a) {
    if (drop[a] && from[a] != 1)
      fail("{} drops axis {} of shape {}: an extent of 1 was expected", where, a, shape_text(from));
    if (!drop[a]) shape.push_back(from[a]);
  }
  return shape;
}

Shape unsqueezed(const Shape& from, std::span<const std::int64_t> axes, const std::string& where) {
  const std::size_t rank = from.size() + axes.size();
  if (rank > kMostAxes) fail("{} makes {} axes: at most {} were expected", where, rank, kMostAxes);
  const std::vector<bool> added = axis_set(axes, rank, where);
  Shape shape;
  auto next = from.begin();
  for (std::size_t a = 0; a < rank; ++a) shape.push_back(added[a] ? 1 : *next++);
  return shape;
}

std::vector<int> permutation_of(const OptionalList& perm, std::size_t rank, const std::string& where) {
  std::vector<int> permutation;
  if (!perm) {
    for (std::size_t a = rank; a-- > 0;) permutation.push_back(static_cast<int>(a));
    return permutation;
  }
  if (perm->size() != rank) fail("{} permutes {} axes, where its input has {}", where, perm->size(), rank);
  axis_set(*perm, rank, where);
  for (const std::int64_t axis : *perm) permutation.push_back(normal_axis(axis, rank, where));
  return permutation;
}

SliceRange slice_range(const Shape& from, std::span<const std::int64_t> starts, std::span<const std::int64_t> ends,
                       const OptionalList& axes, const OptionalList& steps, const std::string& where) {
  if (ends.size() != starts.size() || (axes && axes->size() != starts.size()) ||
      (steps && steps->size() != starts.size()) || starts.size() > from.size()) {
    fail("{} has {} starts and {} ends for {} axes: lists of equal length were expected", where, starts.size(),
         ends.size(), from.size());
  }
  if (axes) axis_set(*axes, from.size(), where);
  SliceRange range{std::vector<std::int64_t>(from.size(), 0), std::vector<std::int64_t>(from.size(), 1), from};
  for (std::size_t k = 0; k < starts.size(); ++k) {
    const auto a = axes ? static_cast<std::size_t>(normal_axis((*axes)[k], from.size(), where)) : k;
    const std::int64_t step = steps ? (*steps)[k] : 1;
    if (step == 0) fail("{} has step 0 on axis {}", where, a);
    const Range one = one_range(from[a], starts[k], ends[k], step);
    range.start[a] = one.start;
    range.step[a] = one.step;
    range.count[a] = one.count;
  }
  return range;
}

std::vector<std::int64_t> strides_of(const Shape& shape) {
  std::vector<std::int64_t> strides(shape.size(), 0);
  if (elements(shape) == 0) return strides;  // nothing to stride over, and products of the other extents may overflow
  std::int64_t stride = 1;
  for (std::size_t a = shape.size(); a-- > 0;) {
    strides[a] = stride;
    stride *= shape[a];
  }
  return strides;
}

std::vector<std::int64_t> broadcast_strides(const Shape& from, const Shape& to) {
  const std::vector<std::int64_t> own = strides_of(from);
  std::vector<std::int64_t> strides(to.size(), 0);
  const std::size_t lead = to.size() - from.size();
  for (std::size_t a = 0; a < from.size(); ++a) strides[lead + a] = from[a] == 1 ? 0 : own[a];
  return strides;
}

}  // namespace vbq
