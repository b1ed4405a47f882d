// Sequential assignment on a GPU against the host's.
#include "assign/sequential.hpp"

#include <gtest/gtest.h>

#include <string>
#include <variant>

#include "assign/layer_pass.hpp"
#include "gpu/cuda_engine.hpp"

namespace vbq::test {
namespace {

// Groups, strides, dilation, uneven padding, a linear layer over one of several axes.
Network odd_network() {
  Conv grouped;
  grouped.weight = support::normal_tensor({8, 3, 3, 3}, 41, 0.3);
  grouped.group = 2;
  grouped.stride = {2, 3};
  grouped.pad.top = grouped.pad.left = grouped.pad.right = 1;
  Conv each;
  each.weight = support::normal_tensor({8, 1, 3, 3}, 42, 0.5);
  each.group = 8;
  each.dilation = {2, 2};
  each.pad.top = each.pad.left = each.pad.bottom = each.pad.right = 2;
  Network net;
  net.name = "odd";
  net.input_name = "x";
  net.output_name = "y";
  net.shapes = {{6, 9, 9}, {8, 4, 3}, {8, 4, 3}, {8, 4, 3}, {96}, {10}};
  net.nodes = {{"grouped", grouped, {0}, "a"},
               {"each", each, {1}, "b"},
               {"rows", Linear{support::normal_tensor({3, 3}, 43, 0.5), std::vector<float>(3, 0.1F)}, {2}, "c"},
               {"flat", Reshape{}, {3}, ""},
               {"last", Linear{support::normal_tensor({10, 96}, 44, 0.2), std::vector<float>(10, 0.0F)}, {4}, "d"}};
  return net;
}

// Sequential assignment on the GPU and on the host from the same taps, those of an engine cuda: levels are the same but
// where a target lies as good as halfway between two.
enum class Many { no, yes };

void compare_with_host(const Network& net, const Shard& images, Many many_at_once) {
  for (const auto& [rate, channels] : {std::pair{0.0F, true}, {1.0F, false}}) {
    const auto engine = cuda_engine(net, Precision::fp32, 8);
    NetworkFormat formats = coarse(net, channels);
    const std::vector<std::uint8_t> given = formats.back().indices;
    for (LayerFormat& layer : formats) {
      layer.rate = rate;
      if (layer.node != formats.back().node) layer.indices.clear();
    }
    LayerPass own = sequential_pass(net, *engine, images, Refit::none);
    ASSERT_NE(engine->pass(images, PassLevels::sequential), nullptr);  // so it is the engine's
    LayerPass host(net, *engine, images, std::make_shared<SequentialAssigner>(net, images.images.count));
    for (const bool matched : {false, true}) {
      const NetworkFormat expected = matched ? host.match(formats) : host.assign(formats);
      const NetworkFormat got = matched ? own.match(formats) : own.assign(formats);
      ASSERT_EQ(got.size(), expected.size());
      std::size_t weights = 0, others = 0;
      for (std::size_t i = 0; i < got.size(); ++i) {
        ASSERT_EQ(got[i].indices.size(), expected[i].indices.size());
        weights += got[i].indices.size();
        for (std::size_t k = 0; k < got[i].indices.size(); ++k) others += got[i].indices[k] != expected[i].indices[k];
        ASSERT_EQ(got[i].gain.size(), expected[i].gain.size());
        for (std::size_t o = 0; o < got[i].gain.size(); ++o) EXPECT_NEAR(got[i].gain[o], expected[i].gain[o], 1e-2);
      }
      EXPECT_EQ(got.back().indices, given);
      EXPECT_LE(others, weights / 500) << "of " << weights << ", rate " << rate << (matched ? ", matched" : "");
      EXPECT_NO_THROW(engine->quantise(got));
    }
    if (many_at_once == Many::no) continue;
    // To the bit, whatever runs beside it.
    NetworkFormat others = coarse(net, channels);
    for (LayerFormat& layer : others) {
      layer.indices.clear();
      for (float& scale : layer.scales) scale *= 1.25F;
    }
    const auto of_first = [](std::size_t k) { return k % 2 == 0 || k == 5; };
    std::vector<NetworkFormat> many;  // more than run at once
    for (std::size_t k = 0; k < 11; ++k) many.push_back(of_first(k) ? formats : others);
    for (const bool matched : {false, true}) {
      const NetworkFormat once = matched ? own.match(formats) : own.assign(formats);
      const NetworkFormat other = matched ? own.match(others) : own.assign(others);
      const std::vector<NetworkFormat> found = matched ? own.match(many) : own.assign(many);
      ASSERT_EQ(found.size(), many.size());
      for (std::size_t k = 0; k < many.size(); ++k) {
        const NetworkFormat& alone = of_first(k) ? once : other;
        for (std::size_t i = 0; i < alone.size(); ++i) {
          EXPECT_EQ(found[k][i].indices, alone[i].indices) << k;
          EXPECT_EQ(found[k][i].gain, alone[i].gain) << k;
          EXPECT_EQ(found[k][i].shift, alone[i].shift) << k;
        }
      }
    }
  }
}

TEST_F(CudaEngine, SequentialLevelsAreTheHosts) {
  compare_with_host(support::residual_network(3, 9, 24, 10), some_images(30, 8), Many::no);
}

TEST_F(CudaEngine, SequentialLevelsOfOddLayersAreTheHosts) {
  Shard images = some_images(1, 8);
  images.images = support::random_images(25, 6, 9, 10);
  images.normalisation = {std::vector<float>(6, 0.5F), std::vector<float>(6, 0.25F)};
  compare_with_host(odd_network(), images, Many::yes);
}

// A refit is the host's, and so is an engine's own pass not asked for one.
TEST_F(CudaEngine, RefittedLayersAreTheHosts) {
  const Network net = support::residual_network(3, 9, 5, 10);
  const auto engine = cuda_engine(net, Precision::fp32, 8);
  NetworkFormat formats = coarse(net, true);
  for (LayerFormat& layer : formats) {
    layer.refit = 1;
    layer.indices.clear();
  }
  EXPECT_NO_THROW(sequential_pass(net, *engine, some_images(10, 8), Refit::some).assign(formats));
  EXPECT_THROW(sequential_pass(net, *engine, some_images(10, 8), Refit::none).assign(formats), Error);
}

// Inputs of a layer as trained that are not finite: the sentence that the host says.
TEST_F(CudaEngine, InputsThatAreNotFiniteAreAnError) {
  Network net = support::residual_network(3, 9, 5, 10);
  std::get<BatchNorm>(net.nodes[1].op).scale[2] = 1e30F;
  const auto engine = cuda_engine(net, Precision::fp32, 8);
  try {
    sequential_pass(net, *engine, some_images(10, 8), Refit::none);
    FAIL() << "expected an error";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("\"conv2\""), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace vbq::test
