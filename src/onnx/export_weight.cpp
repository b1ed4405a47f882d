#include "onnx/export_weight.hpp"

#include <algorithm>
#include <functional>
#include <numeric>

#include "core/check.hpp"
#include "onnx/export_chain.hpp"

namespace vbq::exporting {
namespace {

using Type = onnx::TensorProto;

Naming naming_of(int type) { return type == Type::UINT8 ? Naming::after_weight : Naming::brief; }

int bits_of(int type) { return type == kUint2 ? 2 : type == kUint4 ? 4 : 8; }

// A table for each output, of which each row of indices takes its own: [O, K] indices, whatever the layer's layout.
Parts by_indices_of_outputs(const Weight& w, int type, Scope& scope) {
  if (scope.opset < kGatherElementsOpset) {
    fail("{} has a codebook for each output, which needs opset {}: the file has opset {} (form float goes)", w.where,
         kGatherElementsOpset, scope.opset);
  }
  const Numbered n = numbered(w);
  Chain chain(w, scope, naming_of(type));
  const Shape shape = shape_of({n.rows, n.row});
  const std::vector<std::uint8_t> bytes = in_bytes(n.indices, bits_of(type));
  chain.cast(chain.tensor("indices", type, shape, bytes.data(), bytes.size()), Type::INT32);
  const std::string levels = chain.floats("levels", shape_of({n.rows, n.levels}), n.table);
  set_integer(chain.then("GatherElements", {levels, chain.value()}), "axis", 1);
  chain.place_rows(shape);
  chain.scale();
  return chain.finish();
}

}  // namespace

std::vector<std::size_t> sort_by_frequency(std::span<std::uint8_t> numbers, std::size_t rows) {
  std::vector<std::size_t> counts(rows, 0), order(rows);
  for (const std::uint8_t number : numbers) ++counts.at(number);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::greater{}, [&](std::size_t row) { return counts[row]; });
  std::vector<std::uint8_t> place(rows);
  for (std::size_t i = 0; i < rows; ++i) place[order[i]] = static_cast<std::uint8_t>(i);
  for (std::uint8_t& number : numbers) number = place[number];
  return order;
}

Numbered numbered(const Weight& w) {
  Numbered n{w.codebooks.size(), w.indices.size() / w.codebooks.size(), 0, {}, {}};
  for (const auto& levels : w.codebooks) n.levels = std::max(n.levels, levels.size());
  const bool turned = n.rows > 1 && w.output_axis == 1;
  n.indices = turned ? transposed(w.indices, n.row) : w.indices;
  for (std::size_t o = 0; o < n.rows; ++o) {
    const std::vector<float>& levels = w.codebooks[o];
    const auto own = std::span(n.indices).subspan(o * n.row, n.row);
    for (const std::size_t level : sort_by_frequency(own, levels.size())) n.table.push_back(levels[level]);
    n.table.resize((o + 1) * n.levels, n.table.back());
  }
  return n;
}

std::vector<std::uint8_t> in_bytes(const std::vector<std::uint8_t>& numbers, int bits) {
  const auto each = static_cast<std::size_t>(8 / bits);
  std::vector<std::uint8_t> out((numbers.size() + each - 1) / each, 0);
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const int shift = static_cast<int>(i % each) * bits;
    out[i / each] = static_cast<std::uint8_t>(out[i / each] | numbers[i] << shift);
  }
  return out;
}

Parts by_indices(const Weight& w, int type, Scope& scope) {
  if (w.codebooks.size() > 1) return by_indices_of_outputs(w, type, scope);
  const Numbered n = numbered(w);
  Chain chain(w, scope, naming_of(type));
  const std::vector<std::uint8_t> bytes = in_bytes(n.indices, bits_of(type));
  chain.cast(chain.tensor("indices", type, w.shape, bytes.data(), bytes.size()), Type::INT32);
  const std::string levels = chain.floats("levels", shape_of({n.levels}), n.table);
  chain.then("Gather", {levels, chain.value()});
  chain.scale();
  return chain.finish();
}

Parts plain(const Weight& w) {
  std::vector<float> values(w.indices.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t output = w.output_of(i);
    const float level = w.levels(output)[w.indices[i]];
    values[i] = w.scales.empty() ? level : w.scales[w.scales.size() == 1 ? 0 : output] * level;
  }
  Parts parts;
  parts.tensors.push_back(make_tensor(w.name, Type::FLOAT, w.shape, values.data(), values.size() * sizeof(float)));
  return parts;
}

std::size_t Weight::output_of(std::size_t i) const {
  std::size_t inner = 1;  // elements from one output to the next
  for (auto a = static_cast<std::size_t>(output_axis) + 1; a < shape.size(); ++a)
    inner *= static_cast<std::size_t>(shape[a]);
  return i / inner % static_cast<std::size_t>(shape[static_cast<std::size_t>(output_axis)]);
}

std::vector<std::uint8_t> transposed(const std::vector<std::uint8_t>& values, std::size_t rows) {
  std::vector<std::uint8_t> out;
  const std::size_t columns = values.size() / rows;
  for (std::size_t c = 0; c < columns; ++c) {
    for (std::size_t r = 0; r < rows; ++r) out.push_back(values[r * columns + c]);
  }
  return out;
}

onnx::TensorProto make_tensor(const std::string& name, int type, const Shape& shape, const void* values,
                              std::size_t size) {
  onnx::TensorProto tensor;
  tensor.set_name(name);
  tensor.set_data_type(type);
  for (const std::int64_t extent : shape) tensor.add_dims(extent);
  tensor.set_raw_data(values, size);
  return tensor;
}

Parts weight_parts(const Weight& weight, ExportForm form, Scope& scope) {
  switch (form) {
    case ExportForm::codebook:
      return by_indices(weight, Type::UINT8, scope);
    case ExportForm::packed:
      return packed(weight, scope);
    case ExportForm::dequantize:
      return dequantised(weight, scope, IntegerWidth::smallest);
    case ExportForm::qdq:
      return dequantised(weight, scope, IntegerWidth::int8);
    case ExportForm::plain:
      return plain(weight);
  }
  fail_internal("an export has no such form");
}

}  // namespace vbq::exporting
