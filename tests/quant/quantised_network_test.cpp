#include "vbq/quantised_network.hpp"

#include <gtest/gtest.h>

#include "core/random.hpp"
#include "support/networks.hpp"
#include "vbq/error.hpp"

namespace vbq {
namespace {

LayerFormat layer(std::vector<float> levels, std::vector<std::uint8_t> indices, int node = 0) {
  return {node, {Codebook::from_levels(std::move(levels))}, {}, std::move(indices)};
}

TEST(QuantisedNetwork, WithoutLayersIsTheNetworkAsTrained) {
  const QuantisedNetwork trained;
  EXPECT_TRUE(trained.as_trained());
  EXPECT_TRUE(trained.formats().empty());
  EXPECT_EQ(trained.id(), NetworkId{});
  EXPECT_EQ(trained, QuantisedNetwork(NetworkFormat{}));
}

TEST(QuantisedNetwork, DropsLevelsThatNoWeightTakesSoThatEqualNetworksHaveEqualIds) {
  const QuantisedNetwork one({layer({-1, 0, 2, 5}, {3, 0, 0, 2})});
  const QuantisedNetwork same({layer({-1, 2, 5}, {2, 0, 0, 1})});
  EXPECT_EQ(one.id(), same.id());
  EXPECT_EQ(one, same);
  const QuantisedLayer& kept = one.layers().front();
  EXPECT_EQ(std::vector<float>(kept.codebooks[0].levels().begin(), kept.codebooks[0].levels().end()),
            (std::vector<float>{-1, 2, 5}));
  EXPECT_EQ(kept.levels.width, 2);
  EXPECT_EQ(unpack_levels(kept.levels), (std::vector<std::uint8_t>{2, 0, 0, 1}));
}

// The 2018 report's boundaries may give two bins the same level.
TEST(QuantisedNetwork, EqualLevelsBecomeOne) {
  const Codebook codebook = Codebook::from_boundaries({1, 1, 3});  // levels 1, 1, 2, 3
  const QuantisedNetwork made({LayerFormat{0, {codebook}, {}, {0, 1, 2, 3}}});
  EXPECT_EQ(made.layers()[0].codebooks[0].size(), 3);
  EXPECT_EQ(unpack_levels(made.layers()[0].levels), (std::vector<std::uint8_t>{0, 0, 1, 2}));
}

TEST(QuantisedNetwork, ACodebookAChannelIsShrunkByItsOwnWeights) {
  LayerFormat of = layer({0, 1, 2}, {0, 2, 1, 1});
  of.codebooks.push_back(Codebook::from_levels({-3, 4}));
  const QuantisedNetwork made({of});
  EXPECT_EQ(made.layers()[0].codebooks[0].size(), 2);
  EXPECT_EQ(made.layers()[0].codebooks[1].size(), 1);
  EXPECT_EQ(made.layers()[0].levels.width, 1);
  EXPECT_EQ(unpack_levels(made.layers()[0].levels), (std::vector<std::uint8_t>{0, 1, 0, 0}));
}

TEST(QuantisedNetwork, WhateverChangesTheNetworkChangesTheId) {
  LayerFormat of = layer({-1, 0, 2}, {0, 1, 2, 0});
  of.scales = {1, 2};
  of.gain = {1, 1};
  of.shift = {0, 0};
  of.bias = {3, 4};
  const NetworkId id = QuantisedNetwork({of}).id();
  const auto changed = [&](const auto& change) {
    LayerFormat other = of;
    change(other);
    return QuantisedNetwork({other}).id() != id;
  };
  EXPECT_FALSE(changed([](LayerFormat&) {}));
  EXPECT_TRUE(changed([](LayerFormat& l) { l.node = 1; }));
  EXPECT_TRUE(changed([](LayerFormat& l) { l.codebooks[0] = Codebook::from_levels({-1, 0, 3}); }));
  EXPECT_TRUE(changed([](LayerFormat& l) { l.indices[3] = 1; }));
  EXPECT_TRUE(changed([](LayerFormat& l) { l.scales[1] = 3; }));
  EXPECT_TRUE(changed([](LayerFormat& l) { l.gain[0] = 2; }));
  EXPECT_TRUE(changed([](LayerFormat& l) { l.shift[1] = 2; }));
  EXPECT_TRUE(changed([](LayerFormat& l) { l.bias[1] = 2; }));
}

// Four weights on three levels (1/2, 1/4, 1/4), then two on one.
TEST(QuantisedNetwork, KnowsWhatItsLevelsTake) {
  const QuantisedNetwork made({layer({-1, 0, 1, 2, 3, 4}, {0, 0, 1, 5}), layer({7, 8}, {1, 1}, 3)});
  EXPECT_EQ(made.level_bits(), (LevelBits{4 * 2, 4 * 1.5}));
  EXPECT_EQ(QuantisedNetwork(made.layers()).level_bits(), made.level_bits());
  EXPECT_EQ(QuantisedNetwork().level_bits(), LevelBits{});
}

TEST(QuantisedNetwork, RefusesWhatIsNoNetwork) {
  EXPECT_THROW(QuantisedNetwork({layer({0, 1}, {})}), Error);
  EXPECT_THROW(QuantisedNetwork({layer({0, 1}, {0, 2})}), Error);
  EXPECT_THROW(QuantisedNetwork({layer({0, 1}, {0}, 3), layer({0, 1}, {0}, 3)}), Error);
}

// Each weight of the quantised network is what plain nearest assignment gives, by scale and codebook of its channel.
TEST(QuantisedNetwork, NearestLevelsAreThoseOfTheCodebook) {
  const Network network = support::residual_network(2, 5, 3, 6, 4);
  for (const int levels : {2, 3, 5, 8, 16, 100, 256}) {
    for (const ScaleScope scale : {ScaleScope::none, ScaleScope::layer, ScaleScope::channel}) {
      Format format;
      format.scale = scale;
      const auto scales = layer_scales(network, format);
      NetworkFormat formats;
      for (std::size_t i = 0; i < scales.size(); ++i) {
        Random random(7, 0, static_cast<std::uint32_t>(i), Purpose::test);
        std::vector<float> values;
        for (int k = 0; k < levels; ++k) values.push_back(static_cast<float>(random.normal()));
        formats.push_back({weight_layers(network)[i], {Codebook::from_levels(values)}, scales[i]});
      }
      const QuantisedNetwork made = quantise(network, formats);
      for (std::size_t i = 0; i < formats.size(); ++i) {
        const Tensor& weight = *weight_of(network.nodes[static_cast<std::size_t>(formats[i].node)]);
        std::vector<float> got(weight.data.size());
        apply_indices(weight.shape.front(), made.formats()[i], got);
        const std::size_t row = weight.data.size() / static_cast<std::size_t>(weight.shape.front());
        for (std::size_t k = 0; k < got.size(); ++k) {
          const float s = formats[i].scale(k / row);
          ASSERT_EQ(got[k], scales[i].empty() ? formats[i].codebook(0).quantise(weight.data[k])
                                              : s * formats[i].codebook(0).quantise(weight.data[k] / s));
        }
      }
    }
  }
}

TEST(PackedLevels, ComeBackAtEveryWidth) {
  for (int width = 1; width <= 8; ++width) {
    for (const std::size_t count : {0U, 1U, 7U, 8U, 9U, 1000U}) {
      Random random(3, 0, static_cast<std::uint32_t>(width), Purpose::test);
      std::vector<std::uint8_t> levels(count);
      for (std::uint8_t& level : levels) {
        level = static_cast<std::uint8_t>(random.uniform() * static_cast<double>(1 << width));
      }
      const PackedLevels packed = pack_levels(levels, width);
      EXPECT_EQ(packed.bytes.size(), (count * static_cast<std::size_t>(width) + 7) / 8);
      EXPECT_EQ(unpack_levels(packed), levels);
    }
  }
  EXPECT_THROW(unpack_levels({3, 8, {0, 0}}), Error);
  EXPECT_THROW(unpack_levels({9, 0, {}}), Error);
}

}  // namespace
}  // namespace vbq
