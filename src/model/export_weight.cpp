#include "model/export_weight.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "core/check.hpp"

namespace vbq::exporting {
namespace {

using Type = onnx::TensorProto;

constexpr int kInt4 = 22;  // TensorProto.INT4, which older headers lack
constexpr int kInt4Opset = 21, kPerAxisOpset = 13, kGatherElementsOpset = 11;

onnx::TensorProto floats(const std::string& name, const Shape& shape, const std::vector<float>& values) {
  return make_tensor(name, Type::FLOAT, shape, values.data(), values.size() * sizeof(float));
}
onnx::TensorProto bytes(const std::string& name, const Shape& shape, const std::vector<std::uint8_t>& values) {
  return make_tensor(name, Type::UINT8, shape, values.data(), values.size());
}

// Ones but for the outputs' axis.
Shape scale_shape(const Weight& w) {
  Shape shape(w.shape.size(), 1);
  if (w.scales.size() > 1) shape[static_cast<std::size_t>(w.output_axis)] = static_cast<std::int64_t>(w.scales.size());
  return shape;
}

void set_integer(onnx::NodeProto& node, const char* name, std::int64_t value) {
  auto& attribute = *node.add_attribute();
  attribute.set_name(name);
  attribute.set_type(onnx::AttributeProto::INT);
  attribute.set_i(value);
}

// Appends nodes one after another; each reads the one before.
class Chain {
 public:
  explicit Chain(const Weight& weight) : weight_(weight) {}

  onnx::NodeProto& then(const char* type, std::vector<std::string> inputs, const char* suffix) {
    onnx::NodeProto& node = parts.nodes.emplace_back();
    parts.value = weight_.prefix + suffix;
    node.set_op_type(type);
    node.set_name(parts.value);
    for (const std::string& input : inputs) node.add_input(input);
    node.add_output(parts.value);
    return node;
  }
  std::string tensor(onnx::TensorProto made) {
    parts.tensors.push_back(std::move(made));
    return parts.tensors.back().name();
  }
  void scale() {
    if (weight_.scales.empty()) return;
    const std::string name = tensor(floats(weight_.prefix + "scale", scale_shape(weight_), weight_.scales));
    then("Mul", {parts.value, name}, "scaled");
  }
  // Gather's indices are int32 or int64; the file has bytes.
  void cast(const std::string& indices) { set_integer(then("Cast", {indices}, "indices_int32"), "to", Type::INT32); }
  void look_up(const std::string& indices, onnx::TensorProto levels) {
    cast(indices);
    then("Gather", {tensor(std::move(levels)), parts.value}, "levels_taken");
  }
  void reshape() {
    const Shape& shape = weight_.shape;
    const std::string name =
        tensor(make_tensor(weight_.prefix + "shape", Type::INT64, {static_cast<std::int64_t>(shape.size())},
                           shape.data(), shape.size() * sizeof(std::int64_t)));
    then("Reshape", {parts.value, name}, "shaped");
  }

  Parts parts;

 private:
  const Weight& weight_;
};

// A table for each output, of which each row of indices takes its own: [O, K] indices, whatever the layer's layout.
Parts by_codebooks(const Weight& w, int opset) {
  if (opset < kGatherElementsOpset) {
    fail("{} has a codebook for each output, which needs opset {}: the file has opset {} (form float goes)", w.where,
         kGatherElementsOpset, opset);
  }
  const std::size_t outputs = w.codebooks.size(), row = w.indices.size() / outputs;
  std::size_t most = 0;
  for (const auto& levels : w.codebooks) most = std::max(most, levels.size());
  std::vector<float> table;
  for (const auto& levels : w.codebooks) {
    table.insert(table.end(), levels.begin(), levels.end());
    table.resize(table.size() + most - levels.size(), levels.back());
  }
  const bool turned = w.output_axis == 1;
  const Shape rows{static_cast<std::int64_t>(outputs), static_cast<std::int64_t>(row)};
  Chain chain(w);
  const std::string indices =
      chain.tensor(bytes(w.prefix + "indices", rows, turned ? transposed(w.indices, row) : w.indices));
  chain.cast(indices);
  const Shape table_shape{static_cast<std::int64_t>(outputs), static_cast<std::int64_t>(most)};
  const std::string levels = chain.tensor(floats(w.prefix + "levels", table_shape, table));
  set_integer(chain.then("GatherElements", {levels, chain.parts.value}, "levels_taken"), "axis", 1);
  if (turned) {
    chain.then("Transpose", {chain.parts.value}, "turned");
  } else if (w.shape != rows) {
    chain.reshape();
  }
  chain.scale();
  return std::move(chain.parts);
}

Parts by_codebook(const Weight& w, int opset) {
  if (w.codebooks.size() > 1) return by_codebooks(w, opset);
  const std::vector<float>& levels = w.codebooks.front();
  Chain chain(w);
  const std::string indices = chain.tensor(bytes(w.prefix + "indices", w.shape, w.indices));
  chain.look_up(indices, floats(w.prefix + "levels", {static_cast<std::int64_t>(levels.size())}, levels));
  chain.scale();
  return std::move(chain.parts);
}

// A byte is a number of `digits` digits in base `levels`: the row of a table that holds their levels. So unpacking is a
// look-up, which every opset has. The number of digits that makes the smallest file, and divides the weights.
int digits_in_a_byte(std::size_t weights, std::size_t levels) {
  int best = 1;
  std::size_t least = std::numeric_limits<std::size_t>::max(), rows = 1;
  for (int digits = 1; (rows *= levels) <= 256 && digits <= 8; ++digits) {
    if (weights % static_cast<std::size_t>(digits) != 0) continue;
    const std::size_t size = weights / static_cast<std::size_t>(digits) + rows * static_cast<std::size_t>(digits) * 4;
    if (size < least) {
      least = size;
      best = digits;
    }
  }
  return best;
}

Parts packed(const Weight& w, int opset) {
  const std::vector<float>& codebook = w.codebooks.front();
  const std::size_t levels = codebook.size();
  const auto digits = static_cast<std::size_t>(digits_in_a_byte(w.indices.size(), levels));
  if (digits == 1 || levels < 2 || w.codebooks.size() > 1) return by_codebook(w, opset);
  std::size_t rows = 1;
  for (std::size_t d = 0; d < digits; ++d) rows *= levels;
  std::vector<float> table;
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t d = 0, rest = row; d < digits; ++d, rest /= levels) table.push_back(codebook[rest % levels]);
  }
  std::vector<std::uint8_t> numbers(w.indices.size() / digits);
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    std::size_t number = 0;
    for (std::size_t d = digits; d-- > 0;) number = number * levels + w.indices[i * digits + d];
    numbers[i] = static_cast<std::uint8_t>(number);
  }
  Chain chain(w);
  const std::string indices =
      chain.tensor(bytes(w.prefix + "indices", {static_cast<std::int64_t>(numbers.size())}, numbers));
  const Shape table_shape{static_cast<std::int64_t>(rows), static_cast<std::int64_t>(digits)};
  chain.look_up(indices, floats(w.prefix + "levels", table_shape, table));
  chain.reshape();
  chain.scale();
  return std::move(chain.parts);
}

struct Affine {
  float step = 1;
  std::vector<int> multiples;  // level k is step * multiples[k]
};

// Levels on a grid through zero, whose step is theirs or half of it (no level at zero).
std::optional<Affine> affine_of(const std::vector<float>& levels) {
  constexpr double kTolerance = 1e-4;  // of a step; levels are rounded to float
  if (levels.size() < 2) return std::nullopt;
  const double spacing = (static_cast<double>(levels.back()) - levels.front()) / static_cast<double>(levels.size() - 1);
  for (const double step : {spacing, spacing / 2}) {
    Affine found{static_cast<float>(step), {}};
    for (const float level : levels) {
      const double multiple = std::round(level / step);
      if (!(std::abs(level / step - multiple) <= kTolerance) || std::abs(multiple) > 128) break;
      found.multiples.push_back(static_cast<int>(multiple));
    }
    if (found.multiples.size() == levels.size()) return found;
  }
  return std::nullopt;
}

// Two a byte, the first in the lower half.
std::vector<std::uint8_t> int4_bytes(const std::vector<int>& values) {
  std::vector<std::uint8_t> out((values.size() + 1) / 2, 0);
  for (std::size_t i = 0; i < values.size(); ++i) {
    out[i / 2] = static_cast<std::uint8_t>(out[i / 2] | (values[i] & 15) << (i % 2 * 4));
  }
  return out;
}

Parts dequantised(const Weight& w, int opset) {
  if (opset < kPerAxisOpset) {
    fail("form dequantize needs opset {} ({} for 4 bits): the file has opset {}", kPerAxisOpset, kInt4Opset, opset);
  }
  std::vector<Affine> grids;
  for (const auto& levels : w.codebooks) {
    std::optional<Affine> grid = affine_of(levels);
    if (!grid) {
      fail(
          "{} has levels that are not equally spaced around zero, which form dequantize needs: form codebook holds any",
          w.where);
    }
    grids.push_back(*std::move(grid));
  }
  std::vector<int> values;
  for (std::size_t i = 0; i < w.indices.size(); ++i) {
    values.push_back(grids[grids.size() == 1 ? 0 : w.output_of(i)].multiples[w.indices[i]]);
  }
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  if (*high > 127) fail("{} has levels up to {} steps from zero: at most 127 fit int8", w.where, *high);
  const bool four = opset >= kInt4Opset && *low >= -8 && *high <= 7;
  const std::vector<std::uint8_t> data =
      four ? int4_bytes(values) : std::vector<std::uint8_t>(values.begin(), values.end());
  Chain chain(w);
  const std::string numbers = chain.tensor(make_tensor(
      w.prefix + "quantized", four ? kInt4 : static_cast<int>(Type::INT8), w.shape, data.data(), data.size()));
  std::vector<float> scales = w.scales.empty() ? std::vector<float>{1} : w.scales;
  if (scales.size() < grids.size()) scales.resize(grids.size(), scales.front());
  for (std::size_t o = 0; o < scales.size(); ++o) scales[o] *= grids[grids.size() == 1 ? 0 : o].step;
  const bool each = scales.size() > 1;
  const Shape shape = each ? Shape{static_cast<std::int64_t>(scales.size())} : Shape{};
  const std::string scale = chain.tensor(floats(w.prefix + "scale", shape, scales));
  onnx::NodeProto& node = chain.then("DequantizeLinear", {numbers, scale}, "dequantized");
  if (each) set_integer(node, "axis", w.output_axis);
  return std::move(chain.parts);
}

Parts plain(const Weight& w) {
  std::vector<float> values(w.indices.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t output = w.output_of(i);
    const float level = w.levels(output)[w.indices[i]];
    values[i] = w.scales.empty() ? level : w.scales[w.scales.size() == 1 ? 0 : output] * level;
  }
  Parts parts;
  parts.value = w.prefix + "weight";
  parts.tensors.push_back(floats(parts.value, w.shape, values));
  return parts;
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

Parts weight_parts(const Weight& weight, ExportForm form, int opset) {
  switch (form) {
    case ExportForm::codebook:
      return by_codebook(weight, opset);
    case ExportForm::packed:
      return packed(weight, opset);
    case ExportForm::dequantize:
      return dequantised(weight, opset);
    case ExportForm::plain:
      return plain(weight);
  }
  fail_internal("an export has no such form");
}

}  // namespace vbq::exporting
