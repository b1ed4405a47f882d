// Engine cuda's moment matching without a GPU: its pass on the host against the other engines.
#include <gtest/gtest.h>

#include <filesystem>
#include <limits>

#include "engine/host_matcher.hpp"
#include "engine/matching_problem.hpp"
#include "vbq/onnx.hpp"

namespace vbq::test {
namespace {

constexpr cuda::Type kPaddings[] = {cuda::Type::fp32, cuda::Type::fp16};

// Convolutions in groups and of one channel a group, then linear layers, one of them with a batch norm.
Network groups_and_linear_layers() {
  Graph g({4, 7, 7});
  const ValueId grouped = g.relu(g.norm(g.conv(kInputValue, 6, 3, 2, 1, 2)));
  const ValueId depthwise = g.relu(g.conv(grouped, 6, 3, 1, 1, 6));
  g.linear(g.relu(g.norm(g.linear(g.flatten(depthwise), 33, false))), 5);
  return g.network();
}

// Convolutions with and without a batch norm, of which channel 1 is 0 everywhere as trained, or the batch norm's
// scale of channel 2 is.
Network with_dead_channels() {
  Network net = many_paths();
  for (Node& n : net.nodes) {
    if (Conv* conv = std::get_if<Conv>(&n.op)) {
      const auto row = static_cast<std::ptrdiff_t>(conv->weight.data.size()) / conv->weight.shape[0];
      std::fill_n(conv->weight.data.begin() + row, row, 0.0F);
    } else if (BatchNorm* norm = std::get_if<BatchNorm>(&n.op)) {
      norm->scale[2] = 0.0F;
    }
  }
  return net;
}

void expect_near(const NetworkFormat& got, const NetworkFormat& expected) {
  ASSERT_EQ(got.size(), expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    EXPECT_EQ(got[i].node, expected[i].node);
    ASSERT_EQ(got[i].gain.size(), expected[i].gain.size()) << "layer " << i;
    ASSERT_EQ(got[i].shift.size(), expected[i].shift.size()) << "layer " << i;
    for (std::size_t o = 0; o < got[i].gain.size(); ++o) {
      ASSERT_NEAR(got[i].gain[o], expected[i].gain[o], 1e-4 * expected[i].gain[o]) << "layer " << i << ", " << o;
      ASSERT_NEAR(got[i].shift[o], expected[i].shift[o], 1e-4 * (1 + std::fabs(expected[i].shift[o])))
          << "layer " << i << ", channel " << o;
    }
  }
}

NetworkFormat match_by(EngineKind kind, const Network& net, const NetworkFormat& formats) {
  return match(net, *engine_of(kind, net), calibration(net), formats);
}

TEST(CudaMatching, GainsAndShiftsAreTheOtherEngines) {
  std::vector<Network> nets = networks();
  nets.push_back(support::residual_network(3, 7, 5, 11));
  nets.push_back(support::residual_network(1, 5, 37, 3));
  nets.push_back(groups_and_linear_layers());
  for (const Network& net : nets) {
    const NetworkFormat reference = match_by(EngineKind::reference, net, coarse(net));
    const NetworkFormat cpu = match_by(EngineKind::cpu, net, coarse(net));
    for (const cuda::Type pad_as : kPaddings) {
      HostMatcher matcher(net, calibration(net), pad_as);
      const NetworkFormat got = matcher.match(coarse(net));
      expect_near(got, reference);
      expect_near(got, cpu);
      for (const LayerFormat& layer : got) EXPECT_FALSE(layer.gain.empty());
    }
  }
}

TEST(CudaMatching, EachPassStartsAnew) {
  const Network net = many_paths();
  HostMatcher matcher(net, calibration(net), cuda::Type::fp32);
  const NetworkFormat first = matcher.match(coarse(net));
  NetworkFormat others = coarse(net);
  for (LayerFormat& layer : others) layer.codebooks = {Codebook::from_levels({-1.0F, 0.0F, 0.5F, 0.9F})};
  expect_near(matcher.match(others), match_by(EngineKind::reference, net, others));
  const NetworkFormat again = matcher.match(coarse(net));
  for (std::size_t i = 0; i < first.size(); ++i) {
    EXPECT_EQ(again[i].gain, first[i].gain);
    EXPECT_EQ(again[i].shift, first[i].shift);
  }
}

// A real network, whose weights are small and whose batch norms are far from 1 and 0.
TEST(CudaMatching, ResNet20AsEngineCpu) {
  const std::filesystem::path file = std::filesystem::path(VBQ_SHARED) / "data/cifar10/resnet20.onnx";
  if (!std::filesystem::exists(file)) GTEST_SKIP() << "no " << file;
  const Network net = read_onnx(file);
  NetworkFormat formats = coarse(net);
  for (LayerFormat& layer : formats) layer.scales = {0.1F};
  const Shard images{support::random_images(4, 3, 32), {{0.5F, 0.5F, 0.5F}, {0.25F, 0.25F, 0.25F}}, 100, false};
  expect_near(HostMatcher(net, images, cuda::Type::fp32).match(formats),
              match(net, *engine_of(EngineKind::cpu, net), images, formats));
}

// What does not vary is given its mean alone, whichever of the two networks it is that keeps it.
TEST(CudaMatching, ChannelsThatDoNotVary) {
  const Network net = with_dead_channels();
  const std::size_t dead_now = 3;
  NetworkFormat formats = coarse(net);
  for (LayerFormat& layer : formats) {
    const auto channels =
        static_cast<std::size_t>(weight_of(net.nodes[static_cast<std::size_t>(layer.node)])->shape.front());
    layer.codebooks.resize(channels, layer.codebooks.front());
    layer.codebooks[dead_now] = Codebook::from_levels({0.0F});
  }
  const NetworkFormat expected = match_by(EngineKind::reference, net, formats);
  for (const cuda::Type pad_as : kPaddings) {
    HostMatcher matcher(net, calibration(net), pad_as);
    const NetworkFormat got = matcher.match(formats);
    bool dead_norms = false;
    for (std::size_t i = 0; i < got.size(); ++i) {
      const auto node = static_cast<std::size_t>(got[i].node);
      for (std::size_t o = 0; o < got[i].gain.size(); ++o) {
        // A batch norm of scale 0 hides a channel: engine cuda, as engine cpu, leaves it alone.
        const bool hidden =
            o == 2 && node + 1 < net.nodes.size() && std::holds_alternative<BatchNorm>(net.nodes[node + 1].op);
        const bool dead_then = o == 1 && std::holds_alternative<Conv>(net.nodes[node].op);
        dead_norms = dead_norms || hidden;
        if (hidden || dead_then || o == dead_now) {
          EXPECT_EQ(got[i].gain[o], 1.0F) << i << ", " << o;
        }
        const float shift = hidden ? 0.0F : expected[i].shift[o];
        EXPECT_NEAR(got[i].shift[o], shift, 1e-4 * (1 + std::fabs(shift))) << i << ", " << o;
      }
    }
    EXPECT_TRUE(dead_norms);
    expect_near(got, match_by(EngineKind::cpu, net, formats));
  }
}

// The pass ends with the last of them.
TEST(CudaMatching, OnlyLayersWithAFormat) {
  const Network net = many_paths();
  const NetworkFormat all = coarse(net);
  for (const std::vector<std::size_t>& chosen : {std::vector<std::size_t>{0}, {1, 3}, {5}, {}}) {
    NetworkFormat formats;
    for (const std::size_t i : chosen) formats.push_back(all.at(i));
    HostMatcher matcher(net, calibration(net), cuda::Type::fp32);
    EXPECT_EQ(matcher.steps_run(), matcher.plan().layer_points.back().after);
    expect_near(matcher.match(formats), match_by(EngineKind::reference, net, formats));
    std::size_t last = 0;
    if (!chosen.empty()) last = matcher.plan().layer_points[chosen.back()].after;
    EXPECT_EQ(matcher.steps_run(), last);
  }
}

TEST(CudaMatching, LinearLayersOverSeveralAxes) {
  const Network net = linear_over_axes();
  const NetworkFormat expected = match_by(EngineKind::reference, net, coarse(net));
  for (const cuda::Type pad_as : kPaddings) {
    const NetworkFormat got = HostMatcher(net, calibration(net), pad_as).match(coarse(net));
    expect_near(got, expected);
    const std::size_t channels[] = {3, 5, 9, 7, 4};
    for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(got[i].gain.size(), channels[i]);
  }
}

// Of any layout: every value of every channel once, nothing of the padding.
TEST(CudaMatching, SumsTakeEveryValueOnce) {
  const Shape shapes[] = {{1}, {3}, {33}, {500}, {4, 3}, {5, 40}, {1, 30, 30}, {5, 7, 9}, {40, 33, 20}};
  for (const Shape& shape : shapes) {
    for (int channel = -1; channel < static_cast<int>(shape.size()); ++channel) {
      for (const std::int64_t images : {1, 6, 70}) {
        cuda::Plan plan;
        plan.batch = images;
        plan.layers.resize(1);
        plan.layer_points.push_back({0, 0, 0, {}, {cuda::layout_of(shape, 8, channel), {}}});
        const cuda::Layout& layout = plan.layer_points[0].output.layout;
        const auto channels = static_cast<std::size_t>(layout.channels());
        std::vector<float> y(static_cast<std::size_t>(images * layout.image), std::nanf(""));
        std::vector<ChannelSums> expected(channels);
        cuda::Index index;
        for (std::size_t i = 0; i < y.size(); ++i) {
          if (!index_of(layout, static_cast<std::int64_t>(i) % layout.image, index)) continue;
          y[i] = static_cast<float>(i % 101) - 40;  // sums of integers are exact
          expected[static_cast<std::size_t>(index.at[layout.channel])] += {y[i], static_cast<double>(y[i]) * y[i]};
        }
        struct Machine {
          float* y;
          std::vector<ChannelSums> parts;
          void run(std::size_t, std::size_t) {}
          void layer(std::size_t) {}
          cuda::Out array(const cuda::Place&) { return {y, cuda::Type::fp32}; }
          void sum(const cuda::SumRows& op) { sum_channels(op); }
          void sum(const cuda::MatchChannels& op) {
            EXPECT_LE(op.parts, 512);
            sum_channels(op);
          }
          void apply(const cuda::Affine&, cuda::Out) { FAIL() << "there is nothing to apply"; }
        };
        const cuda::MatchingPass pass(plan);
        ASSERT_EQ(pass.channels(), channels);
        Machine machine{y.data(), std::vector<ChannelSums>(pass.parts())};
        const std::vector<float> norms = pass.norms();
        std::vector<ChannelMoments> trained(channels);
        pass.run({}, {machine.parts.data(), norms.data(), trained.data(), nullptr}, machine);
        const double count = static_cast<double>(images * elements(shape)) / static_cast<double>(channels);
        for (std::size_t c = 0; c < channels; ++c) {
          const ChannelMoments moments = moments_of(expected[c], count);
          ASSERT_EQ(trained[c].mean, moments.mean) << images << " images of " << layout.image;
          ASSERT_EQ(trained[c].variance, moments.variance);
        }
      }
    }
  }
}

TEST(CudaMatching, OneBatchDependsOnNetworkAndImagesAlone) {
  EXPECT_TRUE(cuda::fits_one_batch(support::residual_network(), 1000));
  EXPECT_FALSE(cuda::fits_one_batch(support::residual_network(), 0));
  Network large;
  large.shapes = {{64, 1024, 1024}, {7}};  // 256 MiB in fp32: 16 fit
  EXPECT_TRUE(cuda::fits_one_batch(large, 16));
  EXPECT_FALSE(cuda::fits_one_batch(large, 17));
}

// Nothing but a batch norm is done by a layer, and what is matched are all convolutions and linear layers of one axis.
TEST(CudaMatching, LayerPointsAreToldOfBareLayersAlone) {
  const Network net = support::residual_network();
  EXPECT_TRUE(cuda::make_plan(net, 4, cuda::Type::fp32).layer_points.empty());
  const cuda::Plan plan = cuda::make_plan(net, 4, cuda::Type::fp32, true);
  ASSERT_EQ(plan.layer_points.size(), 3U);
  for (std::size_t k = 0; k < 3; ++k) {
    const cuda::Plan::LayerPoint& point = plan.layer_points[k];
    EXPECT_EQ(point.layer, static_cast<int>(k));
    const cuda::Step& step = plan.steps[point.after - 1];
    EXPECT_EQ(step.out, point.output.place);
    const auto* conv = std::get_if<cuda::Convolution>(&step.op);
    ASSERT_NE(conv, nullptr);
    EXPECT_EQ(conv->layer, point.layer);
    EXPECT_FALSE(conv->clamped);
    EXPECT_EQ(step.in[1].kind, cuda::Place::Kind::none);  // no residual
  }
}

TEST(CudaMatching, BrokenAndExtremeChannels) {
  const double inf = std::numeric_limits<double>::infinity(), nan = std::nan("");
  for (const ChannelMoments& broken : {ChannelMoments{inf, 1}, {nan, nan}, {nan, 1}, {-inf, 0}}) {
    for (const bool now : {false, true}) {
      const ChannelMoments sound{0.5, 2};
      const ChannelMatching matching = now ? matching_of(broken, sound) : matching_of(sound, broken);
      EXPECT_EQ(matching.gain, 1.0F);
      EXPECT_EQ(matching.shift, 0.0F);
    }
  }
  EXPECT_EQ(matching_of({0, 1}, {0, 1e6}).gain, 8.0F);
  EXPECT_EQ(matching_of({0, 1e6}, {0, 1}).gain, 0.125F);
  EXPECT_EQ(matching_of({1, 4}, {3, 9}).gain, 1.5F);
  EXPECT_EQ(matching_of({1, 4}, {3, 9}).shift, 1.5F);
  EXPECT_EQ(moments_of({nan, nan}, 4).variance, 0);
  EXPECT_EQ(moments_of({0, 0}, 0).mean, 0);
}

}  // namespace
}  // namespace vbq::test
