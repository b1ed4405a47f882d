// Compensated assignment: against its plain definition, against nearest assignment, and on layers that are odd.
#include "assign/compensated.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "core/random.hpp"
#include "support/moments.hpp"
#include "support/networks.hpp"
#include "vbq/error.hpp"

namespace vbq {
namespace {

// Inputs that depend on each other, so that there is something to compensate by: H of n columns.
std::vector<double> correlated(std::size_t n, std::uint32_t name) {
  Random random(5, name, 0, Purpose::test);
  std::vector<double> h(n * n, 0.0), x(n);
  for (std::size_t p = 0; p < 3 * n; ++p) {
    const double common = random.normal();
    for (double& v : x) v = 0.7 * common + random.normal();
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = i; j < n; ++j) h[i * n + j] += x[i] * x[j] / static_cast<double>(3 * n);
    }
  }
  return h;
}

std::vector<std::int32_t> columns(std::size_t n) {
  std::vector<std::int32_t> all(n);
  std::iota(all.begin(), all.end(), 0);
  return all;
}

std::vector<float> normal_weights(std::size_t count, std::uint32_t name) {
  Random random(6, name, 0, Purpose::test);
  std::vector<float> w(count);
  for (float& v : w) v = static_cast<float>(random.normal());
  return w;
}

LayerFormat some_format(std::size_t rows, bool scaled) {
  LayerFormat format;
  format.codebooks = {Codebook::from_levels({-1.6F, -0.7F, 0.0F, 0.6F, 1.5F})};
  for (std::size_t r = 0; scaled && r < rows; ++r) format.scales.push_back(0.5F + 0.1F * static_cast<float>(r));
  return format;
}

// The definition, one row and column at a time.
std::vector<std::uint8_t> plain(const std::vector<float>& weight, std::size_t rows, const LayerFormat& format,
                                const FactorBlock& block) {
  const std::size_t n = block.columns.size();
  std::vector<std::uint8_t> result(weight.size());
  for (std::size_t r = 0; r < rows; ++r) {
    std::vector<float> w;
    for (const std::int32_t c : block.columns) w.push_back(weight[r * n + static_cast<std::size_t>(c)]);
    std::vector<float> target = w;
    for (std::size_t i = 0; i < n; ++i) {
      const float s = format.scales.empty() ? 1.0F : format.scales[r];
      const int level = format.codebook(0).index(target[i] / s);
      result[r * n + static_cast<std::size_t>(block.columns[i])] = static_cast<std::uint8_t>(level);
      const float error = w[i] - s * format.codebook(0).levels()[static_cast<std::size_t>(level)];
      for (std::size_t j = i + 1; j < n; ++j) target[j] = std::fma(error, block.feedback[i * n + j], target[j]);
    }
  }
  return result;
}

// Sum over rows of d^T H d, d the row's errors.
double weighted_error(const std::vector<float>& weight, std::size_t rows, const LayerFormat& format,
                      const std::vector<double>& h) {
  LayerFormat given = format;
  if (given.indices.empty()) {
    given.indices.resize(weight.size());
    nearest_levels(weight, static_cast<std::int64_t>(rows), format, given.indices);
  }
  std::vector<float> q(weight.size());
  apply_indices(static_cast<std::int64_t>(rows), given, q);
  const std::size_t n = weight.size() / rows;
  double error = 0;
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j) {
        error += (static_cast<double>(weight[r * n + i]) - q[r * n + i]) * h[std::min(i, j) * n + std::max(i, j)] *
                 (static_cast<double>(weight[r * n + j]) - q[r * n + j]);
      }
    }
  }
  return error;
}

// H with damping, by the block's order of columns.
std::vector<double> damped(const std::vector<double>& h, const FactorBlock& block) {
  const std::size_t n = block.columns.size();
  double mean = 0;
  for (std::size_t i = 0; i < n; ++i) mean += h[i * n + i] / static_cast<double>(n);
  std::vector<double> result(n * n);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      const auto a = static_cast<std::size_t>(block.columns[i]), b = static_cast<std::size_t>(block.columns[j]);
      result[i * n + j] = h[std::min(a, b) * n + std::max(a, b)] + (i == j ? 0.01 * mean : 0.0);
    }
  }
  return result;
}

// (1 + A)[i, j].
double unit_upper(const FactorBlock& block, std::size_t i, std::size_t j) {
  return i == j ? 1.0 : static_cast<double>(block.feedback[i * block.columns.size() + j]);
}

TEST(Compensated, FeedbackFactorsH) {
  const std::size_t n = 37;
  const std::vector<double> h = correlated(n, 1);
  std::vector<double> solved(2 * n);
  for (std::size_t i = 0; i < n; ++i) {  // the rows of H + damping that belong to columns 3 and 11
    for (const std::size_t c : {3, 11}) solved[(c == 3 ? 0 : n) + i] = h[std::min(c, i) * n + std::max(c, i)];
  }
  double mean = 0;
  for (std::size_t i = 0; i < n; ++i) mean += h[i * n + i] / static_cast<double>(n);
  solved[3] += 0.01 * mean;
  solved[n + 11] += 0.01 * mean;
  const FactorBlock block = make_factor(h, columns(n), 0, 1, solved);
  const std::vector<double> all = damped(h, block);
  std::vector<double> d(n);  // H = (1 + A) D (1 + A)^T, from the last column back
  for (std::size_t c = n; c-- > 0;) {
    d[c] = all[c * n + c];
    for (std::size_t k = c + 1; k < n; ++k) d[c] -= unit_upper(block, c, k) * unit_upper(block, c, k) * d[k];
    EXPECT_GT(d[c], 0);
  }
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      double product = 0;
      for (std::size_t k = std::max(i, j); k < n; ++k)
        product += unit_upper(block, i, k) * d[k] * unit_upper(block, j, k);
      EXPECT_NEAR(product, all[i * n + j], 1e-5) << i << ", " << j;
      if (j <= i) {
        EXPECT_EQ(block.feedback[i * n + j], 0.0F);
      }
    }
    EXPECT_NEAR(solved[i], i == 3 ? 1.0 : 0.0, 1e-9);
    EXPECT_NEAR(solved[n + i], i == 11 ? 1.0 : 0.0, 1e-9);
  }
  for (std::size_t i = 1; i < n; ++i) {
    const auto a = static_cast<std::size_t>(block.columns[i - 1]), b = static_cast<std::size_t>(block.columns[i]);
    EXPECT_GE(h[a * n + a], h[b * n + b]);
  }
}

TEST(Compensated, BlockedLoopIsTheDefinitionToTheBit) {
  for (const std::size_t n : {1, 3, 63, 64, 65, 130, 200}) {
    for (const bool scaled : {false, true}) {
      const std::size_t rows = 5;
      const std::vector<float> weight = normal_weights(rows * n, static_cast<std::uint32_t>(n));
      const FactorBlock block = make_factor(correlated(n, 2), columns(n), 0, rows);
      const LayerFormat format = some_format(rows, scaled);
      EXPECT_EQ(assign_compensated(weight, rows, format, {0, {block}}), plain(weight, rows, format, block)) << n;
    }
  }
}

TEST(Compensated, ErrorOfOutputsIsBelowNearests) {
  // Not a theorem row by row, but it holds for a layer's sum, by far: at most 0.8 of nearest's is the bound tested.
  for (std::uint32_t name = 0; name < 20; ++name) {
    const std::size_t rows = 16, n = 48;
    const std::vector<float> weight = normal_weights(rows * n, 100 + name);
    const std::vector<double> h = correlated(n, 200 + name);
    LayerFormat format = some_format(rows, false);
    const double nearest = weighted_error(weight, rows, format, h);
    format.indices = assign_compensated(weight, rows, format, {0, {make_factor(h, columns(n), 0, rows)}});
    EXPECT_LT(weighted_error(weight, rows, format, h), 0.8 * nearest);
  }
}

TEST(Compensated, IndependentInputsGiveNearest) {
  const std::size_t n = 20, rows = 4;
  std::vector<double> h(n * n, 0.0);
  for (std::size_t i = 0; i < n; ++i) h[i * n + i] = 1.0 + static_cast<double>(i);
  for (const double factor : {1.0, 0.0}) {  // and inputs that are always zero
    std::vector<double> scaled = h;
    for (double& v : scaled) v *= factor;
    const std::vector<float> weight = normal_weights(rows * n, 7);
    const LayerFormat format = some_format(rows, true);
    const auto indices = assign_compensated(weight, rows, format, {0, {make_factor(scaled, columns(n), 0, rows)}});
    for (std::size_t i = 0; i < weight.size(); ++i) {
      EXPECT_EQ(indices[i], format.codebook(0).index(weight[i] / format.scales[i / n]));
    }
  }
}

TEST(Compensated, OddLayers) {
  const FactorBlock one = make_factor({2.0}, {0}, 0, 1);
  EXPECT_EQ(assign_compensated(std::vector<float>{0.5F}, 1, some_format(1, false), {0, {one}}),
            std::vector<std::uint8_t>{3});
  const FactorBlock block = make_factor(correlated(9, 3), columns(9), 0, 2);
  for (const float value : {0.0F, 0.6F}) {  // levels themselves: no error to make up for
    const std::vector<float> constant(18, value);
    const auto indices = assign_compensated(constant, 2, some_format(2, false), {0, {block}});
    EXPECT_EQ(indices, std::vector<std::uint8_t>(18, value == 0.0F ? 2 : 3));
  }
  std::vector<float> broken(18, 0.1F);
  broken[4] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THROW(assign_compensated(broken, 2, some_format(2, false), {0, {block}}), Error);
  EXPECT_THROW(make_factor({std::numeric_limits<double>::infinity()}, {0}, 0, 1), Error);
}

// Groups, padding, strides: H of a grouped convolution against sums written out.
TEST(InputMoments, GroupedConvolution) {
  Conv conv;
  conv.weight = {{4, 2, 3, 3}, std::vector<float>(72, 0.1F)};
  conv.group = 2;
  conv.stride = {2, 2};
  conv.pad = {1, 1, 1, 1};
  const Node node{"conv", conv, {0}, "w"};
  const Shape in{4, 5, 5}, out{4, 3, 3};
  InputMoments moments(node, 0, in, out, 1000);
  std::vector<double> h(18 * 18, 0.0);  // of the second group
  constexpr int kImages = 3;
  for (std::uint32_t image = 0; image < kImages; ++image) {
    const std::vector<float> x = normal_weights(100, 300 + image);
    support::add_image(moments, x, in);
    for (int oy = 0; oy < 3; ++oy) {
      for (int ox = 0; ox < 3; ++ox) {
        std::vector<double> patch;
        for (int c = 2; c < 4; ++c) {
          for (int ky = 0; ky < 3; ++ky) {
            for (int kx = 0; kx < 3; ++kx) {
              const int y = 2 * oy + ky - 1, z = 2 * ox + kx - 1;
              const bool inside = y >= 0 && y < 5 && z >= 0 && z < 5;
              const auto at =
                  static_cast<std::size_t>(c) * 25 + static_cast<std::size_t>(y) * 5 + static_cast<std::size_t>(z);
              patch.push_back(inside ? static_cast<double>(x[at]) : 0.0);
            }
          }
        }
        for (std::size_t i = 0; i < 18; ++i) {
          for (std::size_t j = 0; j < 18; ++j) h[i * 18 + j] += patch[i] * patch[j] / (9.0 * kImages);
        }
      }
    }
  }
  const LayerFactor factor = support::factor_of(moments, 0);
  ASSERT_EQ(factor.blocks.size(), 2U);
  const FactorBlock expected = make_factor(h, columns(18), 2, 2);
  EXPECT_EQ(factor.blocks[1].first_row, 2);
  EXPECT_EQ(factor.blocks[1].columns, expected.columns);
  for (std::size_t i = 0; i < expected.feedback.size(); ++i) {
    EXPECT_NEAR(factor.blocks[1].feedback[i], expected.feedback[i], 1e-4) << i;
  }
}

TEST(Assigner, RemembersAndFillsInOnlyWhatIsMissing) {
  const Network network = support::residual_network();
  const int node = weight_layers(network).front();
  const Tensor& weight = *weight_of(network.nodes[static_cast<std::size_t>(node)]);
  const std::size_t rows = static_cast<std::size_t>(weight.shape[0]), n = weight.data.size() / rows;
  auto calibration = std::make_shared<Calibration>();
  calibration->factors.push_back(
      {node, {make_factor(correlated(n, 4), columns(n), 0, static_cast<std::int64_t>(rows))}});
  std::size_t asked = 0;
  Assigner assigner(calibration.get(), [&](std::span<const LayerFormat* const> layers) {
    asked += layers.size();
    std::vector<std::vector<std::uint8_t>> made;
    for (const LayerFormat* one : layers) {
      made.push_back(assign_compensated(weight.data, weight.shape[0], *one, calibration->factors[0]));
    }
    return made;
  });
  LayerFormat layer = some_format(rows, false);
  layer.node = node;
  LayerFormat other = some_format(rows, true);
  other.node = node;
  LayerFormat without = layer;
  without.node = node + 1;  // no factor
  LayerFormat given = layer;
  given.indices.assign(weight.data.size(), 1);
  std::vector<NetworkFormat> formats{{layer}, {other, without}, {layer}, {given}};
  assigner(formats);
  EXPECT_EQ(asked, 2);  // the same layer once
  const auto expected = assign_compensated(weight.data, weight.shape[0], layer, calibration->factors[0]);
  EXPECT_EQ(formats[0][0].indices, expected);
  EXPECT_EQ(formats[1][0].indices, assign_compensated(weight.data, weight.shape[0], other, calibration->factors[0]));
  EXPECT_TRUE(formats[1][1].indices.empty());
  EXPECT_EQ(formats[2][0].indices, expected);
  EXPECT_EQ(formats[3][0].indices, given.indices);
  std::vector<NetworkFormat> again{{layer}};
  assigner(again);
  EXPECT_EQ(again[0][0].indices, expected);
  EXPECT_EQ(asked, 2);
}

}  // namespace
}  // namespace vbq
