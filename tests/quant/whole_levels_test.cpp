#include "quant/whole_levels.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/random.hpp"
#include "support/networks.hpp"
#include "vbq/error.hpp"
#include "vbq/quantised_network.hpp"
#include "vbq/size.hpp"

namespace vbq {
namespace {

std::vector<float> numbers(const Codebook& codebook) { return {codebook.levels().begin(), codebook.levels().end()}; }

bool whole(const Codebook& codebook) {
  for (const float level : codebook.levels()) {
    if (level != std::nearbyint(level) || std::fabs(level) > 127) return false;
  }
  return true;
}

TEST(WholeLevels, MultiplesOfANumberStayAsTheyAre) {
  const WholeLevels grid = whole_levels(Codebook::from_levels({-0.75F, -0.5F, -0.25F, 0, 0.25F, 0.5F}));
  EXPECT_EQ(grid.step, 0.25F);
  EXPECT_EQ(numbers(grid.codebook), (std::vector<float>{-3, -2, -1, 0, 1, 2}));
  // FP4: half of one is its unit.
  const WholeLevels fp4 = whole_levels(Codebook::from_levels({-6, -4, -3, -2, -1.5F, -1, -0.5F, 0, 0.5F, 6}));
  EXPECT_EQ(fp4.step, 0.5F);
  EXPECT_EQ(numbers(fp4.codebook), (std::vector<float>{-12, -8, -6, -4, -3, -2, -1, 0, 1, 12}));
}

TEST(WholeLevels, OthersMoveByNoMoreThanHalfOfTheFinestStep) {
  Random random(3, 0, 0, Purpose::test);
  for (int trial = 0; trial < 50; ++trial) {
    std::vector<float> levels;
    double largest = 0;
    for (int k = 0; k < 2 + trial % 15; ++k) {
      levels.push_back(static_cast<float>(random.normal()));
      largest = std::max(largest, std::fabs(static_cast<double>(levels.back())));
    }
    const Codebook codebook = Codebook::from_levels(levels);
    const WholeLevels made = whole_levels(codebook);
    ASSERT_TRUE(whole(made.codebook));
    double at_127 = 0, off = 0;
    for (const float level : codebook.levels()) {
      const double finest = largest / 127, kept = static_cast<double>(made.step);
      at_127 += std::pow(level - finest * std::nearbyint(level / finest), 2);
      off += std::pow(level - kept * std::nearbyint(level / kept), 2);
    }
    EXPECT_LE(off, at_127 + 1e-9);
    EXPECT_LE(std::sqrt(off), 0.5 * largest / 127 * std::sqrt(static_cast<double>(levels.size())) + 1e-6);
  }
}

TEST(WholeLevels, OfNothingButZerosAndOfTheSmallestNumbers) {
  EXPECT_EQ(numbers(whole_levels(Codebook::from_levels({0})).codebook), (std::vector<float>{0}));
  const float tiny = std::numeric_limits<float>::denorm_min();
  const WholeLevels made = whole_levels(Codebook::from_levels({-tiny, tiny}));
  EXPECT_EQ(numbers(made.codebook), (std::vector<float>{0}));
  EXPECT_GT(made.step, 0);
}

TEST(WholeLevels, OfANetworkShareCodebooksAndTakeAByteALevel) {
  const Network net = support::residual_network();  // the last of three layers has no batch norm behind it
  Format format;
  format.levels = 6;
  format.scope = Scope::network;
  format.scale = ScaleScope::channel;
  const Genome genome{{{-0.9, -0.6, -0.3, 0.3, 0.6, 1.2}}};
  const NetworkFormat plain = Decoder(net, format)(genome);
  format.level_values = LevelValues::int8;
  const NetworkFormat layers = Decoder(net, format)(genome);
  ASSERT_EQ(layers.size(), plain.size());
  for (std::size_t i = 0; i < layers.size(); ++i) {
    EXPECT_EQ(numbers(layers[i].codebooks.front()), (std::vector<float>{-3, -2, -1, 1, 2, 4}));
    ASSERT_EQ(layers[i].scales.size(), plain[i].scales.size());
    for (std::size_t c = 0; c < layers[i].scales.size(); ++c) {
      EXPECT_FLOAT_EQ(layers[i].scales[c], 0.3F * plain[i].scales[c]);
    }
  }
  EXPECT_EQ(weight_size(net, plain).codebook_bits, 32 * 6);
  EXPECT_EQ(weight_size(net, layers).codebook_bits, 8 * 6);
  const QuantisedNetwork made = quantise(net, layers), again(made.formats());
  EXPECT_EQ(weight_size(net, made).codebook_bits % 8, 0);
  EXPECT_LT(weight_size(net, made).codebook_bits, 32 * 6);
  EXPECT_EQ(again.id(), made.id());
  EXPECT_EQ(again.layers().front().level_values, LevelValues::int8);
}

TEST(WholeLevels, GiveEachChannelAScaleWhereEachHasACodebook) {
  const Network net = support::residual_network();
  Format format;
  format.levels = 4;
  format.scope = Scope::channel;
  format.level_values = LevelValues::int8;
  Genome genome;
  Random random(5, 0, 0, Purpose::test);
  for (int c = 0; c < chromosome_count(net, format); ++c) {
    Chromosome genes;
    for (int g = 0; g < 4; ++g) genes.push_back(random.normal());
    std::ranges::sort(genes);
    genome.chromosomes.push_back(genes);
  }
  for (const LayerFormat& layer : Decoder(net, format)(genome)) {
    EXPECT_EQ(layer.scales.size(), layer.codebooks.size());
    for (const Codebook& codebook : layer.codebooks) EXPECT_TRUE(whole(codebook));
  }
}

TEST(WholeLevels, AreNotOfBoundariesNorOfBiases) {
  Format format;
  format.level_values = LevelValues::int8;
  EXPECT_EQ(gene_count(format), 8);
  format.biases = true;
  EXPECT_THROW(gene_count(format), Error);
  format.biases = false;
  format.encoding = Encoding::boundaries;
  EXPECT_THROW(gene_count(format), Error);
}

}  // namespace
}  // namespace vbq
