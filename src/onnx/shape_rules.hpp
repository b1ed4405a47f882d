// Rules by which ONNX operators move data, as functions of shapes alone: the same for folded data and for activations.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "vbq/network.hpp"

namespace vbq {

using OptionalList = std::optional<std::vector<std::int64_t>>;

// 0..rank-1 of an axis that may count from the end. Error, naming `where`, when out of range; so in all below.
int normal_axis(std::int64_t axis, std::size_t rank, const std::string& where);

// Reshape: one -1 is what is left over; 0 copies the extent unless allow_zero.
Shape reshaped(const Shape& from, std::span<const std::int64_t> target, bool allow_zero, const std::string& where);
Shape flattened(const Shape& from, std::int64_t axis, const std::string& where);
Shape squeezed(const Shape& from, const OptionalList& axes, const std::string& where);
Shape unsqueezed(const Shape& from, std::span<const std::int64_t> axes, const std::string& where);

// Transpose; reversed when left out.
std::vector<int> permutation_of(const OptionalList& perm, std::size_t rank, const std::string& where);

// Slice: out[i] = in[start + i * step], i < count, on each axis.
struct SliceRange {
  std::vector<std::int64_t> start, step;
  Shape count;
};
SliceRange slice_range(const Shape& from, std::span<const std::int64_t> starts, std::span<const std::int64_t> ends,
                       const OptionalList& axes, const OptionalList& steps, const std::string& where);

// Row-major strides, in elements.
std::vector<std::int64_t> strides_of(const Shape& shape);
// The same for reading `from` as if it had shape `to`, which it broadcasts to: 0 on axes that repeat.
std::vector<std::int64_t> broadcast_strides(const Shape& from, const Shape& to);

// out[index] = source[offset + sum of index[a] * stride[a]], row-major over shape.
template <typename T>
std::vector<T> strided(const std::vector<T>& source, const Shape& shape, std::span<const std::int64_t> stride,
                       std::int64_t offset = 0) {
  std::vector<T> out(static_cast<std::size_t>(elements(shape)));
  Shape index(shape.size(), 0);
  for (T& value : out) {
    value = source[static_cast<std::size_t>(offset)];
    for (std::size_t a = shape.size(); a-- > 0;) {
      offset += stride[a];
      if (++index[a] < shape[a]) break;
      offset -= stride[a] * shape[a];
      index[a] = 0;
    }
  }
  return out;
}

}  // namespace vbq
