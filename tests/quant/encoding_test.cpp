// Encodings whose levels follow from one or two genes, codebooks of output channels, quantised biases, real sizes.
#include "quant/encoding.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/random.hpp"
#include "quant/seeds.hpp"
#include "quant/widen.hpp"
#include "support/networks.hpp"
#include "vbq/error.hpp"
#include "vbq/size.hpp"

namespace vbq {
namespace {

Format format_of(Encoding encoding, int levels, bool symmetric = false) {
  Format format;
  format.encoding = encoding;
  format.levels = levels;
  format.symmetric = symmetric;
  return format;
}

std::vector<float> levels_of(const Format& format, const Chromosome& genes) {
  const Codebook codebook = decode(genes, format);
  return {codebook.levels().begin(), codebook.levels().end()};
}

TEST(Encoding, Grid) {
  Format format = format_of(Encoding::grid, 5);
  EXPECT_EQ(gene_count(format), 1);  // the rate is a number
  EXPECT_EQ(levels_of(format, {0.5}), (std::vector<float>{-1, -0.5F, 0, 0.5F, 1}));
  format.levels = 4;
  EXPECT_EQ(levels_of(format, {0.5}), (std::vector<float>{-1, -0.5F, 0, 0.5F}));
  EXPECT_THROW(decode({0}, format), Error);
  format.rate = std::nullopt;
  EXPECT_EQ(gene_count(format), 2);
  EXPECT_FALSE(ascending_genes(format));
  EXPECT_TRUE(positive_genes(format));
  EXPECT_EQ(levels_of(format, {0.5, 0.1}), (std::vector<float>{-1, -0.5F, 0, 0.5F}));
  const Network net = support::residual_network();
  Genome genome;
  for (int c = 0; c < chromosome_count(net, format); ++c) genome.chromosomes.push_back({0.5, 0.25 + c});
  const NetworkFormat layers = Decoder(net, format)(genome);
  for (std::size_t i = 0; i < layers.size(); ++i) EXPECT_EQ(layers[i].rate, 0.25F + static_cast<float>(i));
  format.encoding = Encoding::values;
  EXPECT_THROW(gene_count(format), Error);  // no gene for a rate
  format.rate = -1;
  EXPECT_THROW(gene_count(format), Error);
}

TEST(Encoding, Uniform) {
  const Format affine = format_of(Encoding::uniform, 4);
  EXPECT_EQ(gene_count(affine), 2);
  EXPECT_EQ(levels_of(affine, {-1, 2}), (std::vector<float>{-1, 0, 1, 2}));
  EXPECT_EQ(levels_of(affine, {1, 1}), std::vector<float>{1});
  EXPECT_THROW(decode({2, -1}, affine), Error);
  const Format symmetric = format_of(Encoding::uniform, 8, true);
  EXPECT_EQ(gene_count(symmetric), 1);
  EXPECT_EQ(levels_of(symmetric, {4}), (std::vector<float>{-4, -3, -2, -1, 0, 1, 2, 3}));
  EXPECT_THROW(decode({0}, symmetric), Error);
  EXPECT_THROW(decode({-1}, symmetric), Error);
}

// The tables of the OCP Microscaling specification, v1.0: FP4 (E2M1), FP6 (E3M2, E2M3).
TEST(Encoding, SmallFloatsAreTheStandardOnes) {
  EXPECT_EQ(levels_of(format_of(Encoding::floating, 16), {6}),
            (std::vector<float>{-6, -4, -3, -2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2, 3, 4, 6}));
  const std::vector<float> e3m2 = levels_of(format_of(Encoding::floating, 64), {28});
  EXPECT_EQ(e3m2.size(), 63U);
  EXPECT_EQ(e3m2[32], 0.0625F);  // the least subnormal
  EXPECT_EQ(e3m2.back(), 28.0F);
  Format e2m3 = format_of(Encoding::floating, 64);
  e2m3.exponent_bits = 2;
  e2m3.exponent_bias = 1;  // set: the gene says nothing
  EXPECT_EQ(levels_of(e2m3, {99}).back(), 7.5F);
  EXPECT_EQ(levels_of(e2m3, {99})[32], 0.125F);
  Format wrong = format_of(Encoding::floating, 16);
  wrong.exponent_bits = 4;
  EXPECT_THROW(gene_count(wrong), Error);
  EXPECT_THROW(gene_count(format_of(Encoding::floating, 12)), Error);
}

TEST(Encoding, PowersOfTwo) {
  const Format format = format_of(Encoding::power_of_two, 8);
  EXPECT_EQ(levels_of(format, {1.2}), (std::vector<float>{-1, -0.5, -0.25, 0, 0.25, 0.5, 1}));
  EXPECT_EQ(levels_of(format, {1.5}), (std::vector<float>{-2, -1, -0.5, 0, 0.5, 1, 2}));
  EXPECT_EQ(levels_of(format_of(Encoding::power_of_two, 4), {0.3}), (std::vector<float>{-0.25, 0, 0.25}));
  EXPECT_THROW(gene_count(format_of(Encoding::power_of_two, 2)), Error);
}

// Least squares must not lose to any multiple of what it found.
TEST(Encoding, FitsAreLocallyLeastSquares) {
  const std::vector<float> weights = support::normals(20000, 3, 0.1);
  const auto error = [&](const Codebook& codebook) {
    double sum = 0;
    for (const float w : weights) sum += std::pow(static_cast<double>(w) - codebook.quantise(w), 2);
    return sum;
  };
  for (const Format& format : {format_of(Encoding::uniform, 8), format_of(Encoding::uniform, 8, true),
                               format_of(Encoding::floating, 8), format_of(Encoding::floating, 16)}) {
    const Chromosome genes = seed_genomes({weights}, format)[0].chromosomes[0];
    const double least = error(decode(genes, format));
    for (const double factor : {0.8, 0.97, 1.03, 1.25}) {
      Chromosome other = genes;
      for (double& gene : other) gene *= factor;
      EXPECT_LT(least, error(decode(other, format)));
    }
  }
  // Max (1960): an 8-level uniform quantiser of a normal source has 14.27 dB at best.
  const double signal = error(Codebook::from_levels({0.0F}));
  const Codebook uniform = decode(seed_genomes({weights}, format_of(Encoding::uniform, 8))[0].chromosomes[0],
                                  format_of(Encoding::uniform, 8));
  EXPECT_NEAR(10 * std::log10(signal / error(uniform)), 14.27, 0.1);
}

TEST(Encoding, AnyGenesGiveSortedFiniteLevels) {
  Random random(11, 0, 0, Purpose::test);
  int cases = 0;
  for (const Encoding encoding : {Encoding::values, Encoding::boundaries, Encoding::companded, Encoding::uniform,
                                  Encoding::floating, Encoding::power_of_two}) {
    for (const int levels : {4, 8, 256}) {
      const Format format = format_of(encoding, levels);
      const int genes = gene_count(format);
      for (int i = 0; i < 60000 / levels; ++i, ++cases) {
        Chromosome chromosome;
        const double size = std::exp(random.uniform(-90, 86));
        for (int g = 0; g < genes; ++g) {
          const double gene = size * random.normal();
          chromosome.push_back(positive_genes(format) ? std::max(std::fabs(gene), 1e-40) : gene);
        }
        if (ascending_genes(format)) std::sort(chromosome.begin(), chromosome.end());
        const Codebook codebook = decode(chromosome, format);
        ASSERT_LE(codebook.size(), levels);
        for (int k = 0; k < codebook.size(); ++k) {
          const auto at = static_cast<std::size_t>(k);
          ASSERT_TRUE(std::isfinite(codebook.levels()[at]));
          if (k > 0) {
            ASSERT_LE(codebook.levels()[at - 1], codebook.levels()[at]);
          }
        }
      }
    }
  }
  EXPECT_GT(cases, 100000);
}

TEST(Scope, EachOutputChannelHasItsCodebook) {
  const Network net = support::residual_network();
  Format format = format_of(Encoding::uniform, 4);
  format.scope = Scope::channel;
  const auto coded = coded_weights(net, format);
  ASSERT_EQ(static_cast<int>(coded.size()), chromosome_count(net, format));
  const Genome genome = seed_genomes(net, format)[3];  // minimum to maximum
  const NetworkFormat layers = Decoder(net, format)(genome);
  std::size_t next = 0;
  for (const LayerFormat& layer : layers) {
    const Tensor& weight = *weight_of(net.nodes[static_cast<std::size_t>(layer.node)]);
    const std::size_t row = weight.data.size() / layer.codebooks.size();
    ASSERT_EQ(layer.codebooks.size(), static_cast<std::size_t>(weight.shape[0]));
    std::vector<std::uint8_t> out(weight.data.size());
    nearest_levels(weight.data, weight.shape[0], layer, out);
    for (std::size_t c = 0; c < layer.codebooks.size(); ++c, ++next) {
      const auto first = weight.data.begin() + static_cast<std::ptrdiff_t>(c * row);
      EXPECT_EQ(coded[next], std::vector<float>(first, first + static_cast<std::ptrdiff_t>(row)));
      EXPECT_EQ(layer.codebooks[c], decode(genome.chromosomes[next], format));
      for (std::size_t i = c * row; i < (c + 1) * row; ++i) {
        EXPECT_EQ(out[i], layer.codebooks[c].index(weight.data[i]));
      }
    }
  }
  EXPECT_EQ(next, coded.size());
}

TEST(Biases, TakeLevelsOfTheirChannel) {
  const Network net = support::residual_network();
  Format format;
  format.scale = ScaleScope::channel;
  const Genome genome = seed_genomes(net, format)[0];
  for (const LayerFormat& layer : Decoder(net, format)(genome)) EXPECT_TRUE(layer.bias.empty());
  format.biases = true;
  int biases = 0;
  for (const LayerFormat& layer : Decoder(net, format)(genome)) {
    const std::vector<float>& trained = *bias_of(net.nodes[static_cast<std::size_t>(layer.node)]);
    ASSERT_EQ(layer.bias.size(), trained.size());
    for (std::size_t c = 0; c < trained.size(); ++c, ++biases) {
      EXPECT_EQ(layer.bias[c], layer.scales[c] * layer.codebook(c).quantise(trained[c] / layer.scales[c]));
    }
  }
  EXPECT_GT(biases, 0);
}

TEST(WeightSize, CountsEntropyAndCodebooksOfChannels) {
  const Network net = support::residual_network();
  const int node = weight_layers(net).front();
  const Tensor& weight = *weight_of(net.nodes[static_cast<std::size_t>(node)]);
  const auto count = static_cast<std::int64_t>(weight.data.size());
  LayerFormat layer{node, {Codebook::from_levels({-1, 0, 1, 2})}, {}};
  layer.indices.assign(weight.data.size(), 1);  // one level only: no information
  EXPECT_EQ(weight_size(net, NetworkFormat{layer}).entropy_bits, 0.0);
  EXPECT_EQ(weight_size(net, NetworkFormat{layer}).index_bits, 2 * count);
  for (std::size_t i = 0; i < layer.indices.size(); ++i) layer.indices[i] = i % 2 == 0 ? 0 : 3;
  const std::int64_t evens = (count + 1) / 2;
  const double half = static_cast<double>(evens) / static_cast<double>(count);
  const double expected = -static_cast<double>(count) * (half * std::log2(half) + (1 - half) * std::log2(1 - half));
  EXPECT_NEAR(weight_size(net, NetworkFormat{layer}).entropy_bits, expected, 1e-4 * expected);
  layer.codebooks.assign(static_cast<std::size_t>(weight.shape[0]), layer.codebooks.front());
  EXPECT_EQ(weight_size(net, NetworkFormat{layer}).codebook_bits, 32 * 4 * weight.shape[0]);
}

TEST(Widen, EachLevelBecomesTwo) {
  const Format two = format_of(Encoding::values, 4), three = format_of(Encoding::values, 8);
  EXPECT_EQ(widen({{{-3, -1, 1, 3}}}, two, three).chromosomes[0],
            (Chromosome{-3.5, -2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 3.5}));
  EXPECT_EQ(widen({{{-3, -1, 1, 3}}}, two, two).chromosomes[0], (Chromosome{-3, -1, 1, 3}));
  const Format symmetric = format_of(Encoding::values, 4, true), wider = format_of(Encoding::values, 8, true);
  EXPECT_EQ(widen({{{1, 3}}}, symmetric, wider).chromosomes[0], (Chromosome{0.5, 1.5, 2.5, 3.5}));
  EXPECT_EQ(widen({{{-1, 1}}}, format_of(Encoding::uniform, 4), format_of(Encoding::uniform, 8)).chromosomes[0],
            (Chromosome{-1, 1}));
  const Format curve = format_of(Encoding::companded, 4), longer = format_of(Encoding::companded, 8);
  const Codebook before = decode({2.5, 0.1}, curve);
  const Codebook after = decode(widen({{{2.5, 0.1}}}, curve, longer).chromosomes[0], longer);
  EXPECT_NEAR(after.levels().back(), before.levels().back(), 1e-6);
}

TEST(Widen, GivesGenesOfTheWiderFormatAndOfTheNarrowerOne) {
  const std::vector<float> weights = support::normals(2000, 4, 0.1);
  for (const Encoding encoding : {Encoding::values, Encoding::boundaries, Encoding::companded, Encoding::uniform,
                                  Encoding::floating, Encoding::power_of_two}) {
    for (const int from : {4, 8, 16}) {
      for (const int to : {4, 8, 32, 256}) {
        const Format narrow = format_of(encoding, from), wide = format_of(encoding, to);
        for (const Genome& seed : seed_genomes({weights}, narrow)) {
          EXPECT_NO_THROW(decode(widen(seed, narrow, wide).chromosomes[0], wide));
        }
      }
    }
  }
}

}  // namespace
}  // namespace vbq
