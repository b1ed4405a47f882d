#include "quant/seeds.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "quant/fit.hpp"
#include "quant/kmeans.hpp"
#include "support/networks.hpp"

namespace vbq {
namespace {

double error_of(const std::vector<float>& weights, const Codebook& codebook) {
  double error = 0;
  for (float w : weights) error += std::pow(static_cast<double>(w) - codebook.quantise(w), 2);
  return error;
}

std::vector<Format> formats() {
  std::vector<Format> all;
  for (const int levels : {2, 3, 4, 8, 16, 64, 256}) {
    Format format;
    format.levels = levels;
    all.push_back(format);
    if (levels % 2 == 0) {
      format.symmetric = true;
      all.push_back(format);
      format.symmetric = false;
    }
    format.encoding = Encoding::boundaries;
    all.push_back(format);
    format.encoding = Encoding::companded;
    all.push_back(format);
    format.encoding = Encoding::grid;
    all.push_back(format);
  }
  return all;
}

TEST(Seeds, AreValidForAnyWeights) {
  const float most = std::numeric_limits<float>::max(), least = std::numeric_limits<float>::denorm_min();
  const std::vector<std::vector<float>> cases{{0.5F},
                                              {-0.5F},
                                              {0, 0, 0},
                                              {1, 1, 1, 1},
                                              {-1, 0, 1},
                                              {-1, -1, 2, 2, 2, 3},
                                              {most, -most, 0, 1},
                                              {least, 0, -least},
                                              support::normals(300, 1, 1e-20),
                                              support::normals(5000, 2, 0.1)};
  for (const Format& format : formats()) {
    for (const std::vector<float>& weights : cases) {
      const std::vector<Genome> seeds = seed_genomes({weights}, format);
      ASSERT_EQ(seeds.size(), 5U);
      for (const Genome& seed : seeds) {
        ASSERT_EQ(seed.chromosomes.size(), 1U);
        const Codebook codebook = decode(seed.chromosomes[0], format);  // throws where genes are not valid
        ASSERT_GE(codebook.size(), 1);
        ASSERT_LE(codebook.size(), format.levels);
        if (format.symmetric) {
          ASSERT_GT(seed.chromosomes[0].front(), 0.0);
        }
      }
    }
  }
}

TEST(Seeds, KMeansIsFirstAndBest) {
  const std::vector<float> weights = support::normals(5000, 2, 0.1);
  for (const Format& format : formats()) {
    if (format.encoding == Encoding::grid)
      continue;  // its levels are priced: the nearest ones' error does not order it
    const std::vector<Genome> seeds = seed_genomes({weights}, format);
    const double slack = format.encoding == Encoding::boundaries ? 0.02 : 1e-5;  // boundaries: a local optimum
    const double first = error_of(weights, decode(seeds[0].chromosomes[0], format));
    for (const Genome& seed : seeds) {
      EXPECT_LE(first, error_of(weights, decode(seed.chromosomes[0], format)) * (1 + slack)) << format.levels;
    }
  }
}

// At 8 levels of a normal distribution, against the textbook: Lloyd-Max 14.62 dB, and what restricted encodings may
// lose.
TEST(Seeds, ErrorsAreThoseOfTheTextbook) {
  const std::vector<float> weights = support::normals(200000, 5);
  Format format;
  const auto decibel = [&] {
    const Codebook codebook = decode(seed_genomes({weights}, format)[0].chromosomes[0], format);
    return -10 * std::log10(error_of(weights, codebook) / static_cast<double>(weights.size()));
  };
  EXPECT_NEAR(decibel(), 14.62, 0.05);  // Max, 1960
  format.symmetric = true;
  EXPECT_NEAR(decibel(), 14.62, 0.05);
  format.symmetric = false;
  format.encoding = Encoding::companded;
  EXPECT_GT(decibel(), 14.5);
  EXPECT_LT(decibel(), 14.65);
  format.encoding = Encoding::boundaries;
  EXPECT_GT(decibel(), 12.5);
  EXPECT_LT(decibel(), 14.65);
}

TEST(Seeds, CompandedFitFindsItsOwnCurve) {
  Format format;
  format.encoding = Encoding::companded;
  const Codebook truth = decode({1.6, 0.07}, format);
  std::vector<float> weights;
  for (float level : truth.levels()) weights.insert(weights.end(), {level, level, level});
  const Chromosome found = fit_companded(SortedWeights(weights), 8);
  EXPECT_NEAR(found[0], 1.6, 0.01);
  EXPECT_NEAR(found[1], 0.07, 0.001);
}

TEST(Seeds, BoundaryFitIsALocalOptimum) {
  const std::vector<float> weights = support::normals(3000, 6);
  Format format;
  format.encoding = Encoding::boundaries;
  const Chromosome genes = seed_genomes({weights}, format)[0].chromosomes[0];
  const double error = error_of(weights, decode(genes, format));
  for (std::size_t i = 0; i < genes.size(); ++i) {
    for (const double step : {-0.02, 0.02}) {
      Chromosome moved = genes;
      moved[i] += step;
      EXPECT_GT(error_of(weights, decode(moved, format)), error * (1 - 1e-3));
    }
  }
}

TEST(Seeds, AreOfTheScaledWeightsOfEachLayer) {
  const Network net = support::residual_network();
  Format format;
  format.scale = ScaleScope::channel;
  const auto coded = coded_weights(net, format);
  ASSERT_EQ(coded.size(), 3U);
  const auto scales = layer_scales(net, format);
  const Tensor& conv = *weight_of(net.nodes[3]);
  EXPECT_EQ(coded[1][100], conv.data[100] / scales[1][100 / 63]);
  EXPECT_EQ(seed_genomes(net, format)[0].chromosomes[2], kmeans(SortedWeights(coded[2]), 8));
  EXPECT_EQ(weight_magnitudes({{-3, 1}, {0}}), (std::vector<double>{3, 0}));
  format.scope = Scope::network;
  ASSERT_EQ(coded_weights(net, format).size(), 1U);
  EXPECT_EQ(coded_weights(net, format)[0].size(), 665U);
  EXPECT_EQ(seed_genomes(net, format)[0].chromosomes.size(), 1U);
}

TEST(Seeds, NormalQuantile) {
  EXPECT_NEAR(normal_quantile(0.5), 0, 1e-12);
  EXPECT_NEAR(normal_quantile(0.975), 1.959963984540054, 1e-12);
  EXPECT_NEAR(normal_quantile(1e-10), -6.361340902404056, 1e-9);
}

}  // namespace
}  // namespace vbq
