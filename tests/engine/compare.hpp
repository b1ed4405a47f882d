// Small networks by hand, and the comparison of engine cpu with engine reference on them.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "support/networks.hpp"
#include "vbq/engine.hpp"
#include "vbq/error.hpp"
#include "vbq/quantised_network.hpp"

namespace vbq::test {

// Appends nodes; the last one added is the output.
class Graph {
 public:
  explicit Graph(Shape input) {
    net_.name = "graph";
    net_.input_name = "input";
    net_.output_name = "output";
    net_.shapes.push_back(std::move(input));
  }
  // Shape of the node's output is stated, so that a wrong one is an error of validate().
  ValueId add(Operator op, std::vector<ValueId> inputs, Shape shape) {
    const std::string name = operator_name(op) + std::to_string(net_.nodes.size());
    net_.nodes.push_back({name, std::move(op), std::move(inputs), name + ".weight"});
    net_.shapes.push_back(std::move(shape));
    return static_cast<ValueId>(net_.nodes.size());
  }
  const Shape& shape(ValueId v) const { return net_.shapes[static_cast<std::size_t>(v)]; }

  // Convolution with random weights of a size that keeps outputs near 1; bias unless told otherwise.
  ValueId conv(ValueId x, std::int64_t outputs, std::int64_t kernel, std::int64_t stride = 1, std::int64_t pad = 0,
               std::int64_t group = 1, bool bias = true) {
    Conv op = make_conv(shape(x)[0], outputs, kernel, kernel, group, bias);
    op.stride = {stride, stride};
    op.pad = {pad, pad, pad, pad};
    return add_conv(x, std::move(op));
  }
  Conv make_conv(std::int64_t inputs, std::int64_t outputs, std::int64_t kernel_h, std::int64_t kernel_w,
                 std::int64_t group = 1, bool bias = true) {
    const auto taps = static_cast<double>(inputs / group * kernel_h * kernel_w);
    Conv op;
    op.weight = support::normal_tensor({outputs, inputs / group, kernel_h, kernel_w}, ++seed_, 1 / std::sqrt(taps));
    if (bias) op.bias = support::normals(static_cast<std::size_t>(outputs), ++seed_, 0.5);
    op.group = group;
    return op;
  }
  ValueId add_conv(ValueId x, Conv op) {
    const auto extent = [&](std::size_t a, std::int64_t pads) {
      const std::int64_t taps = (op.weight.shape[a + 2] - 1) * op.dilation[a] + 1;
      return (shape(x)[a + 1] + pads - taps) / op.stride[a] + 1;
    };
    Shape out{op.weight.shape[0], extent(0, op.pad.top + op.pad.bottom), extent(1, op.pad.left + op.pad.right)};
    return add(std::move(op), {x}, std::move(out));
  }
  ValueId norm(ValueId x) {
    const auto channels = static_cast<std::size_t>(shape(x)[0]);
    BatchNorm op{support::normals(channels, ++seed_, 0.3), support::normals(channels, ++seed_, 0.5)};
    for (float& s : op.scale) s += 1.0F;
    return add(std::move(op), {x}, shape(x));
  }
  ValueId linear(ValueId x, std::int64_t outputs, bool bias = true) {
    Shape out = shape(x);
    const std::int64_t inputs = out.back();
    out.back() = outputs;
    Linear op{support::normal_tensor({outputs, inputs}, ++seed_, 1 / std::sqrt(static_cast<double>(inputs))), {}};
    if (bias) op.bias = support::normals(static_cast<std::size_t>(outputs), ++seed_, 0.5);
    return add(std::move(op), {x}, std::move(out));
  }
  ValueId relu(ValueId x) { return add(Relu{}, {x}, shape(x)); }
  ValueId sum(ValueId a, ValueId b) { return add(kAdd, {a, b}, shape(a)); }
  ValueId concat(std::vector<ValueId> parts) {
    Shape out = shape(parts[0]);
    out[0] = 0;
    for (const ValueId v : parts) out[0] += shape(v)[0];
    return add(Concat{0}, std::move(parts), std::move(out));
  }
  ValueId constant(Shape shape) {
    Tensor value = support::normal_tensor(shape, ++seed_);
    return add(Constant{std::move(value)}, {}, std::move(shape));
  }
  ValueId flatten(ValueId x) { return add(Reshape{}, {x}, {elements(shape(x))}); }

  const Network& network() const { return net_; }

 private:
  Network net_;
  std::uint64_t seed_ = 100;
};

inline std::vector<float> infer(Engine& engine, const Network& net, const std::vector<float>& input,
                                std::int64_t images) {
  std::vector<float> output(static_cast<std::size_t>(images * elements(net.output_shape())));
  engine.infer(input, images, output);
  return output;
}

// Weights without levels take the nearest.
inline NetworkFormat with_levels(const Network& net, NetworkFormat formats) {
  take_nearest(net, formats);
  return formats;
}

// What a tap shows of an image, channel after channel.
inline std::vector<float> row_major(const TapView& view) {
  std::vector<float> x;
  for (std::int64_t c = 0; c < view.channels; ++c) {
    for (std::int64_t p = 0; p < view.plane; ++p) x.push_back(view.data[view.offset(c) + p * view.block]);
  }
  return x;
}

inline std::vector<float> inputs_for(const Network& net, std::int64_t images, std::uint64_t seed = 7) {
  return support::normals(static_cast<std::size_t>(images * elements(net.input_shape())), seed);
}

inline std::unique_ptr<Engine> engine_of(EngineKind kind, const Network& net, std::int64_t block = 100,
                                         int threads = 1) {
  EngineOptions options;
  options.kind = kind;
  options.block = block;
  options.threads = threads;
  options.tune = false;
  return make_engine(net, options);
}

// Outputs of the plan that engine cuda would run, by the host (cuda_plan_test.cpp). padded: half precision's plan, with
// its padding and copies, but in fp32.
enum class PlanNumbers { fp32, padded, fp16, bf16 };
std::vector<float> infer_by_cuda_plan(const Network& net, PlanNumbers numbers, const std::vector<float>& input,
                                      std::int64_t images);

// Whether engine cuda can be used here; asked once.
inline bool cuda_is_here() {
  static const bool here = [] {
    try {
      engine_of(EngineKind::cuda, support::residual_network());
      return true;
    } catch (const Error&) {
      return false;
    }
  }();
  return here;
}

// Of the engines that there are.
inline std::vector<EngineKind> kinds() {
  std::vector<EngineKind> all{EngineKind::reference, EngineKind::cpu};
  if (cuda_is_here()) all.push_back(EngineKind::cuda);
  return all;
}

// The outputs of engine cpu, and of engine cuda's plan on the host, differ from reference's by at most 1e-5 *
// factor * the largest magnitude of reference's: sums are in float there, in double here. Blocks of 1 and 5 images,
// because both have layouts of their own.
inline void expect_equal_engines(const Network& net, double factor = 1, double half_factor = 1) {
  ASSERT_NO_THROW(validate(net));
  constexpr std::int64_t images = 7;
  const auto input = inputs_for(net, images);
  const auto expected = infer(*engine_of(EngineKind::reference, net), net, input, images);
  double largest = 1e-6;
  for (const float y : expected) largest = std::max<double>(largest, std::fabs(y));
  for (const auto& [kind, block] : {std::pair{EngineKind::cpu, 1}, {EngineKind::cpu, 5}, {EngineKind::cuda, 5}}) {
    if (kind == EngineKind::cuda && !cuda_is_here()) continue;
    const auto got = infer(*engine_of(kind, net, block), net, input, images);
    double worst = 0;
    for (std::size_t i = 0; i < got.size(); ++i) {
      ASSERT_TRUE(std::isfinite(got[i])) << "output " << i;
      worst = std::max<double>(worst, std::fabs(static_cast<double>(got[i]) - expected[i]));
    }
    EXPECT_LE(worst, 1e-5 * factor * largest) << "engine " << static_cast<int>(kind) << ", block " << block;
  }
  // What engine cuda would run, place by place on the host. In half precision activations are as coarse as its
  // fraction; half_factor is for functions that widen their errors.
  for (const auto& [numbers, tolerance] : {std::pair{PlanNumbers::fp32, 1e-5 * factor},
                                           {PlanNumbers::padded, 1e-5 * factor},
                                           {PlanNumbers::fp16, 1e-2 * half_factor},
                                           {PlanNumbers::bf16, 6e-2 * half_factor}}) {
    const auto got = infer_by_cuda_plan(net, numbers, input, images);
    double worst = 0;
    for (std::size_t i = 0; i < got.size(); ++i) {
      ASSERT_TRUE(std::isfinite(got[i])) << "output " << i;
      worst = std::max<double>(worst, std::fabs(static_cast<double>(got[i]) - expected[i]));
    }
    EXPECT_LE(worst, tolerance * largest) << "plan of engine cuda, numbers " << static_cast<int>(numbers);
  }
}

}  // namespace vbq::test
