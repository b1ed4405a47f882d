// Everything without weights.
#include <algorithm>
#include <optional>
#include <utility>

#include "core/check.hpp"
#include "engine/cuda/plan/builder.hpp"

namespace vbq::cuda {

void Builder::emit_affine(const Group& group, std::vector<float> scale, std::vector<float> shift) {
  const Value x = dense(group.inputs[0]), y = room(group.output);
  Affine op;
  op.y = y.layout;
  op.clamp = {group.activation.minimum, group.activation.maximum};
  add(op, {x.place, {}, constant(std::move(scale)), constant(std::move(shift))}, y.place);
  values_[static_cast<std::size_t>(group.output)] = y;
}

void Builder::emit_map(const Group& group, const Unary& function) {
  const Value x = dense(group.inputs[0]), y = room(group.output);
  add(Map{y.layout, function, {}}, {x.place}, y.place);
  values_[static_cast<std::size_t>(group.output)] = y;
}

void Builder::emit_binary(const Group& group, vbq::Binary::Kind kind) {
  const Value y = room(group.output);
  Binary op;
  op.y = y.layout;
  op.kind = kind;
  op.clamp = {group.activation.minimum, group.activation.maximum};
  for (std::size_t k = 0; k < 2; ++k) {
    const Layout& x = value(group.inputs[k]).layout;
    op.image[k] = x.image;
    // Aligned at the last axis; a scalar's single axis has extent 1.
    for (int a = 0; a < x.rank; ++a) {
      const int out = y.layout.rank - x.rank + a;
      if (out >= 0 && x.extent[a] != 1) op.step[k][out] = x.stride[a];
    }
  }
  add(op, {value(group.inputs[0]).place, value(group.inputs[1]).place}, y.place);
  values_[static_cast<std::size_t>(group.output)] = y;
}

void Builder::emit_pool(const Group& group, const Window& window, bool largest, bool count_padding) {
  const Value& x = value(group.inputs[0]);
  const auto whole = [&](int a) {
    return window.pad[a] == 0 && window.kernel[a] == x.layout.extent[a + 1] && window.far[a] == window.kernel[a];
  };
  // The mean of the whole image, as some exporters write it, has few places for much work.
  if (!largest && whole(0) && whole(1)) return emit_reduce(group, Reduce::Kind::mean, {1, 2});
  const Value y = room(group.output);
  Pool op;
  op.y = y.layout;
  op.x = x.layout;
  op.window = window;
  op.largest = largest;
  op.count_padding = count_padding;
  add(op, {x.place}, y.place);
  values_[static_cast<std::size_t>(group.output)] = y;
}

void Builder::emit_reduce(const Group& group, Reduce::Kind kind, const std::vector<int>& axes) {
  const Value& x = value(group.inputs[0]);
  const Value y = room(group.output);
  Reduction op;
  op.y = y.layout;
  op.kind = kind;
  op.image = x.layout.image;
  const bool kept = shape(group.output).size() == shape(group.inputs[0]).size();
  int out = 0;
  for (int a = 0; a < x.layout.rank; ++a) {
    if (std::find(axes.begin(), axes.end(), a) != axes.end()) {
      const int last = op.reduced - 1, extent = x.layout.extent[a], stride = x.layout.stride[a];
      if (op.reduced > 0 && op.stride[last] == extent * stride) {  // the two are one long axis
        op.extent[last] *= extent;
        op.stride[last] = stride;
      } else {
        op.extent[op.reduced] = extent;
        op.stride[op.reduced++] = stride;
      }
      if (kept) ++out;
    } else {
      op.step[out++] = x.layout.stride[a];
    }
  }
  add(op, {x.place}, y.place);
  values_[static_cast<std::size_t>(group.output)] = y;
}

// Parts that convolutions have not written where they belong are copied.
void Builder::emit_concat(const Group& group, const Concat& op) {
  const bool begun = value(group.output).place.kind != Place::Kind::none;
  const Value y = begun ? value(group.output) : room(group.output);
  int begin = 0;
  for (const ValueId v : group.inputs) {
    const Layout x = value(v).layout;
    if (parts_[static_cast<std::size_t>(v)].whole == group.output) {
      begin += x.extent[op.axis];
      continue;
    }
    Gather part;
    part.y = part_of(y.layout, static_cast<int>(op.axis), begin, x.extent[op.axis]);
    part.image = x.image;
    for (int a = 0; a < x.rank; ++a) {
      part.step[a] = x.stride[a];
      part.high[a] = x.extent[a];
    }
    begin += x.extent[op.axis];
    add(part, {value(v).place}, y.place);
  }
  values_[static_cast<std::size_t>(group.output)] = y;
}

// Nothing moves where all elements lie along the channel, or rows of channels follow each other in both shapes.
void Builder::emit_reshape(const Group& group) {
  const Value x = value(group.inputs[0]);
  const Layout layout = layout_of(shape(group.output), multiple_);
  const auto rows = [](const Layout& l, const Shape& s) {
    return l.channel == l.rank - 1 || elements(s) == l.channels();
  };
  Value y{layout, x.place};
  if (x.layout.channels() == layout.channels() && rows(x.layout, shape(group.inputs[0])) &&
      rows(layout, shape(group.output))) {
    y.layout.image = x.layout.image == 0 ? 0 : layout.image;
  } else {
    y = room(group.output);
    add(Reorder{layout, x.layout, {}}, {x.place}, y.place);
  }
  values_[static_cast<std::size_t>(group.output)] = y;
}

void Builder::emit_transpose(const Group& group, const Transpose& op) {
  const Value& x = value(group.inputs[0]);
  const Value y = room(group.output);
  Gather turn;
  turn.y = y.layout;
  turn.image = x.layout.image;
  for (int a = 0; a < y.layout.rank; ++a) {
    turn.step[a] = x.layout.stride[op.permutation[static_cast<std::size_t>(a)]];
    turn.high[a] = y.layout.extent[a];
  }
  add(turn, {x.place}, y.place);
  values_[static_cast<std::size_t>(group.output)] = y;
}

// Slices and Pads in a row are one map an axis: element i of the output is x[start + i * step], where low <= i < high.
void Builder::emit_copy(const Group& group) {
  const Value& x = value(group.inputs[0]);
  const Value y = room(group.output);
  Gather copy;
  copy.y = y.layout;
  copy.image = x.layout.image;
  for (int axis = 0; axis < x.layout.rank; ++axis) {
    const auto a = static_cast<std::size_t>(axis);
    std::int64_t start = 0, step = 1, low = 0, high = x.layout.extent[axis];
    for (const int k : group.copies) {
      if (const Pad* pad = std::get_if<Pad>(&node(k).op)) {
        if (pad->before.empty()) continue;
        copy.fill = pad->value;
        start -= step * pad->before[a];
        low += pad->before[a];
        high += pad->before[a];
        continue;
      }
      const auto& slice = std::get<Slice>(node(k).op);
      if (slice.start.empty()) continue;
      std::int64_t first = shape(k + 1)[a], end = 0;  // the picked elements that are not padding
      for (std::int64_t j = 0; j < shape(k + 1)[a]; ++j) {
        const std::int64_t i = slice.start[a] + j * slice.step[a];
        if (i < low || i >= high) continue;
        first = std::min(first, j);
        end = j + 1;
      }
      start += step * slice.start[a];
      step *= slice.step[a];
      low = first;
      high = end;
    }
    copy.base += start * x.layout.stride[axis];
    copy.step[axis] = static_cast<int>(step * x.layout.stride[axis]);
    copy.low[axis] = static_cast<int>(low);
    copy.high[axis] = static_cast<int>(high);
  }
  add(copy, {x.place}, y.place);
  values_[static_cast<std::size_t>(group.output)] = y;
}

void Builder::emit_border(const Group& group, const Pad& pad) {
  const Value& x = value(group.inputs[0]);
  const Value y = room(group.output);
  Border op;
  op.y = y.layout;
  op.x = x.layout;
  op.mode = pad.mode;
  for (std::size_t a = 0; a < pad.before.size(); ++a) op.before[a] = static_cast<int>(pad.before[a]);
  add(op, {x.place}, y.place);
  values_[static_cast<std::size_t>(group.output)] = y;
}

void Builder::emit_softmax(const Group& group, const vbq::Softmax& softmax) {
  const Value x = dense(group.inputs[0]), y = room(group.output);
  Softmax op;
  op.x = x.layout;
  op.axis = softmax.axis;
  op.form = softmax.form;
  op.rows = 1;
  for (int a = 0; a < x.layout.rank; ++a) op.rows *= a == op.axis ? 1 : x.layout.extent[a];
  add(op, {x.place}, y.place);
  values_[static_cast<std::size_t>(group.output)] = y;
}

void Builder::emit_constant(const Group& group, const Constant& op) {
  Layout layout = layout_of(shape(group.output), multiple_);
  std::vector<float> data(static_cast<std::size_t>(layout.image));
  for (std::size_t i = 0; i < op.value.data.size(); ++i) {
    data[static_cast<std::size_t>(layout.place_of_number(static_cast<std::int64_t>(i)))] = op.value.data[i];
  }
  layout.image = 0;
  values_[static_cast<std::size_t>(group.output)] = {layout, constant(std::move(data))};
}

}  // namespace vbq::cuda
