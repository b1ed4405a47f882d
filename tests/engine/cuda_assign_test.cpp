// Compensated assignment as engine cuda does it, without a GPU: its thread blocks run on the host, thread after thread
// between any two meetings, in one order and in the opposite one. What threads must not see of each other before they
// meet would make the two differ.
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "assign/compensated.hpp"
#include "core/random.hpp"
#include "engine/cuda/plan/assign_batch.hpp"
#include "support/networks.hpp"
#include "vbq/error.hpp"

namespace vbq::test {
namespace {

struct HostBlock {
  bool backward;
  template <typename F>
  void each(F f) const {
    for (int k = 0; k < cuda::kAssignThreads; ++k) f(backward ? cuda::kAssignThreads - 1 - k : k);
  }
  static void meet() {}
  static void meet_row() {}
};

// A layer of [outputs, groups' columns], with a factor for each group, or for each of `runs` runs of its columns.
struct Case {
  std::int64_t outputs, columns, groups = 1, runs = 1;
};
const Case kCases[] = {{1, 1},          {3, 9},    {31, 64},    {32, 65},    {33, 63},
                       {70, 130},       {8, 200},  {12, 18, 4}, {40, 9, 40}, {5, 7, 1, 2},
                       {66, 150, 2, 3}, {64, 128}, {2, 1, 2},   {100, 3, 1}, {17, 320, 1, 5}};

// H = E[x x^T] of inputs that depend on each other.
std::vector<double> correlated(std::size_t n, Random& random) {
  std::vector<double> h(n * n), x(n);
  for (std::size_t p = 0; p < 2 * n + 3; ++p) {
    const double common = random.normal();
    for (double& v : x) v = 0.7 * common + random.normal();
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j) h[i * n + j] += x[i] * x[j] / static_cast<double>(2 * n + 3);
    }
  }
  return h;
}

LayerFactor factor_for(int node, const Case& c, Random& random) {
  LayerFactor factor{node, {}};
  const std::int64_t rows = c.outputs / c.groups, most = (c.columns + c.runs - 1) / c.runs;
  for (std::int64_t g = 0; g < c.groups; ++g) {
    for (std::int64_t first = 0; first < c.columns; first += most) {
      std::vector<std::int32_t> columns(static_cast<std::size_t>(std::min(most, c.columns - first)));
      std::iota(columns.begin(), columns.end(), static_cast<std::int32_t>(first));
      factor.blocks.push_back(make_factor(correlated(columns.size(), random), columns, g * rows, rows));
    }
  }
  return factor;
}

LayerFormat format_for(int node, const Case& c, Random& random) {
  LayerFormat format;
  format.node = node;
  const auto outputs = static_cast<std::size_t>(c.outputs);
  for (std::size_t n = random.below(2) == 0 ? 1 : outputs; n > 0; --n) {
    std::vector<float> levels(1 + random.below(random.below(4) == 0 ? 256 : 9));
    for (float& level : levels) level = static_cast<float>(random.normal());
    format.codebooks.push_back(Codebook::from_levels(levels));
  }
  const auto kind = random.below(3);
  format.scales.resize(kind == 0 ? 0 : kind == 1 ? 1 : outputs);
  for (float& s : format.scales) s = static_cast<float>(0.2 + random.uniform());
  return format;
}

struct Made {
  std::vector<std::uint8_t> levels;
  std::vector<float> scratch;
};

Made run(const cuda::AssignBatch& batch, bool backward) {
  Made made{std::vector<std::uint8_t>(static_cast<std::size_t>(batch.levels), 255),
            std::vector<float>(static_cast<std::size_t>(batch.targets), std::nanf(""))};
  cuda::AssignPanel panel;
  for (int block = 0; block < batch.blocks; ++block) {
    std::fill_n(reinterpret_cast<float*>(&panel), sizeof panel / sizeof(float), std::nanf(""));
    const int number = cuda::task_of(batch.tasks.data(), static_cast<int>(batch.tasks.size()), block);
    cuda::AssignRows(batch.tasks[static_cast<std::size_t>(number)], reinterpret_cast<const float*>(batch.words.data()),
                     made.scratch.data(), made.levels.data(), block, panel)
        .run(HostBlock{backward});
  }
  return made;
}

TEST(CudaAssign, LevelsAreTheHostsToTheBit) {
  std::vector<std::vector<float>> weights;
  std::vector<LayerFactor> factors;
  std::vector<cuda::FactorLayer> layers;
  Random random(11, 0, 0, Purpose::test);
  for (const Case& c : kCases) {
    const int node = static_cast<int>(weights.size());
    weights.push_back(support::normals(static_cast<std::size_t>(c.outputs * c.columns), random.below(1000), 1.0));
    factors.push_back(factor_for(node, c, random));
    layers.push_back({node, static_cast<int>(c.outputs), static_cast<int>(c.columns), nullptr, {}});
  }
  for (std::size_t k = 0; k < layers.size(); ++k) {
    layers[k].weight = weights[k].data();
    for (const FactorBlock& block : factors[k].blocks) {
      layers[k].blocks.push_back({block.columns.data(), block.feedback.data(), static_cast<int>(block.first_row),
                                  static_cast<int>(block.rows), static_cast<int>(block.columns.size())});
    }
  }
  // All layers several times, in one batch.
  cuda::AssignBatch batch;
  std::vector<LayerFormat> formats;
  for (int round = 0; round < 6; ++round) {
    for (std::size_t k = 0; k < layers.size(); ++k) {
      formats.push_back(format_for(static_cast<int>(k), kCases[k], random));
      batch.add(layers[k], formats.back());
    }
  }
  for (const bool backward : {false, true}) {
    const Made made = run(batch, backward);
    std::size_t at = 0;
    for (const LayerFormat& format : formats) {
      const auto k = static_cast<std::size_t>(format.node);
      const auto expected = assign_compensated(weights[k], kCases[k].outputs, format, factors[k]);
      const std::vector<std::uint8_t> got(made.levels.begin() + static_cast<std::ptrdiff_t>(at),
                                          made.levels.begin() + static_cast<std::ptrdiff_t>(at + expected.size()));
      ASSERT_EQ(got, expected) << "layer " << k << (backward ? ", backward" : "");
      at += expected.size();
    }
    EXPECT_EQ(at, made.levels.size());
  }
}

TEST(CudaAssign, CodebooksOfMoreThan256LevelsAreRefused) {
  std::vector<float> levels(257);
  std::iota(levels.begin(), levels.end(), 0.0F);
  LayerFormat format;
  format.codebooks = {Codebook::from_levels(levels)};
  cuda::AssignBatch batch;
  EXPECT_THROW(batch.add({0, 1, 1, nullptr, {}}, format), Error);
}

}  // namespace
}  // namespace vbq::test
