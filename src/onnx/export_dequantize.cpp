// Form dequantize: integers on a grid through zero -> DequantizeLinear.
#include <algorithm>
#include <cmath>
#include <optional>

#include "core/check.hpp"
#include "onnx/export_chain.hpp"

namespace vbq::exporting {
namespace {

using Type = onnx::TensorProto;

constexpr int kInt4Opset = 21, kPerAxisOpset = 13;

struct Affine {
  float step = 1;
  std::vector<int> multiples;  // level k is step * multiples[k]
};

// Levels as multiples of the step, each to within `tolerance` of a step; none where one is not.
std::optional<Affine> multiples_of(const std::vector<float>& levels, double step, double tolerance) {
  Affine found{static_cast<float>(step), {}};
  for (const float level : levels) {
    const double multiple = std::round(level / step);
    if (!(std::abs(level / step - multiple) <= tolerance) || std::abs(multiple) > 128) return std::nullopt;
    found.multiples.push_back(static_cast<int>(multiple));
  }
  return found;
}

// Levels on a grid through zero. Where all of it are there, its step is theirs, or half of that (no level at zero).
// Levels that no weight takes are missing: then the largest tells, which is some multiple of the step.
std::optional<Affine> affine_of(const std::vector<float>& levels) {
  if (levels.size() < 2) return std::nullopt;
  const double ends = std::abs(static_cast<double>(levels.back()) - levels.front());  // they may descend
  const double spacing = ends / static_cast<double>(levels.size() - 1);
  for (const double step : {spacing, spacing / 2}) {
    constexpr double kTolerance = 1e-4;  // levels are rounded to float
    if (std::optional<Affine> found = multiples_of(levels, step, kTolerance)) return found;
  }
  const double largest =
      std::max(std::abs(static_cast<double>(levels.front())), std::abs(static_cast<double>(levels.back())));
  for (int multiple = 1; multiple <= 128; ++multiple) {
    constexpr double kTolerance = 1e-5;  // one of so many would fit many levels less closely
    if (std::optional<Affine> found = multiples_of(levels, largest / multiple, kTolerance)) return found;
  }
  return std::nullopt;
}

// Two a byte, as two's complement of 4 bits.
std::vector<std::uint8_t> int4_bytes(const std::vector<int>& values) {
  std::vector<std::uint8_t> out;
  out.reserve(values.size());
  for (const int value : values) out.push_back(static_cast<std::uint8_t>(value & 15));
  return in_bytes(out, 4);
}

}  // namespace

Parts dequantised(const Weight& w, Scope& scope, IntegerWidth integers) {
  const int opset = scope.opset;
  const char* form = integers == IntegerWidth::int8 ? "qdq" : "dequantize";
  if (opset < kPerAxisOpset) {
    fail("form {} needs opset {} ({} for 4 bits): the file has opset {}", form, kPerAxisOpset, kInt4Opset, opset);
  }
  std::vector<Affine> grids;
  for (const auto& levels : w.codebooks) {
    // Whole levels stay as they are: biases are multiples of the input's step times the scale.
    std::optional<Affine> grid = integers == IntegerWidth::int8 ? multiples_of(levels, 1, 0) : std::nullopt;
    if (!grid) grid = affine_of(levels);
    if (!grid) {
      fail("{} has levels that are not on an even grid through zero, which form {} needs: form codebook holds any",
           w.where, form);
    }
    grids.push_back(*std::move(grid));
  }
  std::vector<int> values;
  for (std::size_t i = 0; i < w.indices.size(); ++i) {
    values.push_back(grids[grids.size() == 1 ? 0 : w.output_of(i)].multiples[w.indices[i]]);
  }
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  if (*high > 127) fail("{} has levels up to {} steps from zero: at most 127 fit int8", w.where, *high);
  const bool four = integers == IntegerWidth::smallest && opset >= kInt4Opset && *low >= -8 && *high <= 7;
  const std::vector<std::uint8_t> data =
      four ? int4_bytes(values) : std::vector<std::uint8_t>(values.begin(), values.end());
  Chain chain(w, scope, Naming::after_weight);
  const std::string numbers =
      chain.tensor("quantized", four ? kInt4 : static_cast<int>(Type::INT8), w.shape, data.data(), data.size());
  std::vector<float> scales = w.scales.empty() ? std::vector<float>{1} : w.scales;
  if (scales.size() < grids.size()) scales.resize(grids.size(), scales.front());
  for (std::size_t o = 0; o < scales.size(); ++o) scales[o] *= grids[grids.size() == 1 ? 0 : o].step;
  const bool each = scales.size() > 1;
  const Shape shape = each ? Shape{static_cast<std::int64_t>(scales.size())} : Shape{};
  const std::string scale = chain.floats("scale", shape, scales);
  std::vector<std::string> inputs{numbers, scale};
  if (integers == IntegerWidth::int8) {  // onnxruntime (1.32) has options with which it does not do without
    const std::vector<std::uint8_t> zeros(scales.size(), 0);
    inputs.push_back(chain.tensor("zero_point", Type::INT8, shape, zeros.data(), zeros.size()));
  }
  onnx::NodeProto& node = chain.then("DequantizeLinear", inputs);
  if (each) set_integer(node, "axis", w.output_axis);
  return chain.finish();
}

}  // namespace vbq::exporting
