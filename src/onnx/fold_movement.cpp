#include <algorithm>

#include "core/check.hpp"
#include "model/geometry.hpp"
#include "onnx/fold.hpp"
#include "onnx/shape_rules.hpp"

namespace vbq::folding {
namespace {

HostTensor with_shape(NodeContext& node, Shape shape) {
  node.room(shape);
  return {std::move(shape), node.constant(0).data};
}

// Input 0 read by strides; charged.
HostTensor read_strided(NodeContext& node, Shape shape, const std::vector<std::int64_t>& stride, std::int64_t offset) {
  node.room(shape);
  return std::visit(
      [&](const auto& values) -> HostTensor {
        return {shape, strided(values, shape, stride, offset)};
      },
      node.constant(0).data);
}

}  // namespace

HostTensor reshape(NodeContext& node) {
  return with_shape(
      node, reshaped(node.constant(0).shape, node.integers_at(1), node.integer("allowzero", 0) != 0, node.where()));
}

HostTensor flatten(NodeContext& node) {
  return with_shape(node, flattened(node.constant(0).shape, node.integer("axis", 1), node.where()));
}

HostTensor squeeze(NodeContext& node) {
  return with_shape(node, squeezed(node.constant(0).shape, node.list("axes", 1, 13), node.where()));
}

HostTensor unsqueeze(NodeContext& node) {
  const OptionalList axes = node.list("axes", 1, 13);
  if (!axes) fail("{} names no axes", node.where());
  return with_shape(node, unsqueezed(node.constant(0).shape, *axes, node.where()));
}

HostTensor transpose(NodeContext& node) {
  const Shape& from = node.constant(0).shape;
  const std::vector<std::int64_t> own = strides_of(from);
  Shape shape;
  std::vector<std::int64_t> stride;
  for (const int axis : permutation_of(node.integers("perm"), from.size(), node.where())) {
    shape.push_back(from[static_cast<std::size_t>(axis)]);
    stride.push_back(own[static_cast<std::size_t>(axis)]);
  }
  return read_strided(node, shape, stride, 0);
}

HostTensor slice(NodeContext& node) {
  const Shape& from = node.constant(0).shape;
  const OptionalList starts = node.list("starts", 1, 10), ends = node.list("ends", 2, 10);
  if (!starts || !ends) fail("{} has no starts or no ends", node.where());
  const OptionalList steps = node.opset() < 10 || !node.has(4) ? OptionalList() : node.integers_at(4);
  const SliceRange range = slice_range(from, *starts, *ends, node.list("axes", 3, 10), steps, node.where());
  std::vector<std::int64_t> stride = strides_of(from);
  std::int64_t offset = 0;
  for (std::size_t a = 0; a < from.size(); ++a) {
    if (range.count[a] > 0) offset += range.start[a] * stride[a];
    stride[a] *= range.step[a];
  }
  return read_strided(node, range.count, stride, offset);
}

HostTensor expand(NodeContext& node) {
  const Shape& from = node.constant(0).shape;
  const Shape target = node.integers_at(1);
  if (target.size() > kMostAxes)
    fail("{} makes {} axes: at most {} were expected", node.where(), target.size(), kMostAxes);
  const Shape shape = broadcast(from, target, node.where());
  return read_strided(node, shape, broadcast_strides(from, shape), 0);
}

HostTensor concat(NodeContext& node) {
  if (node.inputs() == 0) fail("{} joins nothing", node.where());
  Shape shape = node.constant(0).shape;
  const bool real = node.constant(0).is_real();
  const auto axis =
      static_cast<std::size_t>(normal_axis(node.integer("axis", node.opset() < 4 ? 1 : 0), shape.size(), node.where()));
  for (std::size_t i = 1; i < node.inputs(); ++i) {
    Shape other = node.constant(i).shape;
    if (node.constant(i).is_real() != real || other.size() != shape.size()) {
      fail("{} joins inputs of different kinds, where one was expected", node.where());
    }
    const std::int64_t more = std::exchange(other[axis], shape[axis]);
    if (other != shape) fail("{} joins shapes that differ not only on axis {}", node.where(), axis);
    if (__builtin_add_overflow(shape[axis], more, &shape[axis])) fail("{} makes too long an axis", node.where());
  }
  const std::size_t count = node.room(shape);
  const std::int64_t outer = elements(Shape(shape.begin(), shape.begin() + static_cast<std::ptrdiff_t>(axis)));
  const auto run = [&](auto values) -> HostTensor {
    values.reserve(count);
    for (std::int64_t o = 0; o < outer && count > 0; ++o) {
      for (std::size_t i = 0; i < node.inputs(); ++i) {
        const auto& part = std::get<decltype(values)>(node.constant(i).data);
        const auto run_length = static_cast<std::int64_t>(part.size()) / outer;
        values.insert(values.end(), part.begin() + o * run_length, part.begin() + (o + 1) * run_length);
      }
    }
    return {shape, std::move(values)};
  };
  return real ? run(std::vector<float>()) : run(std::vector<std::int64_t>());
}

// out[i, j, ...] = data[..., indices[i, j, ...], ...] on the axis.
HostTensor gather_elements(NodeContext& node) {
  const HostTensor &data = node.constant(0), &indices = node.constant(1);
  const std::size_t rank = data.shape.size();
  if (indices.is_real() || indices.shape.size() != rank) {
    fail("{} takes indices of shape {} from {}: integers of as many axes were expected", node.where(),
         shape_text(indices.shape), shape_text(data.shape));
  }
  const auto axis = static_cast<std::size_t>(normal_axis(node.integer("axis", 0), rank, node.where()));
  for (std::size_t a = 0; a < rank; ++a) {
    if (a != axis && indices.shape[a] > data.shape[a]) {
      fail("{} takes indices of shape {} from {}, which do not fit together", node.where(), shape_text(indices.shape),
           shape_text(data.shape));
    }
  }
  const std::size_t count = node.room(indices.shape);
  const auto run = [&](const auto& values) -> HostTensor {
    std::remove_cvref_t<decltype(values)> out;
    out.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      std::int64_t rest = static_cast<std::int64_t>(i), at = 0, stride = 1;
      for (std::size_t a = rank; a-- > 0;) {
        std::int64_t position = rest % indices.shape[a];
        rest /= indices.shape[a];
        if (a == axis)
          position = indices.integers()[i] < 0 ? indices.integers()[i] + data.shape[a] : indices.integers()[i];
        if (position < 0 || position >= data.shape[a]) {
          fail("{} reads index {} of an axis of {}", node.where(), indices.integers()[i], data.shape[a]);
        }
        at += position * stride;
        stride *= data.shape[a];
      }
      out.push_back(values[static_cast<std::size_t>(at)]);
    }
    return {indices.shape, std::move(out)};
  };
  return std::visit(run, data.data);
}

// out[outer..., index..., inner...] = data[outer..., indices[index...], inner...]
HostTensor gather(NodeContext& node) {
  const HostTensor &data = node.constant(0), &indices = node.constant(1);
  if (indices.is_real()) fail("{} has indices that are not integers", node.where());
  const auto axis = static_cast<std::ptrdiff_t>(normal_axis(node.integer("axis", 0), data.shape.size(), node.where()));
  const std::int64_t extent = data.shape[static_cast<std::size_t>(axis)];
  const std::int64_t outer = elements(Shape(data.shape.begin(), data.shape.begin() + axis));
  const std::int64_t inner = elements(Shape(data.shape.begin() + axis + 1, data.shape.end()));
  Shape shape(data.shape.begin(), data.shape.begin() + axis);
  shape.insert(shape.end(), indices.shape.begin(), indices.shape.end());
  shape.insert(shape.end(), data.shape.begin() + axis + 1, data.shape.end());
  const std::size_t count = node.room(shape);
  const auto run = [&](const auto& values) -> HostTensor {
    std::remove_cvref_t<decltype(values)> out;
    out.reserve(count);
    for (std::int64_t o = 0; o < outer && count > 0; ++o) {
      for (const std::int64_t index : indices.integers()) {
        if (index < -extent || index >= extent) {
          fail("{} reads index {} of an axis of {}", node.where(), index, extent);
        }
        const auto first = values.begin() + (o * extent + (index < 0 ? index + extent : index)) * inner;
        out.insert(out.end(), first, first + inner);
      }
    }
    return {shape, std::move(out)};
  };
  return std::visit(run, data.data);
}

// out[batch..., index..., inner...] = data[batch..., indices[batch..., index..., 0], indices[..., 1], ..., inner...]
HostTensor gather_nd(NodeContext& node) {
  const HostTensor &data = node.constant(0), &indices = node.constant(1);
  const Shape &from = data.shape, &by = indices.shape;
  const auto batch = static_cast<std::size_t>(std::max<std::int64_t>(node.integer("batch_dims", 0), 0));
  const bool fit = !indices.is_real() && batch < from.size() && batch < by.size() && by.back() >= 1 &&
                   by.back() <= static_cast<std::int64_t>(from.size() - batch) &&
                   std::equal(from.begin(), from.begin() + static_cast<std::ptrdiff_t>(batch), by.begin());
  if (!fit) {
    fail("{} takes indices of shape {} from {} (batch_dims {}), which do not fit together", node.where(),
         shape_text(by), shape_text(from), node.integer("batch_dims", 0));
  }
  const std::size_t first = batch, last = batch + static_cast<std::size_t>(by.back());
  const auto part = [](const Shape& shape, std::size_t begin, std::size_t end) {
    return Shape(shape.begin() + static_cast<std::ptrdiff_t>(begin), shape.begin() + static_cast<std::ptrdiff_t>(end));
  };
  const Shape inner_shape = part(from, last, from.size());
  Shape shape = part(by, 0, by.size() - 1);
  shape.insert(shape.end(), inner_shape.begin(), inner_shape.end());
  const std::size_t count = node.room(shape);
  const std::int64_t inner = elements(inner_shape), each = elements(part(by, batch, by.size() - 1));
  const auto run = [&](const auto& values) -> HostTensor {
    std::remove_cvref_t<decltype(values)> out;
    out.reserve(count);
    auto index = indices.integers().begin();
    for (std::int64_t k = 0; out.size() < count; ++k) {
      std::int64_t at = k / each;
      for (std::size_t a = first; a < last; ++a, ++index) {
        const std::int64_t extent = from[a];
        if (*index < -extent || *index >= extent)
          fail("{} reads index {} of an axis of {}", node.where(), *index, extent);
        at = at * extent + (*index < 0 ? *index + extent : *index);
      }
      const auto begin = values.begin() + at * inner;
      out.insert(out.end(), begin, begin + inner);
    }
    return {shape, std::move(out)};
  };
  return std::visit(run, data.data);
}

}  // namespace vbq::folding
