#include "onnx/export_weight.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <numeric>
#include <span>

#include "core/check.hpp"
#include "onnx/export_chain.hpp"

namespace vbq::exporting {
namespace {

using Type = onnx::TensorProto;

constexpr int kGatherElementsOpset = 11;

// Numbers the rows of a table anew, the most frequent first, and gives the rows' old numbers in that order. So a byte
// tells how common its value is, in every layer alike: zstd's and deflate's blocks, which know no layers, find one
// distribution.
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

// A table for each output, of which each row of indices takes its own: [O, K] indices, whatever the layer's layout.
Parts by_codebooks(const Weight& w, UsedNames& names, int opset) {
  if (opset < kGatherElementsOpset) {
    fail("{} has a codebook for each output, which needs opset {}: the file has opset {} (form float goes)", w.where,
         kGatherElementsOpset, opset);
  }
  const std::size_t outputs = w.codebooks.size(), row = w.indices.size() / outputs;
  std::size_t most = 0;
  for (const auto& levels : w.codebooks) most = std::max(most, levels.size());
  const bool turned = w.output_axis == 1;
  std::vector<std::uint8_t> indices = turned ? transposed(w.indices, row) : w.indices;
  std::vector<float> table;
  for (std::size_t o = 0; o < outputs; ++o) {
    const std::vector<float>& levels = w.codebooks[o];
    const auto own = std::span(indices).subspan(o * row, row);
    for (const std::size_t level : sort_by_frequency(own, levels.size())) table.push_back(levels[level]);
    table.resize(table.size() + most - levels.size(), table.back());
  }
  const Shape rows{static_cast<std::int64_t>(outputs), static_cast<std::int64_t>(row)};
  Chain chain(w, names);
  chain.cast(chain.bytes("indices", rows, indices));
  const Shape table_shape{static_cast<std::int64_t>(outputs), static_cast<std::int64_t>(most)};
  const std::string levels = chain.floats("levels", table_shape, table);
  set_integer(chain.then("GatherElements", {levels, chain.value()}), "axis", 1);
  if (turned) {
    chain.then("Transpose", {chain.value()});
  } else if (w.shape != rows) {
    chain.reshape();
  }
  chain.scale();
  return chain.finish();
}

Parts by_codebook(const Weight& w, UsedNames& names, int opset) {
  if (w.codebooks.size() > 1) return by_codebooks(w, names, opset);
  std::vector<std::uint8_t> indices = w.indices;
  std::vector<float> levels;
  for (const std::size_t level : sort_by_frequency(indices, w.codebooks.front().size())) {
    levels.push_back(w.codebooks.front()[level]);
  }
  Chain chain(w, names);
  chain.cast(chain.bytes("indices", w.shape, indices));
  const std::string table = chain.floats("levels", {static_cast<std::int64_t>(levels.size())}, levels);
  chain.then("Gather", {table, chain.value()});
  chain.scale();
  return chain.finish();
}

// A byte is a number of `digits` digits in base `levels`: the row of a table that holds their levels. So unpacking is a
// look-up, which every opset has. The number of digits that makes the smallest file, and divides the weights.
std::size_t digits_in_a_byte(std::size_t weights, std::size_t levels) {
  std::size_t best = 1, least = std::numeric_limits<std::size_t>::max(), rows = 1;
  for (std::size_t digits = 1; (rows *= levels) <= 256 && digits <= 8; ++digits) {
    if (weights % digits != 0) continue;
    const std::size_t size = weights / digits + rows * digits * sizeof(float);
    if (size < least) {
      least = size;
      best = digits;
    }
  }
  return best;
}

Parts by_bytes(const Weight& w, std::size_t digits, UsedNames& names) {
  const std::vector<float>& codebook = w.codebooks.front();
  const std::size_t levels = codebook.size();
  std::size_t rows = 1;
  for (std::size_t d = 0; d < digits; ++d) rows *= levels;
  std::vector<std::uint8_t> numbers(w.indices.size() / digits);
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    std::size_t number = 0;
    for (std::size_t d = digits; d-- > 0;) number = number * levels + w.indices[i * digits + d];
    numbers[i] = static_cast<std::uint8_t>(number);
  }
  std::vector<float> table;
  for (const std::size_t row : sort_by_frequency(numbers, rows)) {
    for (std::size_t d = 0, rest = row; d < digits; ++d, rest /= levels) table.push_back(codebook[rest % levels]);
  }
  Chain chain(w, names);
  chain.cast(chain.bytes("indices", {static_cast<std::int64_t>(numbers.size())}, numbers));
  const Shape table_shape{static_cast<std::int64_t>(rows), static_cast<std::int64_t>(digits)};
  const std::string rows_of_levels = chain.floats("levels", table_shape, table);
  chain.then("Gather", {rows_of_levels, chain.value()});
  chain.reshape();
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

std::size_t size_of(const Parts& parts) {
  std::size_t bytes = 0;
  for (const auto& node : parts.nodes) bytes += node.ByteSizeLong();
  for (const auto& tensor : parts.tensors) bytes += tensor.ByteSizeLong();
  return bytes;
}

// The smallest of what every opset runs: several indices a byte, one a byte, or none, for a layer of few weights. Of
// many, a table and two nodes more do not count.
Parts packed(const Weight& w, UsedNames& names, int opset) {
  constexpr std::size_t kMany = 1 << 16;
  const std::size_t levels = w.codebooks.front().size();
  const std::size_t digits = levels < 2 || w.codebooks.size() > 1 ? 1 : digits_in_a_byte(w.indices.size(), levels);
  if (digits > 1 && w.indices.size() >= kMany) return by_bytes(w, digits, names);
  UsedNames other = names;
  Parts best = plain(w);
  const auto offer = [&](Parts parts, const UsedNames& used) {
    if (size_of(parts) >= size_of(best)) return;
    best = std::move(parts);
    names = used;
  };
  if (digits > 1) {
    UsedNames used = other;
    offer(by_bytes(w, digits, used), used);
  }
  if (w.codebooks.size() == 1 || opset >= kGatherElementsOpset) offer(by_codebook(w, other, opset), other);
  return best;
}

}  // namespace

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

Parts weight_parts(const Weight& weight, ExportForm form, UsedNames& names, int opset) {
  switch (form) {
    case ExportForm::codebook:
      return by_codebook(weight, names, opset);
    case ExportForm::packed:
      return packed(weight, names, opset);
    case ExportForm::dequantize:
      return dequantised(weight, names, opset);
    case ExportForm::plain:
      return plain(weight);
  }
  fail_internal("an export has no such form");
}

}  // namespace vbq::exporting
