// Images and states to store, and what equal means for them: the same bits.
#pragma once

#include <gtest/gtest.h>

#include <bit>
#include <limits>
#include <string>
#include <vector>

#include "core/random.hpp"
#include "search/run_state.hpp"
#include "vbq/dataset.hpp"

namespace vbq::test {

inline Images sample_images(std::int64_t count, std::int64_t channels, std::int64_t height, std::int64_t width,
                            std::int32_t classes, std::uint32_t seed) {
  Random random(seed, 0, 0, Purpose::test);
  Images images{count, channels, height, width, {}, {}};
  images.pixels.resize(static_cast<std::size_t>(count * channels * height * width));
  for (auto& pixel : images.pixels) pixel = static_cast<std::uint8_t>(random.bits32());
  for (std::int64_t i = 0; i < count; ++i) {
    images.labels.push_back(static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(classes))));
  }
  return images;
}

inline void expect_same(const Images& a, const Images& b) {
  EXPECT_EQ(a.count, b.count);
  EXPECT_EQ(a.channels, b.channels);
  EXPECT_EQ(a.height, b.height);
  EXPECT_EQ(a.width, b.width);
  EXPECT_TRUE(a.pixels == b.pixels);
  EXPECT_EQ(a.labels, b.labels);
}

inline Individual sample_individual(Random& random, int chromosomes) {
  Individual individual;
  individual.fitness = random.normal();
  individual.bits = static_cast<std::int64_t>(random.bits32());
  for (int c = 0; c < chromosomes; ++c) {
    Chromosome genes(random.below(9));  // some have none
    for (double& gene : genes) gene = random.normal();
    individual.genome.chromosomes.push_back(genes);
  }
  return individual;
}

// Every field filled, the awkward values of floating point among them.
inline RunState sample_state(int generation, std::uint32_t seed) {
  Random random(seed, 0, 0, Purpose::test);
  RunState state;
  state.job =
      "[search]\nseed = " + std::to_string(seed) + "\n" + std::string(100000, 'j');  // longer than an attribute may be
  state.network_hash = "0123456789abcdef0123456789abcdef";
  state.data_hash = "fedcba9876543210fedcba9876543210";
  state.engine = "cpu, oneDNN, fp32 \xC3\xA9";
  state.search.generation = generation;
  for (int i = 0; i < 12; ++i) state.search.population.push_back(sample_individual(random, i % 4));
  for (int i = 0; i < 3; ++i) state.search.archive.push_back(sample_individual(random, 2));
  state.search.population[0].fitness = std::numeric_limits<double>::infinity();
  state.search.population[1].fitness = -std::numeric_limits<double>::infinity();
  state.search.population[3].genome.chromosomes[0] = {-0.0, 0.0, std::numeric_limits<double>::denorm_min(), 0.1 + 0.2};
  state.search.best = sample_individual(random, 5);
  state.search.best.fitness = -0.0;
  state.start = sample_individual(random, 3);
  state.search.parameters = {1.0 / 3.0, -0.0, 1e308};
  for (int i = 0; i < 40; ++i) {
    const auto draw = [&random] { return static_cast<std::int64_t>(random.bits64()); };
    state.cache.push_back({{random.bits64(), random.bits64()}, {draw(), draw(), draw(), draw(), draw()}, draw()});
  }
  for (std::uint64_t i = 0; i < 3; ++i) {
    state.raced.push_back(
        {{i, random.bits64()}, {random.bits64(), i}, ImageHarms(i * 50, static_cast<std::int64_t>(i))});
  }
  state.evaluations = 123456789012345;
  state.images = std::numeric_limits<std::int64_t>::max();
  state.seconds = 1234.5678;
  state.history = {"0,1,2", "", std::string("with a NUL \0 inside", 19), std::string(70000, 'h')};
  state.timing = {"t"};
  return state;
}

// Little of each part: what the fuzz target starts from (tests/fuzz/seeds/checkpoint.h5).
inline RunState small_state() {
  RunState state;
  state.job = "[search]\nseed = 1\n";
  state.network_hash = "network";
  state.data_hash = "data";
  state.engine = "cpu";
  state.search.generation = 2;
  state.search.population = {{{{{0.5, 1.5}, {2.5}}}, 2.0}, {{{{0.25, 1.0}, {}}}, 1.0}};
  state.search.best = {{{{0.5}, {2.5, 3.5}}}, 3.0};
  state.search.parameters = {0.5};
  state.cache = {{{1, 2}, {10, 5, 7, 1000, 100}}, {{3, 4}, {10, 6, 8, 900, 90}}};
  state.evaluations = 2;
  state.images = 20;
  state.seconds = 1.5;
  state.history = {"1,2,3", "2,2,3"};
  state.timing = {"1,0.5"};
  return state;
}

inline std::vector<std::uint64_t> bits(const std::vector<double>& values) {
  std::vector<std::uint64_t> out;
  for (const double value : values) out.push_back(std::bit_cast<std::uint64_t>(value));
  return out;
}

inline void expect_same(const Individual& a, const Individual& b) {
  EXPECT_EQ(std::bit_cast<std::uint64_t>(a.fitness), std::bit_cast<std::uint64_t>(b.fitness));
  ASSERT_EQ(a.genome.chromosomes.size(), b.genome.chromosomes.size());
  for (std::size_t c = 0; c < a.genome.chromosomes.size(); ++c) {
    EXPECT_EQ(bits(a.genome.chromosomes[c]), bits(b.genome.chromosomes[c]));
  }
}

inline void expect_same(const RunState& a, const RunState& b) {
  EXPECT_EQ(a.job, b.job);
  EXPECT_EQ(a.network_hash, b.network_hash);
  EXPECT_EQ(a.data_hash, b.data_hash);
  EXPECT_EQ(a.engine, b.engine);
  EXPECT_EQ(a.search.generation, b.search.generation);
  ASSERT_EQ(a.search.population.size(), b.search.population.size());
  for (std::size_t i = 0; i < a.search.population.size(); ++i)
    expect_same(a.search.population[i], b.search.population[i]);
  expect_same(a.search.best, b.search.best);
  expect_same(a.start, b.start);
  EXPECT_EQ(bits(a.search.parameters), bits(b.search.parameters));
  EXPECT_TRUE(a.cache == b.cache);
  EXPECT_TRUE(a.raced == b.raced);
  EXPECT_EQ(a.evaluations, b.evaluations);
  EXPECT_EQ(a.images, b.images);
  EXPECT_EQ(bits({a.seconds}), bits({b.seconds}));
  EXPECT_EQ(a.history, b.history);
  EXPECT_EQ(a.timing, b.timing);
}

}  // namespace vbq::test
