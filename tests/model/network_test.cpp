// Network's own functions: elements, layers, hash, validate.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "support/graph.hpp"
#include "support/networks.hpp"
#include "vbq/error.hpp"

namespace vbq::test {
namespace {

TEST(Elements, MultiplyWithoutOverflow) {
  EXPECT_EQ(elements({}), 1);
  EXPECT_EQ(elements({2, 3, 4}), 24);
  EXPECT_EQ(elements({2, 0}), 0);
  EXPECT_THROW(elements({INT64_MAX, 2}), Error);
  EXPECT_THROW(elements({-1}), Error);
}

TEST(Network, LayersAndNames) {
  Network net = support::residual_network();
  EXPECT_NO_THROW(validate(net));
  EXPECT_EQ(weight_layers(net), (std::vector<int>{0, 3, 9}));
  EXPECT_EQ(operators(net), (Names{"Conv", "BatchNormalization", "Relu", "Conv", "BatchNormalization", "Add", "Relu",
                                   "GlobalAveragePool", "Reshape", "Gemm"}));
  EXPECT_EQ(weight_of(net.nodes[1]), nullptr);
  ASSERT_NE(weight_of(net.nodes[9]), nullptr);
  EXPECT_EQ(weight_of(net.nodes[9])->shape, (Shape{5, 7}));
}

TEST(NetworkHash, SeesEverythingButNames) {
  const Network net = support::residual_network();
  const std::string hash = network_hash(net);
  EXPECT_EQ(hash.size(), 32U);
  EXPECT_EQ(network_hash(support::residual_network()), hash);
  Network named = net;
  named.name = named.nodes[0].name = named.nodes[0].weight_name = "other";
  EXPECT_EQ(network_hash(named), hash);

  const std::vector<std::function<void(Network&)>> changes{
      [](Network& n) { std::get<Conv>(n.nodes[0].op).weight.data[5] += 1e-6F; },
      [](Network& n) { std::get<Conv>(n.nodes[0].op).bias = {0, 0, 0, 0, 0, 0, 0}; },
      [](Network& n) { std::get<Conv>(n.nodes[0].op).stride[1] = 2; },
      [](Network& n) { std::get<Conv>(n.nodes[0].op).dilation[0] = 2; },
      [](Network& n) { std::get<Conv>(n.nodes[0].op).pad.bottom = 2; },
      [](Network& n) { std::get<Conv>(n.nodes[0].op).group = 7; },
      [](Network& n) { std::get<BatchNorm>(n.nodes[1].op).shift[0] = 9; },
      [](Network& n) { std::get<Linear>(n.nodes[9].op).bias[0] = 9; },
      [](Network& n) { n.nodes[5].op = kMultiply; },
      [](Network& n) {
        n.nodes[5].inputs = {3, 5};
      },
      [](Network& n) {
        n.shapes[9] = {7, 1};
      },
      [](Network& n) { n.nodes.pop_back(), n.shapes.pop_back(); }};
  for (std::size_t k = 0; k < changes.size(); ++k) {
    Network changed = net;
    changes[k](changed);
    EXPECT_NE(network_hash(changed), hash) << k;
  }
}

// Runs and formats of earlier versions name networks by it.
TEST(NetworkHash, StaysAsItWas) {
  Network n;
  const auto add = [&](Operator op, std::vector<ValueId> inputs, Shape shape) {
    n.nodes.push_back({"n" + std::to_string(n.nodes.size()), std::move(op), std::move(inputs), ""});
    n.shapes.push_back(std::move(shape));
  };
  n.shapes.push_back({2, 3, 4});
  add(Pad{{0, 1, 0}, {0, 0, 2}, 0.5F}, {0}, {2, 4, 6});
  add(Unary{Unary::Kind::power, 1.5F}, {1}, {2, 4, 6});
  add(kMultiply, {1, 2}, {2, 4, 6});
  add(kAdd, {3, 2}, {2, 4, 6});
  add(Reduce{{1, 2}}, {4}, {2});
  add(Softmax{0}, {5}, {2});
  EXPECT_EQ(network_hash(n), "2e9437d9f98e680f482d1af937d9c85c");  // by commit 8280672
}

TEST(Validate, FindsEachBrokenInvariant) {
  const Network net = support::residual_network();
  const std::vector<std::function<void(Network&)>> breaks{
      [](Network& n) { n.nodes.clear(); },
      [](Network& n) { n.shapes.pop_back(); },
      [](Network& n) {
        n.shapes[0] = {3, 9};
      },
      [](Network& n) {
        n.shapes[0] = {3, 9, 0};
      },
      [](Network& n) {
        n.shapes[2] = {7, 9, 8};
      },
      [](Network& n) { n.nodes[0].inputs = {1}; },
      [](Network& n) { n.nodes[0].inputs = {-1}; },
      [](Network& n) { n.nodes[0].inputs = {}; },
      [](Network& n) { n.nodes[5].inputs = {5}; },
      [](Network& n) {
        n.nodes[5].inputs = {0, 3};
      },                                            // shapes do not join, and node 4 is dead
      [](Network& n) { n.nodes[6].inputs = {5}; },  // node 5 is dead
      [](Network& n) { n.nodes[1].name = "conv1"; },
      [](Network& n) { n.nodes[1].name = ""; },
      [](Network& n) { std::get<Conv>(n.nodes[0].op).weight.data.pop_back(); },
      [](Network& n) { std::get<Conv>(n.nodes[0].op).weight.data[0] = NAN; },
      [](Network& n) { std::get<Conv>(n.nodes[0].op).stride[0] = 0; },
      [](Network& n) { std::get<Conv>(n.nodes[0].op).pad.left = -1; },
      [](Network& n) { std::get<Conv>(n.nodes[0].op).group = 3; },
      [](Network& n) { std::get<Conv>(n.nodes[0].op).bias = {1}; },
      [](Network& n) { std::get<BatchNorm>(n.nodes[1].op).scale.pop_back(); },
      [](Network& n) { std::get<BatchNorm>(n.nodes[1].op).shift[0] = INFINITY; },
      [](Network& n) { std::get<Linear>(n.nodes[9].op).bias.pop_back(); },
      [](Network& n) { n.shapes[10] = {6}; },
      [](Network& n) { n.shapes[9] = {8}; },
      [](Network& n) {
        n.nodes[2].op = Clip{1, 0};
      },
      [](Network& n) { n.nodes[2].op = Softmax{3}; },
      [](Network& n) {
        n.nodes[2].op = Transpose{{0, 1, 1}};
      },
      [](Network& n) {
        n.nodes[2].op = Pad{{0, 0, 0}, {0, 1, 0}, 0};
      },
      [](Network& n) {
        n.nodes[2].op = Slice{{0, 0, 1}, {1, 1, 1}};
      },
      [](Network& n) {
        n.nodes[2].op = Slice{{0, 0, 8}, {1, 1, INT64_MIN}};
      },
      [](Network& n) { n.nodes[2].op = Concat{4}; },
      [](Network& n) { n.nodes[2].op = Reduce{{2}}; },
      [](Network& n) {
        n.nodes[2].op = MaxPool{{2, 2}, {1, 1}, {1, 1}, {}};
      },
      [](Network& n) {
        n.nodes[2].op = AveragePool{{20, 20}, {1, 1}, {}, false};
      },
      [](Network& n) {
        n.nodes[2].op = Constant{{{7, 9, 9}, {}}};
      }};
  for (std::size_t k = 0; k < breaks.size(); ++k) {
    Network broken = net;
    breaks[k](broken);
    EXPECT_THROW(validate(broken), Error) << k;
  }
}

}  // namespace
}  // namespace vbq::test
