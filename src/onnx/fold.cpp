#include "onnx/fold.hpp"

#include <cmath>
#include <string_view>
#include <unordered_map>

#include "core/check.hpp"
#include "model/geometry.hpp"
#include "onnx/name.hpp"

namespace vbq {
namespace folding {

// Constant: its data is one of several attributes.
HostTensor constant(NodeContext& node) {
  if (const auto* value = node.attribute("value")) return node.reader().read(value->t(), node.where());
  if (node.attribute("value_float") != nullptr) return {{}, std::vector<float>{node.real("value_float", 0)}};
  if (node.attribute("value_int") != nullptr) return {{}, std::vector<std::int64_t>{node.integer("value_int", 0)}};
  if (const auto* list = node.attribute("value_floats")) {
    const Shape shape{list->floats_size()};
    node.room(shape);
    return {shape, std::vector<float>(list->floats().begin(), list->floats().end())};
  }
  if (const auto list = node.integers("value_ints")) {
    const Shape shape{static_cast<std::int64_t>(list->size())};
    node.room(shape);
    return {shape, *list};
  }
  fail("{} holds no numbers, as were expected", node.where());
}

HostTensor constant_of_shape(NodeContext& node) {
  const std::vector<std::int64_t> shape = node.integers_at(0);
  const std::size_t count = node.room(shape);
  const auto* value = node.attribute("value");
  if (value == nullptr) return {shape, std::vector<float>(count, 0.0F)};
  const HostTensor one = node.reader().read(value->t(), node.where());
  if (one.size() != 1) fail("{} has a value of {} elements: 1 was expected", node.where(), one.size());
  if (one.is_real()) return {shape, std::vector<float>(count, one.reals().front())};
  return {shape, std::vector<std::int64_t>(count, one.integers().front())};
}

// start, start + delta, ... below (above, for a negative delta) limit.
HostTensor range(NodeContext& node) {
  const auto count_of = [&](double start, double limit, double delta) {
    const double count = delta == 0 ? NAN : std::ceil((limit - start) / delta);
    if (!(count <= static_cast<double>(kLargestExtent))) {
      fail("{} counts from {} to {} by {}", node.where(), start, limit, delta);
    }
    return Shape{count < 0 ? 0 : static_cast<std::int64_t>(count)};
  };
  const auto fill = [&]<typename T>(T start, T limit, T delta) -> HostTensor {
    const Shape shape = count_of(static_cast<double>(start), static_cast<double>(limit), static_cast<double>(delta));
    std::vector<T> values(node.room(shape));
    for (std::size_t k = 0; k < values.size(); ++k) {
      // Modulo 2^64, which is right wherever the result is in range.
      if constexpr (std::is_integral_v<T>) {
        values[k] = static_cast<T>(static_cast<std::uint64_t>(start) + k * static_cast<std::uint64_t>(delta));
      } else {
        values[k] = start + static_cast<T>(k) * delta;
      }
    }
    return {shape, std::move(values)};
  };
  if (node.constant(0).is_real()) return fill(node.real_at(0), node.real_at(1), node.real_at(2));
  return fill(node.integer_at(0), node.integer_at(1), node.integer_at(2));
}

}  // namespace folding

namespace {

using Fold = HostTensor (*)(NodeContext&);

Fold find(const std::string& type) {
  using namespace folding;
  static const std::unordered_map<std::string_view, Fold> table{
      {"Add", add},
      {"And", minimum},  // of 0 and 1
      {"BitwiseAnd", bitwise_and},
      {"Cast", cast},
      {"Ceil", folding::ceil},
      {"Concat", concat},
      {"Constant", constant},
      {"ConstantOfShape", constant_of_shape},
      {"DequantizeLinear", dequantize},
      {"Div", divide},
      {"Equal", equal},
      {"Expand", expand},
      {"Flatten", flatten},
      {"Floor", folding::floor},
      {"Gather", gather},
      {"GatherElements", gather_elements},
      {"GatherND", gather_nd},
      {"Greater", greater},
      {"Less", less},
      {"Max", maximum},
      {"Min", minimum},
      {"Mul", multiply},
      {"Neg", negate},
      {"Not", logical_not},
      {"Or", maximum},  // of 0 and 1
      {"Range", range},
      {"Reshape", reshape},
      {"Slice", slice},
      {"Sqrt", square_root},
      {"Squeeze", squeeze},
      {"Sub", subtract},
      {"Transpose", transpose},
      {"Unsqueeze", unsqueeze},
      {"Where", folding::where},
  };
  const auto found = table.find(type);
  return found == table.end() ? nullptr : found->second;
}

}  // namespace

bool can_fold(const std::string& type) { return find(type) != nullptr; }

HostTensor fold(NodeContext& node) { return find(node.type())(node); }

}  // namespace vbq
