// Sequential assignment: what it is where nothing is to be corrected, what it gains where something is, and odd inputs.
#include "assign/sequential.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <thread>

#include "assign/compensated.hpp"
#include "core/random.hpp"
#include "support/moments.hpp"
#include "support/networks.hpp"
#include "vbq/error.hpp"

namespace vbq {
namespace {

constexpr std::int64_t kImages = 40;

using support::in_order;

void on_threads(std::int64_t items, const std::function<void(std::int64_t)>& work) {
  std::vector<std::jthread> threads;
  for (std::int64_t i = 0; i < items; ++i) threads.emplace_back([&work, i] { work(i); });
}

// One convolution in two groups, 18 columns each, and a linear layer of 70 columns (more than a tile).
Network two_layers() {
  Conv conv;
  conv.weight = support::normal_tensor({4, 2, 3, 3}, 31, 0.4);
  conv.group = 2;
  conv.pad = {1, 1, 1, 1};
  Linear linear{support::normal_tensor({66, 70}, 32, 0.3), std::vector<float>(66, 0.0F)};
  Network net;
  net.name = "two";
  net.input_name = "x";
  net.output_name = "y";
  net.shapes = {{4, 5, 5}, {4, 5, 5}, {100}, {70}, {66}};
  net.nodes = {{"conv", conv, {0}, "w"},
               {"flat", Reshape{}, {1}, ""},
               {"cut", Slice{{0}, {1}}, {2}, ""},
               {"linear", linear, {3}, "v"}};
  return net;
}

LayerFormat format_of(int node, int levels = 5) {
  LayerFormat format;
  format.node = node;
  std::vector<float> values;
  for (int i = 0; i < levels; ++i) {
    values.push_back(1.2F * (2.0F * static_cast<float>(i) / static_cast<float>(levels - 1) - 1.0F));
  }
  format.codebooks = {Codebook::from_levels(values)};
  return format;
}

// Inputs of one image: correlated, so that there is something to compensate by.
std::vector<float> input(const Network& net, int node, std::int64_t image) {
  const Shape& shape = net.shapes[static_cast<std::size_t>(net.nodes[static_cast<std::size_t>(node)].inputs.front())];
  Random random(8, static_cast<std::uint32_t>(node), static_cast<std::uint32_t>(image), Purpose::test);
  std::vector<float> x(static_cast<std::size_t>(elements(shape)));
  const double common = random.normal();
  for (float& v : x) v = static_cast<float>(0.5 * common + random.normal());
  return x;
}

const Shape& input_shape(const Network& net, int node) {
  return net.shapes[static_cast<std::size_t>(net.nodes[static_cast<std::size_t>(node)].inputs.front())];
}

void see(SequentialAssigner& assigner, const Network& net, int node, std::int64_t image, const std::vector<float>& x) {
  assigner.see(node, image, input_view(x.data(), input_shape(net, node)));
}

// The same as the quantised layers before would distort it.
std::vector<float> distorted(std::vector<float> x, std::int64_t image) {
  Random random(9, 0, static_cast<std::uint32_t>(image), Purpose::test);
  for (std::size_t i = 1; i < x.size(); ++i) {
    x[i] = static_cast<float>(0.8 * x[i] + 0.25 * x[i - 1] + 0.1 * random.normal());
  }
  return x;
}

std::vector<std::uint8_t> assigned(SequentialAssigner& assigner, const Network& net, LayerFormat format, bool distort,
                                   const Parallel& parallel) {
  for (std::int64_t i = 0; i < kImages; ++i) see(assigner, net, format.node, i, input(net, format.node, i));
  assigner.learn(format.node, {0, kImages}, parallel);
  for (std::int64_t i = 0; i < kImages; ++i) {
    const std::vector<float> x = input(net, format.node, i);
    see(assigner, net, format.node, i, distort ? distorted(x, i) : x);
  }
  assigner.add(format.node, {0, kImages}, parallel);
  assigner.assign(format, parallel);
  return format.indices;
}

TEST(Sequential, WithInputsAsTrainedIsCompensated) {
  const Network net = two_layers();
  SequentialAssigner assigner(net, kImages);
  for (const int node : {0, 3}) {
    const Node& layer = net.nodes[static_cast<std::size_t>(node)];
    InputMoments moments(layer, node, input_shape(net, node), net.shapes[static_cast<std::size_t>(node) + 1],
                         sequential_positions(net.shapes.front(), 18, kImages));
    for (std::int64_t i = 0; i < kImages; ++i) support::add_image(moments, input(net, node, i), input_shape(net, node));
    const LayerFormat format = format_of(node);
    const Tensor& weight = *weight_of(layer);
    EXPECT_EQ(assigned(assigner, net, format, false, in_order),
              assign_compensated(weight.data, weight.shape.front(), format, support::factor_of(moments, node)));
  }
}

TEST(Sequential, IsTheSameOnAnyNumberOfThreads) {
  const Network net = two_layers();
  SequentialAssigner one(net, kImages), many(net, kImages);
  for (const int node : {0, 3}) {
    EXPECT_EQ(assigned(one, net, format_of(node), true, in_order),
              assigned(many, net, format_of(node), true, on_threads));
  }
}

// Few numbers held: the images come in parts, which the answer does not show.
TEST(Sequential, InPartsIsTheSame) {
  constexpr std::int64_t kMany = 200;
  const Network net = two_layers();
  SequentialAssigner whole(net, kMany), parts(net, kMany, 1000);
  for (const int node : {0, 3}) {
    EXPECT_EQ(whole.at_once(node), kMany);
    EXPECT_EQ(parts.at_once(node), 64);
    std::vector<std::uint8_t> found[2];
    for (SequentialAssigner* assigner : {&whole, &parts}) {
      LayerFormat format = format_of(node);
      for (const bool quantised : {false, true}) {
        for (std::int64_t first = 0; first < kMany; first += assigner->at_once(node)) {
          const ImageRange part{first, std::min(assigner->at_once(node), kMany - first)};
          for (std::int64_t i = first; i < first + part.count; ++i) {
            const std::vector<float> x = input(net, node, i);
            see(*assigner, net, node, i, quantised ? distorted(x, i) : x);
          }
          quantised ? assigner->add(node, part, in_order) : assigner->learn(node, part, in_order);
        }
      }
      assigner->assign(format, in_order);
      found[assigner == &parts ? 1 : 0] = format.indices;
    }
    EXPECT_EQ(found[0], found[1]);
  }
}

TEST(Sequential, PositionsFollowColumnsAndImages) {
  const Shape small{3, 32, 32}, photo{3, 224, 224};
  EXPECT_EQ(sequential_positions(small, 27, 100), 20);
  EXPECT_EQ(sequential_positions(small, 576, 2000), 20);
  EXPECT_EQ(sequential_positions(photo, 27, 300), 50);
  EXPECT_EQ(sequential_positions(photo, 960, 300), 103) << "32 a column";
  EXPECT_EQ(sequential_positions(photo, 4608, 300), 112);
  EXPECT_EQ(sequential_positions(photo, 27, 2000), 20);
  EXPECT_EQ(sequential_positions({40}, 40, 10), 20);
}

// Mean squared difference of the linear layer's outputs from those as trained, on distorted inputs that were not seen.
double output_error(const Network& net, const LayerFormat& format) {
  const Tensor& weight = *weight_of(net.nodes[3]);
  std::vector<float> q(weight.data.size());
  apply_indices(weight.shape[0], format, q);
  double error = 0;
  for (std::int64_t image = 1000; image < 1400; ++image) {
    const std::vector<float> x = input(net, 3, image), y = distorted(x, image);
    for (std::size_t o = 0; o < 66; ++o) {
      double wanted = 0, got = 0;
      for (std::size_t c = 0; c < 70; ++c) {
        wanted += static_cast<double>(weight.data[o * 70 + c]) * x[c];
        got += static_cast<double>(q[o * 70 + c]) * y[c];
      }
      error += (wanted - got) * (wanted - got);
    }
  }
  return error;
}

TEST(Sequential, MakesUpForWhatTheLayersBeforeDid) {
  constexpr std::int64_t kMany = 2000;  // images: a position each
  const Network net = two_layers();
  SequentialAssigner assigner(net, kMany);
  const Node& layer = net.nodes[3];
  InputMoments moments(layer, 3, {70}, {66}, 1);
  for (std::int64_t i = 0; i < kMany; ++i) {
    const std::vector<float> x = input(net, 3, i);
    support::add_image(moments, x, {70});
    see(assigner, net, 3, i, x);
  }
  assigner.learn(3, {0, kMany}, in_order);
  const LayerFactor factor = support::factor_of(moments, 3);
  for (const int levels : {4, 8, 32}) {
    LayerFormat compensated = format_of(3, levels), sequential = compensated;
    compensated.indices = assign_compensated(weight_of(layer)->data, 66, compensated, factor);
    for (std::int64_t i = 0; i < kMany; ++i) see(assigner, net, 3, i, distorted(input(net, 3, i), i));
    assigner.add(3, {0, kMany}, in_order);
    assigner.assign(sequential, in_order);
    EXPECT_LT(output_error(net, sequential), 0.8 * output_error(net, compensated)) << levels;
  }
}

TEST(Sequential, InputsThatOverflowGiveTheNearestLevels) {
  const Network net = two_layers();
  SequentialAssigner assigner(net, 2);
  for (const float bad : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN(), 3e38F}) {
    for (std::int64_t i = 0; i < 2; ++i) see(assigner, net, 3, i, input(net, 3, i));
    assigner.learn(3, {0, 2}, in_order);
    for (std::int64_t i = 0; i < 2; ++i) see(assigner, net, 3, i, std::vector<float>(70, bad));
    assigner.add(3, {0, 2}, in_order);
    LayerFormat format = format_of(3);
    assigner.assign(format, in_order);
    const Tensor& weight = *weight_of(net.nodes[3]);
    for (std::size_t i = 0; i < weight.data.size(); ++i) {
      ASSERT_EQ(format.indices[i], format.codebook(0).index(weight.data[i]));
    }
  }
  // Inputs that are always zero teach nothing.
  for (std::int64_t i = 0; i < 2; ++i) see(assigner, net, 3, i, std::vector<float>(70, 0.0F));
  assigner.add(3, {0, 2}, in_order);
  LayerFormat format = format_of(3);
  assigner.assign(format, in_order);
  EXPECT_EQ(format.indices[5], format.codebook(0).index(weight_of(net.nodes[3])->data[5]));
}

TEST(Sequential, BadCallsAreErrors) {
  const Network net = two_layers();
  EXPECT_THROW(SequentialAssigner(net, 0), Error);
  SequentialAssigner assigner(net, 2);
  const std::vector<float> x(100);
  EXPECT_THROW(assigner.see(1, 0, {x.data(), 100, 1, 1}), Error);  // no layer
  EXPECT_THROW(assigner.see(3, 2, {x.data(), 70, 1, 1}), Error);   // no such image
  EXPECT_THROW(assigner.see(3, 0, {x.data(), 71, 1, 1}), Error);
  LayerFormat format = format_of(3);
  EXPECT_THROW(assigner.add(3, {0, 2}, in_order), Error);  // not learnt
  EXPECT_THROW(assigner.assign(format, in_order), Error);  // nothing was added
}

}  // namespace
}  // namespace vbq
