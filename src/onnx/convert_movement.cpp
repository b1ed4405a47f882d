// Operators that move data: joins, new shapes, permutations, padding, slices.
#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/ranges.h>

#include "core/check.hpp"
#include "model/geometry.hpp"
#include "onnx/convert.hpp"
#include "onnx/shape_rules.hpp"

namespace vbq::converting {
namespace {

// A file for one image may drop the images' axis and bring it back later, as PyTorch's dynamo exporter does for a
// strided view. Between the two the value is bare: its shape is the image's, and only movements take it (translate.cpp
// sees to that).
bool drops_batch(const Builder& builder, const Shape& from, const Shape& to) {
  return builder.batch() == 1 && (to.empty() || to.front() != 1) && elements(from) == elements(to);
}

Shape with_batch(const Shape& image) {
  Shape shape = image;
  shape.insert(shape.begin(), 1);
  return shape;
}

bool is_bare(const Builder& builder, const Value& x) { return x.shape.empty() || x.shape.front() != builder.batch(); }

Value new_shape(NodeContext& node, Builder& builder, const Shape& shape) {
  const Value& x = node.activation(0);
  if (!drops_batch(builder, x.shape, shape)) return builder.emit(node, Reshape{}, {x.id}, shape);
  Value bare = builder.emit(node, Reshape{}, {x.id}, with_batch(shape));
  bare.shape = shape;
  bare.origin = node.where();
  return bare;
}

// Amounts an axis at either end; negative ones take away.
struct Amounts {
  std::vector<std::int64_t> before, after;
};

Amounts pad_amounts(NodeContext& node, std::size_t rank) {
  const auto pads = node.list("pads", 1, 11);
  const auto axes = node.opset() >= 18 && node.has(3) ? OptionalList(node.integers_at(3)) : OptionalList();
  const std::size_t count = axes ? axes->size() : rank;
  if (!pads || pads->size() != 2 * count) {
    fail("{} has {} pads: {} were expected", node.where(), pads ? pads->size() : 0, 2 * count);
  }
  Amounts amounts{std::vector<std::int64_t>(rank, 0), std::vector<std::int64_t>(rank, 0)};
  std::vector<bool> seen(rank, false);
  for (std::size_t k = 0; k < count; ++k) {
    const auto a = axes ? static_cast<std::size_t>(normal_axis((*axes)[k], rank, node.where())) : k;
    const std::int64_t before = (*pads)[k], after = (*pads)[count + k];
    if (seen[a] || std::min(before, after) < -kLargestExtent || std::max(before, after) > kLargestExtent) {
      fail("{} pads axis {} twice or by {} and {}", node.where(), a, before, after);
    }
    seen[a] = true;
    amounts.before[a] = before;
    amounts.after[a] = after;
  }
  if (amounts.before[0] != 0 || amounts.after[0] != 0) image_axis(node, 0, rank);  // an error that says so
  return amounts;
}

Pad::Mode pad_mode(const NodeContext& node) {
  const std::string mode = node.text("mode", "constant");
  if (mode == "reflect") return Pad::Mode::reflect;
  if (mode == "edge") return Pad::Mode::edge;
  if (mode != "constant") fail("{} pads with mode \"{}\": constant, reflect or edge was expected", node.where(), mode);
  return Pad::Mode::constant;
}

}  // namespace

Value concat(NodeContext& node, Builder& builder) {
  std::vector<Value> parts;
  const auto first = [&] {
    std::size_t i = 0;
    while (i < node.inputs() && !node.is_activation(i)) ++i;
    return i;
  }();
  const Shape& model = node.activation(first).shape;
  if (node.attribute("axis") == nullptr) fail("{} has no axis", node.where());
  const int axis = image_axis(node, node.integer("axis", 0), model.size());
  const auto at = static_cast<std::size_t>(axis) + 1;
  Shape shape = model;
  shape[at] = 0;
  std::vector<ValueId> ids;
  for (std::size_t i = 0; i < node.inputs(); ++i) {
    if (node.is_constant(i) && node.constant(i).shape.size() != model.size()) {
      fail("{} joins a constant of shape {} to a value of shape {}", node.where(), shape_text(node.constant(i).shape),
           shape_text(model));
    }
    const Value part = node.is_activation(i) ? node.activation(i) : builder.constant(node, i, model.size());
    Shape rest = part.shape;
    if (rest.size() == model.size()) rest[at] = model[at];
    if (rest != model) {
      fail("{} joins shapes {} and {}, which differ not only on axis {}", node.where(), shape_text(model),
           shape_text(part.shape), at);
    }
    shape[at] += part.shape[at];  // at most 2^31 each, and fewer than 2^31 of them
    ids.push_back(part.id);
  }
  return builder.emit(node, Concat{axis}, std::move(ids), shape);
}

Value flatten(NodeContext& node, Builder& builder) {
  return new_shape(node, builder, flattened(node.activation(0).shape, node.integer("axis", 1), node.where()));
}

Value reshape(NodeContext& node, Builder& builder) {
  const bool allow_zero = node.integer("allowzero", 0) != 0;
  return new_shape(node, builder, reshaped(node.activation(0).shape, node.integers_at(1), allow_zero, node.where()));
}

Value squeeze(NodeContext& node, Builder& builder) {
  return new_shape(node, builder, squeezed(node.activation(0).shape, node.list("axes", 1, 13), node.where()));
}

Value unsqueeze(NodeContext& node, Builder& builder) {
  const OptionalList axes = node.list("axes", 1, 13);
  if (!axes) fail("{} names no axes", node.where());
  return new_shape(node, builder, unsqueezed(node.activation(0).shape, *axes, node.where()));
}

Value transpose(NodeContext& node, Builder& builder) {
  const Value& x = node.activation(0);
  const std::vector<int> permutation = permutation_of(node.integers("perm"), x.shape.size(), node.where());
  if (permutation.front() != 0) image_axis(node, 0, x.shape.size());  // an error that says so
  Transpose op;
  Shape shape{x.shape[0]};
  for (std::size_t a = 1; a < permutation.size(); ++a) {
    op.permutation.push_back(permutation[a] - 1);
    shape.push_back(x.shape[static_cast<std::size_t>(permutation[a])]);
  }
  return builder.emit(node, std::move(op), {x.id}, shape);
}

// What negative amounts take away is sliced off first; then the rest is padded.
Value pad(NodeContext& node, Builder& builder) {
  Value x = node.activation(0);
  const Amounts amounts = pad_amounts(node, x.shape.size());
  Pad op;
  op.mode = pad_mode(node);
  op.value = op.mode != Pad::Mode::constant ? 0.0F
             : node.opset() < 11            ? node.real("value", 0)
             : node.has(2)                  ? node.real_at(2)
                                            : 0.0F;
  if (!std::isfinite(op.value)) fail("{} pads with {}: a finite number was expected", node.where(), op.value);

  vbq::Slice cut;
  Shape kept = x.shape, shape = x.shape;
  for (std::size_t a = 1; a < shape.size(); ++a) {
    const std::int64_t before = amounts.before[a], after = amounts.after[a];
    kept[a] += std::min<std::int64_t>(before, 0) + std::min<std::int64_t>(after, 0);
    shape[a] += before + after;
    cut.start.push_back(std::max<std::int64_t>(-before, 0));
    cut.step.push_back(1);
    op.before.push_back(std::max<std::int64_t>(before, 0));
    op.after.push_back(std::max<std::int64_t>(after, 0));
  }
  if (kept != x.shape) x = builder.emit(node, std::move(cut), {x.id}, kept, ".cut");
  return builder.emit(node, std::move(op), {x.id}, shape);
}

Value slice(NodeContext& node, Builder& builder) {
  const Value& x = node.activation(0);
  const OptionalList starts = node.list("starts", 1, 10), ends = node.list("ends", 2, 10);
  if (!starts || !ends) fail("{} has no starts or no ends", node.where());
  const OptionalList steps = node.opset() < 10 || !node.has(4) ? OptionalList() : node.integers_at(4);
  const SliceRange range = slice_range(x.shape, *starts, *ends, node.list("axes", 3, 10), steps, node.where());
  if (range.start[0] != 0 || range.step[0] != 1) image_axis(node, 0, x.shape.size());  // an error that says so
  return builder.emit(node,
                      Slice{{range.start.begin() + 1, range.start.end()}, {range.step.begin() + 1, range.step.end()}},
                      {x.id}, range.count);
}

// Indices into one axis as evenly spaced runs: a slice each, joined where there are several.
Value gather(NodeContext& node, Builder& builder) {
  constexpr std::size_t kMostRuns = 256;
  Value x = node.activation(0);
  const bool bare = is_bare(builder, x);
  const int own_axis = normal_axis(node.integer("axis", 0), x.shape.size(), node.where());
  if (bare) x.shape = with_batch(x.shape);
  if (node.is_activation(1)) fail("{} has computed indices, where constants were expected", node.where());
  const HostTensor& given = node.constant(1);
  if (given.is_real() || given.size() == 0) fail("{} has no indices that are integers", node.where());
  const int axis = image_axis(node, bare ? own_axis + 1 : own_axis, x.shape.size());
  const auto at = static_cast<std::size_t>(axis);
  const std::int64_t extent = x.shape[at + 1];
  const auto index = [&](std::size_t i) {
    const std::int64_t v = given.integers()[i];
    if (v < -extent || v >= extent) fail("{} reads index {} of an axis of {}", node.where(), v, extent);
    return v < 0 ? v + extent : v;
  };
  Shape shape = x.shape;
  std::vector<ValueId> runs;
  const bool named = given.shape.size() == 1 && !bare;  // no Reshape follows
  const std::size_t count = given.size();
  for (std::size_t first = 0; first < count;) {
    std::size_t last = first;  // of the run
    const std::int64_t step = first + 1 < count ? index(first + 1) - index(first) : 1;
    while (last + 1 < count && step != 0 && index(last + 1) - index(last) == step) ++last;
    if (runs.size() == kMostRuns) {
      fail("{} takes {} indices: at most {} evenly spaced runs of them were expected", node.where(), count, kMostRuns);
    }
    Slice op{std::vector<std::int64_t>(x.shape.size() - 1, 0), std::vector<std::int64_t>(x.shape.size() - 1, 1)};
    op.start[at] = index(first);
    op.step[at] = last > first ? step : 1;
    node.reader().budget().take(128, node.where());  // about what a node takes
    shape[at + 1] = static_cast<std::int64_t>(last - first + 1);
    const bool whole = last + 1 == count && runs.empty() && named;
    runs.push_back(builder.emit(node, std::move(op), {x.id}, shape, whole ? "" : fmt::format(".{}", runs.size())).id);
    first = last + 1;
  }
  Value part;
  part.id = runs.front();
  part.shape = shape;
  part.shape[at + 1] = static_cast<std::int64_t>(count);
  if (runs.size() > 1) part = builder.emit(node, Concat{axis}, std::move(runs), part.shape, named ? "" : ".all");
  if (named) return part;
  Shape wanted(x.shape.begin() + (bare ? 1 : 0),
               x.shape.begin() + axis + 1);  // the indices' axes stand where the axis was
  wanted.insert(wanted.end(), given.shape.begin(), given.shape.end());
  wanted.insert(wanted.end(), x.shape.begin() + axis + 2, x.shape.end());
  return builder.emit(node, Reshape{}, {part.id}, wanted);
}

std::vector<Value> split(NodeContext& node, Builder& builder) {
  const Value& x = node.activation(0);
  const int axis = image_axis(node, node.integer("axis", 0), x.shape.size());
  const std::int64_t extent = x.shape[static_cast<std::size_t>(axis) + 1];
  const auto parts = static_cast<std::int64_t>(node.proto().output_size());
  OptionalList sizes = node.list("split", 1, 13);
  if (!sizes) {
    sizes.emplace();  // alike; the last is smaller where they do not divide
    const std::int64_t each = (extent + parts - 1) / parts;
    for (std::int64_t k = 0; k < parts; ++k) sizes->push_back(std::min(each, extent - k * each));
  }
  std::int64_t sum = 0;
  for (const std::int64_t size : *sizes) {
    if (size < 1 || size > extent) fail("{} has a part of {} of {}", node.where(), size, extent);
    sum += size;
  }
  if (sum != extent || static_cast<std::int64_t>(sizes->size()) != parts) {
    fail("{} cuts {} into [{}] for {} outputs, which do not fit together", node.where(), extent,
         fmt::join(*sizes, ", "), parts);
  }
  std::vector<Value> values;
  std::int64_t start = 0;
  for (std::size_t k = 0; k < sizes->size(); ++k) {
    Slice op{std::vector<std::int64_t>(x.shape.size() - 1, 0), std::vector<std::int64_t>(x.shape.size() - 1, 1)};
    op.start[static_cast<std::size_t>(axis)] = start;
    Shape shape = x.shape;
    shape[static_cast<std::size_t>(axis) + 1] = (*sizes)[k];
    values.push_back(builder.emit(node, std::move(op), {x.id}, shape, fmt::format(".{}", k)));
    start += (*sizes)[k];
  }
  return values;
}

}  // namespace vbq::converting
