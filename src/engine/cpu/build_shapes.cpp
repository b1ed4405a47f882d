// Operators that only move elements: concatenation, reshape, transpose, Slice and Pad, constants.
#include <algorithm>

#include "engine/common/padding.hpp"
#include "engine/cpu/builder.hpp"
#include "engine/cpu/loops.hpp"

namespace vbq::cpu {

void Builder::emit_concat(const Group& group, const Concat& op) {
  for (const InPlaceConcat& concat : in_place_) {
    if (concat.output == group.output && concat.block != 0) return emit_in_place(group, concat);
  }
  std::vector<api::Desc> sources;
  for (const ValueId v : group.inputs) sources.push_back(value(v).md);
  const auto pd = api::concat(plan_.engine, op.axis + 1, sources, api::strict_attributes());
  const Place y = room(group.output, pd.dst_desc());
  std::vector<Argument> arguments{{DNNL_ARG_DST, pd.dst_desc(), y}};
  for (std::size_t i = 0; i < sources.size(); ++i) {
    arguments.push_back({DNNL_ARG_MULTIPLE_SRC + static_cast<int>(i), sources[i], value(group.inputs[i]).place});
  }
  add_primitive(dnnl::concat(pd), pd, std::move(arguments));
  define(group.output, pd.dst_desc(), y);
}

// At least one input was made in its place; the others are moved there.
void Builder::emit_in_place(const Group& group, const InPlaceConcat& concat) {
  for (std::size_t i = 0; i < group.inputs.size(); ++i) {
    const Value& v = value(group.inputs[i]);
    const Place place = place_in(concat, i);
    if (!(v.place == place)) add_reorder(v.md, v.place, blocked(1, shape(group.inputs[i]), concat.block), place);
  }
  define(group.output, blocked(1, shape(group.output), concat.block), concat.place);
}

void Builder::emit_reshape(const Group& group) {
  const Place place = as_row_major(group.inputs[0]);
  define(group.output, row_major(batch_, shape(group.output)), place);
}

// The input seen with its axes in the order of the output, written in that order.
void Builder::emit_transpose(const Group& group, const Transpose& op) {
  const ValueId x = group.inputs[0];
  const Place from = as_row_major(x);
  std::vector<int> goes_to{0};  // axis of the output that each axis of the input becomes; batch first
  goes_to.resize(op.permutation.size() + 1);
  for (std::size_t a = 0; a < op.permutation.size(); ++a) {
    goes_to[static_cast<std::size_t>(op.permutation[a]) + 1] = static_cast<int>(a) + 1;
  }
  const api::Desc md = row_major(batch_, shape(group.output));
  const Place y = room(group.output, md);
  add_reorder(row_major(batch_, shape(x)).permute_axes(goes_to), from, md, y);
  define(group.output, md, y);
}

void Builder::emit_copy(const Group& group) {
  const ValueId x = group.inputs[0];
  const Shape& from = shape(x);
  const Shape& to = shape(group.output);
  // index[a][i]: the element of x's axis a that ends at i, or -1 for padding; node after node.
  std::vector<std::vector<std::int64_t>> index(from.size());
  for (std::size_t a = 0; a < from.size(); ++a) {
    for (std::int64_t i = 0; i < from[a]; ++i) index[a].push_back(i);
  }
  float value_of_padding = 0;
  for (const int k : group.copies) {
    for (std::size_t a = 0; a < from.size(); ++a) {
      std::vector<std::int64_t> next;
      if (const Pad* pad = std::get_if<Pad>(&node(k).op)) {
        value_of_padding = pad->value;
        const auto extent = static_cast<std::int64_t>(index[a].size());
        for (std::int64_t i = -pad->before[a]; i < extent + pad->after[a]; ++i) {
          const std::int64_t source = padded_from(pad->mode, i, extent);
          next.push_back(source < 0 ? -1 : index[a][static_cast<std::size_t>(source)]);
        }
      } else {
        const Slice& slice = std::get<Slice>(node(k).op);
        for (std::int64_t i = 0; i < shape(k + 1)[a]; ++i) {
          next.push_back(index[a][static_cast<std::size_t>(slice.start[a] + i * slice.step[a])]);
        }
      }
      index[a] = std::move(next);
    }
  }
  // Stay in the input's layout where the output has it too; what is left of a last block must be zeros.
  auto in = layout(x);
  const Place source = in ? value(x).place : as_row_major(x);
  if (!in) in = layout_of(row_major(batch_, from), batch_, from);
  api::Desc md = row_major(batch_, to);
  if (in->channels_last) {
    md = channels_last(batch_, to);
  } else if (in->block > 1 && (to[0] % in->block == 0 || value_of_padding == 0)) {
    md = blocked(batch_, to, in->block);
  }
  const auto out = *layout_of(md, batch_, to);
  const Place y = room(group.output, md);
  add_loop([plan = make_copy(batch_, from, *in, to, out, index, value_of_padding)](
               std::span<float* const> p) { copy(plan, p[0], p[1]); },
           {source, y});
  define(group.output, md, y);
}

void Builder::emit_constant(const Group& group, const Constant& op) {
  const std::size_t count = op.value.data.size();
  float* data = shared_floats(count * static_cast<std::size_t>(batch_));
  for (std::int64_t n = 0; n < batch_; ++n)
    std::copy(op.value.data.begin(), op.value.data.end(), data + n * static_cast<std::int64_t>(count));
  define(group.output, row_major(batch_, op.value.shape), {-1, 0, data});
}

}  // namespace vbq::cpu
