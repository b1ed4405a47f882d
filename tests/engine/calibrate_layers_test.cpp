// Factors of a network's layers, all in one pass: against H summed in plain loops, and however the work is cut.
#include "assign/calibrate_layers.hpp"

#include "assign/compensated.hpp"
#include "engine/compare.hpp"
#include "engine/matching_problem.hpp"
#include "support/up_to.hpp"

namespace vbq::test {
namespace {

CalibrationImages images_of(const Network& net, std::int64_t at_once) {
  const auto read = [&net](std::int64_t first, std::int64_t count) {
    Shard some = calibration(net, 5);
    const std::int64_t size = elements(net.input_shape());
    const std::vector<std::uint8_t> all = some.images.pixels;
    some.images.pixels.assign(all.begin() + first * size, all.begin() + (first + count) * size);
    some.images.labels.resize(static_cast<std::size_t>(count));
    some.images.count = count;
    return some;
  };
  return {kImages, read, at_once};
}

std::vector<LayerFactor> factors_by(const Network& net, EngineKind kind, int threads, const CalibrationImages& images) {
  return calibrate_layers(net, weight_layers(net), *engine_of(kind, net, 5, threads), images);
}

// What the layer sees of all images, by the reference, row-major.
std::vector<float> seen(const Network& net, ValueId value) {
  std::vector<float> x;
  for (const std::uint8_t p : calibration(net).images.pixels) x.push_back(static_cast<float>((p / 255.0 - 0.5) / 0.25));
  if (value == kInputValue) return x;
  const Network part = support::up_to(net, value);
  return infer(*engine_of(EngineKind::reference, part), part, x, kImages);
}

// What one output is a sum over, of every position of one image and one group.
std::vector<std::vector<double>> patches(const Node& node, const Shape& in, const Shape& out, const float* x,
                                         std::int64_t group) {
  std::vector<std::vector<double>> result;
  const Conv* conv = std::get_if<Conv>(&node.op);
  if (conv == nullptr) {
    const std::int64_t columns = std::get<Linear>(node.op).weight.shape[1];
    for (std::int64_t at = 0; at < elements(in); at += columns) result.emplace_back(x + at, x + at + columns);
    return result;
  }
  const Shape& w = conv->weight.shape;
  for (std::int64_t oy = 0; oy < out[1]; ++oy) {
    for (std::int64_t ox = 0; ox < out[2]; ++ox) {
      std::vector<double>& patch = result.emplace_back();
      for (std::int64_t c = group * w[1]; c < (group + 1) * w[1]; ++c) {
        for (std::int64_t ky = 0; ky < w[2]; ++ky) {
          for (std::int64_t kx = 0; kx < w[3]; ++kx) {
            const std::int64_t y = oy * conv->stride[0] + ky * conv->dilation[0] - conv->pad.top;
            const std::int64_t z = ox * conv->stride[1] + kx * conv->dilation[1] - conv->pad.left;
            const bool inside = y >= 0 && y < in[1] && z >= 0 && z < in[2];
            patch.push_back(inside ? x[(c * in[1] + y) * in[2] + z] : 0.0);
          }
        }
      }
    }
  }
  return result;
}

// As few images as here are sampled at every position.
LayerFactor plain(const Network& net, int layer) {
  const Node& node = net.nodes[static_cast<std::size_t>(layer)];
  const Shape& in = net.shapes[static_cast<std::size_t>(node.inputs.front())];
  const std::vector<float> x = seen(net, node.inputs.front());
  const std::int64_t groups = std::holds_alternative<Conv>(node.op) ? std::get<Conv>(node.op).group : 1;
  const std::int64_t rows = weight_of(node)->shape.front() / groups;
  LayerFactor factor{layer, {}};
  for (std::int64_t g = 0; g < groups; ++g) {
    std::vector<double> h;
    std::size_t n = 0;
    double count = 0;
    for (std::int64_t i = 0; i < kImages; ++i) {
      for (const auto& patch : patches(node, in, net.shapes[static_cast<std::size_t>(layer) + 1],
                                       &x[static_cast<std::size_t>(i * elements(in))], g)) {
        n = patch.size();
        h.resize(n * n);
        for (std::size_t a = 0; a < n; ++a) {
          for (std::size_t b = 0; b < n; ++b) h[a * n + b] += patch[a] * patch[b];
        }
        ++count;
      }
    }
    for (double& sum : h) sum /= count;
    std::vector<std::int32_t> columns;
    for (std::size_t c = 0; c < n; ++c) columns.push_back(static_cast<std::int32_t>(c));
    factor.blocks.push_back(make_factor(std::move(h), columns, g * rows, rows));
  }
  return factor;
}

TEST(CalibrateLayers, IsHSummedInPlainLoops) {
  for (const Network& net : networks()) {
    const std::vector<int> layers = weight_layers(net);
    for (const EngineKind kind : kinds()) {
      const std::vector<LayerFactor> got = factors_by(net, kind, 2, images_of(net, 4));
      ASSERT_EQ(got.size(), layers.size());
      for (std::size_t i = 0; i < layers.size(); ++i) {
        const LayerFactor expected = plain(net, layers[i]);
        EXPECT_EQ(got[i].node, layers[i]);
        ASSERT_EQ(got[i].blocks.size(), expected.blocks.size());
        for (std::size_t b = 0; b < expected.blocks.size(); ++b) {
          EXPECT_EQ(got[i].blocks[b].first_row, expected.blocks[b].first_row);
          EXPECT_EQ(got[i].blocks[b].rows, expected.blocks[b].rows);
          ASSERT_EQ(got[i].blocks[b].columns, expected.blocks[b].columns) << "layer " << i;
          for (std::size_t k = 0; k < expected.blocks[b].feedback.size(); ++k) {
            ASSERT_NEAR(got[i].blocks[b].feedback[k], expected.blocks[b].feedback[k], 2e-4) << "layer " << i;
          }
        }
      }
    }
  }
}

// To the bit, where images keep their places in the engine's batches, of 5.
TEST(CalibrateLayers, DoesNotDependOnHowTheWorkIsCut) {
  const Network net = many_paths();
  const std::vector<LayerFactor> expected = factors_by(net, EngineKind::cpu, 1, images_of(net, 100));
  for (const int threads : {1, 3}) {
    for (const std::int64_t at_once : {5, 10, 13}) {
      EXPECT_EQ(factors_by(net, EngineKind::cpu, threads, images_of(net, at_once)), expected);
    }
  }
  CalibrationImages apart = images_of(net, 100);
  apart.most_sums = 1;  // a pass for every layer
  EXPECT_EQ(factors_by(net, EngineKind::cpu, 2, apart), expected);
  const std::vector<int> some{expected[1].node, expected.back().node};
  const auto got = calibrate_layers(net, some, *engine_of(EngineKind::cpu, net, 5), images_of(net, 100));
  EXPECT_EQ(got, (std::vector<LayerFactor>{expected[1], expected.back()}));
}

TEST(CalibrateLayers, FewerRunTogetherWhereTheyAreLarge) {
  Network net = support::residual_network();
  const CalibrationImages images{1000, {}, 100};
  EXPECT_EQ(images.at_once(net), 100);
  EXPECT_EQ((CalibrationImages{7, {}, 100}).at_once(net), 7);
  net.shapes[2] = {16, 1000, 1000};  // 64 MB
  EXPECT_EQ(images.at_once(net), 1);
}

}  // namespace
}  // namespace vbq::test
