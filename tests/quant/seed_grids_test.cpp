// Grids that a search under a budget starts from.
#include "quant/seed_grids.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "quant/code_length.hpp"
#include "quant/encoding.hpp"
#include "quant/seeds.hpp"
#include "support/networks.hpp"

namespace vbq {
namespace {

Format grid_of(int levels) {
  Format format;
  format.encoding = Encoding::grid;
  format.levels = levels;
  return format;
}

// As many bits as asked for, codebooks and all, less a little that keeps them below a budget.
TEST(SeedGrids, StartAtTheBitsAskedFor) {
  Format format = grid_of(255), fixed = grid_of(31);
  format.rate = 0;
  format.coding = Coding::entropy;
  const std::vector<std::vector<float>> coded{support::normals(5000, 1), support::normals(20000, 2, 0.3)};
  for (const double bits : {1.0, 2.0, 3.0}) {
    for (const double power : kGridPowers) {
      const Genome seed = seed_grid(coded, steps_by_power(coded, {1, 0.3}, power), format, bits);
      double taken = 0;
      for (std::size_t c = 0; c < coded.size(); ++c) {
        const Codebook codebook = decode(seed.chromosomes[c], format);
        std::vector<std::uint8_t> indices;
        for (const float w : coded[c]) indices.push_back(static_cast<std::uint8_t>(codebook.index(w)));
        const LevelCounts counts = count_levels(indices);
        const auto used = std::ranges::count_if(counts, [](std::int64_t count) { return count > 0; });
        taken += entropy_bits(indices) + 32.0 * static_cast<double>(used);
      }
      EXPECT_NEAR(taken / 25000, 0.97 * bits, 0.01);
    }
  }
  // Whole bits each: as many levels as 3 bits have room for, or one fewer on one side.
  const Genome whole = seed_grid(coded, {1, 0.3}, fixed, 3.2);
  for (std::size_t c = 0; c < coded.size(); ++c) {
    const auto [least, greatest] = std::ranges::minmax(coded[c]);
    const double step = whole.chromosomes[c][0];
    EXPECT_NEAR(std::round(greatest / step) - std::round(least / step), 7, 1);
  }
}

// A price of bits lets steps be finer; errors that are carried on to later weights spread these over more levels.
TEST(SeedGrids, AreForeseenAsTheyAreAssigned) {
  const std::vector<std::vector<float>> coded{support::normals(20000, 1)};
  const auto step = [&](Assignment assignment, double rate) {
    Format format = grid_of(255);
    format.assignment = assignment;
    format.coding = Coding::entropy;
    format.rate = rate;
    return seed_grid(coded, {1}, format, 2).chromosomes[0][0];
  };
  const double nearest = step(Assignment::nearest, 0), carried = step(Assignment::compensated, 0);
  EXPECT_GT(carried, 1.02 * nearest);
  EXPECT_LT(step(Assignment::compensated, 1), 0.98 * carried);
  EXPECT_EQ(step(Assignment::nearest, 1), nearest) << "where nothing is priced";
}

// Steps of weights as they are: as a power of their size, whatever they are divided by.
TEST(SeedGrids, StepsFollowAPowerOfTheirWeights) {
  Network net = support::residual_network();
  Format plain = grid_of(31), scaled = plain;
  scaled.scale = ScaleScope::layer;
  const auto weights = coded_weights(net, plain), coded = coded_weights(net, scaled);
  const std::vector<std::vector<float>> scales = layer_scales(net, scaled);
  std::vector<double> rms;
  rms.reserve(weights.size());
  for (const std::vector<float>& own : weights) rms.push_back(root_mean_square(own));
  ASSERT_GT(*std::ranges::max_element(rms), 1.5 * *std::ranges::min_element(rms));
  for (const double power : kGridPowers) {
    const Genome seed = seed_grid(weights, steps_by_power(weights, rms, power), plain, 2);
    const Genome same = seed_grid(coded, steps_by_power(coded, rms, power), scaled, 2);
    for (std::size_t c = 0; c < rms.size(); ++c) {
      const double step = seed.chromosomes[c].front(), first = seed.chromosomes.front().front();
      EXPECT_NEAR(step / first, std::pow(rms[c] / rms.front(), power), 1e-9);
      EXPECT_NEAR(same.chromosomes[c].front() * static_cast<double>(scales[c].front()), step, 2e-3 * step);
    }
  }
  // Zeros have no size.
  std::ranges::fill(weight_of(net.nodes[static_cast<std::size_t>(weight_layers(net).front())])->data, 0.0F);
  const auto zeros = coded_weights(net, plain);
  rms.front() = root_mean_square(zeros.front());
  EXPECT_EQ(rms.front(), 1);
  for (const Chromosome& genes : seed_grid(zeros, steps_by_power(zeros, rms, 0.5), plain, 2).chromosomes) {
    EXPECT_GT(genes.front(), 0);
    EXPECT_TRUE(std::isfinite(genes.front()));
  }
}

// Sixteen times the harm a weight halves the step, at most 1.6 times the mean; a layer that does no harm, or makes the
// network better by chance, is taken for one that does little.
TEST(SeedGrids, StepsFollowMeasuredHarm) {
  const auto first = support::normals(1000, 1), large = support::normals(4000, 2, 0.5),
             last = support::normals(1000, 3);
  const std::vector<std::vector<float>> coded{first, large, last};
  const auto in_their_units = [&](const std::vector<double>& harms, double power) {
    std::vector<double> steps = steps_by_harm(coded, harms, power);
    for (std::size_t c = 0; c < steps.size(); ++c) steps[c] /= root_mean_square(coded[c]);
    return steps;
  };
  for (const double unit : {1.0, 1e12}) {  // a harm's, which says nothing
    const std::vector<double> steps = in_their_units({16 * unit, 4 * unit, 1.5 * unit}, 0.25);
    EXPECT_NEAR(steps[0] / steps[1], 0.5, 1e-9);
    EXPECT_NEAR(steps[2] / steps[1], std::pow(1.5, -0.25), 1e-9);
    EXPECT_NEAR(steps[1], std::pow(2 * std::pow(1.5, 0.25), 1.0 / 6), 1e-9) << "their mean, by weights, is 1";
  }
  EXPECT_NEAR(in_their_units({16, 4, 1}, 0.5)[0] / in_their_units({16, 4, 1}, 0.5)[1], 0.25, 1e-9);
  EXPECT_NEAR(in_their_units({1, 4, 1e-9}, 0.25)[2], 1.6, 1e-9) << "the widest";
  const std::vector<double> none = in_their_units({1, 4, 0}, 0.0625), better = in_their_units({1, 4, -3}, 0.0625);
  EXPECT_EQ(none, better);
  EXPECT_NEAR(none[2] / none[0], std::pow(5.0 / 3 / 256, -0.0625), 1e-9);
  for (const std::vector<double>& harms : {std::vector<double>{0, 0, 0}, {-1, 0, -2}}) {
    EXPECT_EQ(in_their_units(harms, 0.25), std::vector<double>(3, 1)) << "nothing is known";
  }
}

}  // namespace
}  // namespace vbq
