// Rate-distortion assignment against its definition.
#include "assign/rate.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "assign/compensated.hpp"
#include "core/random.hpp"
#include "quant/code_length.hpp"

namespace vbq {
namespace {

constexpr std::size_t kRows = 6, kColumns = 20;

// H of correlated inputs, and weights that are normal.
struct Layer {
  std::vector<float> weight;
  LayerFactor factor;
  LayerFormat format;
};

std::vector<double> correlated() {
  Random random(5, 0, 0, Purpose::test);
  std::vector<double> h(kColumns * kColumns, 0.0);
  for (int p = 0; p < 200; ++p) {
    std::vector<double> x;
    double common = random.normal();
    for (std::size_t i = 0; i < kColumns; ++i)
      x.push_back(common + (1 + 0.1 * static_cast<double>(i)) * random.normal());
    for (std::size_t i = 0; i < kColumns * kColumns; ++i) h[i] += x[i / kColumns] * x[i % kColumns] / 200;
  }
  return h;
}

Layer layer_with(float rate) {
  Random random(6, 0, 0, Purpose::test);
  Layer layer;
  for (std::size_t i = 0; i < kRows * kColumns; ++i) layer.weight.push_back(static_cast<float>(random.normal()));
  std::vector<std::int32_t> columns;
  for (std::size_t i = 0; i < kColumns; ++i) columns.push_back(static_cast<std::int32_t>(i));
  layer.factor = {0, {make_factor(correlated(), columns, 0, kRows)}};
  std::vector<float> levels;
  for (int k = -7; k <= 7; ++k) levels.push_back(0.5F * static_cast<float>(k));
  layer.format = {0, {Codebook::from_levels(levels)}, {}};
  for (std::size_t r = 0; r < kRows; ++r) layer.format.scales.push_back(0.5F + 0.25F * static_cast<float>(r));
  layer.format.rate = rate;
  return layer;
}

std::vector<std::uint8_t> assigned(const Layer& layer) {
  return assign_compensated(layer.weight, kRows, layer.format, layer.factor);
}

// D of H = (1 + A) D (1 + A)^T by its own recursion.
TEST(Rate, TheFactorsDiagonalIsThatOfH) {
  const std::vector<double> h = correlated();
  const Layer layer = layer_with(0);
  const FactorBlock& block = layer.factor.blocks[0];
  double damping = 0;
  for (std::size_t i = 0; i < kColumns; ++i) damping += 0.01 * h[i * kColumns + i] / kColumns;
  for (std::size_t i = kColumns; i-- > 0;) {
    const auto c = static_cast<std::size_t>(block.columns[i]);
    double d = h[c * kColumns + c] + damping;
    for (std::size_t j = i + 1; j < kColumns; ++j) {
      const double a = block.feedback[i * kColumns + j];
      d -= a * a * static_cast<double>(block.diagonal[j]);
    }
    EXPECT_NEAR(block.diagonal[i], d, 1e-4 * d) << i;
  }
}

TEST(Rate, ChoosesTheLeastCostOfThoseWithinTwoOfTheNearestAndZero) {
  const Layer layer = layer_with(3);
  std::vector<std::uint8_t> taken(kRows * kColumns, 7);  // zero, mostly
  for (std::size_t i = 0; i < 15; ++i) taken[i] = static_cast<std::uint8_t>(i);
  const RateChooser chooser(layer.format, layer.factor, taken);
  const std::vector<float> bits = code_lengths(taken, 15);
  double diagonal = 0, squares = 0;
  for (const float d : layer.factor.blocks[0].diagonal) diagonal += static_cast<double>(d) / kColumns;
  for (const float s : layer.format.scales) squares += static_cast<double>(s) * static_cast<double>(s) / kRows;
  const double lambda = 3 * 2 * std::numbers::ln2 * 0.25 / 12 * squares * diagonal;
  const Codebook& codebook = layer.format.codebooks[0];
  int moved = 0;
  for (double x = -4; x < 4; x += 0.0137) {
    const double importance = 1.7;
    const int nearest = codebook.index(static_cast<float>(x));
    int best = -1;
    double least = 0;
    for (int k = 0; k < 15; ++k) {
      if (std::abs(k - nearest) > 2 && k != 7) continue;
      const double off = x - 0.5 * (k - 7);
      const double cost = off * off * importance + lambda * static_cast<double>(bits[static_cast<std::size_t>(k)]);
      if (best < 0 || cost < least - 1e-6) {
        least = cost;
        best = k;
      }
    }
    const int chosen = chooser.choose(codebook, static_cast<float>(x), static_cast<float>(importance));
    EXPECT_EQ(chosen, best) << x;
    moved += chosen != nearest;
  }
  EXPECT_GT(moved, 50);
}

// One round by its definition, weight after weight.
std::vector<std::uint8_t> plain_round(const Layer& layer, const std::vector<std::uint8_t>& before) {
  const RateChooser chooser(layer.format, layer.factor, before);
  const FactorBlock& block = layer.factor.blocks[0];
  std::vector<std::uint8_t> taken(kRows * kColumns);
  for (std::size_t r = 0; r < kRows; ++r) {
    const float s = layer.format.scales[r];
    std::vector<double> target;
    for (const std::int32_t c : block.columns)
      target.push_back(layer.weight[r * kColumns + static_cast<std::size_t>(c)]);
    for (std::size_t i = 0; i < kColumns; ++i) {
      const std::size_t at = r * kColumns + static_cast<std::size_t>(block.columns[i]);
      const float x = static_cast<float>(target[i]) / s;
      const int level = chooser.choose(layer.format.codebooks[0], x, s * s * block.diagonal[i]);
      taken[at] = static_cast<std::uint8_t>(level);
      const double error = static_cast<double>(layer.weight[at]) - static_cast<double>(s) * 0.5 * (level - 7);
      for (std::size_t k = i + 1; k < kColumns; ++k) {
        target[k] += static_cast<double>(block.feedback[i * kColumns + k]) * error;
      }
    }
  }
  return taken;
}

TEST(Rate, TheFirstRoundsCodeLengthsAreThoseOfTheNearestLevels) {
  for (const float rate : {0.5F, 1.0F, 4.0F}) {
    const Layer layer = layer_with(rate);
    std::vector<std::uint8_t> nearest(kRows * kColumns);
    for (std::size_t i = 0; i < nearest.size(); ++i) {
      const float x = layer.weight[i] / layer.format.scales[i / kColumns];
      nearest[i] = static_cast<std::uint8_t>(layer.format.codebooks[0].index(x));
    }
    const auto first = plain_round(layer, nearest);
    EXPECT_EQ(assigned(layer), plain_round(layer, first)) << rate;
    // It matters where a round begins.
    EXPECT_NE(first, plain_round(layer, std::vector<std::uint8_t>(kRows * kColumns))) << rate;
  }
}

TEST(Rate, ARateTakesBitsAndCostsError) {
  const std::vector<std::uint8_t> plain = assigned(layer_with(0)), some = assigned(layer_with(1)),
                                  much = assigned(layer_with(8));
  EXPECT_LT(entropy_bits(some), entropy_bits(plain));
  EXPECT_LT(entropy_bits(much), entropy_bits(some));
  const auto error = [&](const std::vector<std::uint8_t>& levels) {
    const Layer layer = layer_with(0);
    const std::vector<double> h = correlated();
    double sum = 0;
    for (std::size_t r = 0; r < kRows; ++r) {
      std::vector<double> d;
      for (std::size_t i = 0; i < kColumns; ++i) {
        const double q = static_cast<double>(layer.format.scales[r]) * 0.5 * (levels[r * kColumns + i] - 7);
        d.push_back(static_cast<double>(layer.weight[r * kColumns + i]) - q);
      }
      for (std::size_t i = 0; i < kColumns * kColumns; ++i) sum += h[i] * d[i / kColumns] * d[i % kColumns];
    }
    return sum;
  };
  EXPECT_LT(error(plain), error(some));
  EXPECT_LT(error(some), error(much));
}

}  // namespace
}  // namespace vbq
