#include "cluster/messages.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "core/random.hpp"

namespace vbq {
namespace {

TEST(Messages, GenomesKeepEveryBit) {
  Random random(3, 0, 0, Purpose::test);
  std::vector<Genome> genomes(17);
  for (Genome& genome : genomes) {
    genome.chromosomes.resize(random.below(6));
    for (Chromosome& genes : genome.chromosomes) {
      genes.resize(random.below(40));
      for (double& gene : genes) gene = std::bit_cast<double>(random.bits64());  // any bits, NaN and subnormal too
    }
  }
  genomes[0].chromosomes = {{-0.0, std::numeric_limits<double>::denorm_min(), 0.1}, {}};
  const auto back = unpack<std::vector<Genome>>(pack(genomes));
  ASSERT_EQ(back.size(), genomes.size());
  for (std::size_t g = 0; g < genomes.size(); ++g) {
    ASSERT_EQ(back[g].chromosomes.size(), genomes[g].chromosomes.size());
    for (std::size_t c = 0; c < genomes[g].chromosomes.size(); ++c) {
      const Chromosome &sent = genomes[g].chromosomes[c], &got = back[g].chromosomes[c];
      ASSERT_EQ(got.size(), sent.size());
      for (std::size_t i = 0; i < sent.size(); ++i) {
        EXPECT_EQ(std::bit_cast<std::uint64_t>(got[i]), std::bit_cast<std::uint64_t>(sent[i]));
      }
    }
  }
  EXPECT_TRUE(unpack<std::vector<Genome>>(pack(std::vector<Genome>{})).empty());
}

// Every field another than the default.
TEST(Messages, FormatsComeBack) {
  Format format;
  format.levels = 17;
  format.encoding = Encoding::floating;
  format.symmetric = true;
  format.exponent_bits = 3;
  format.exponent_bias = 1.5;
  format.scope = Scope::channel;
  format.scale = ScaleScope::channel;
  format.scale_by = ScaleBy::maximum;
  format.assignment = Assignment::sequential;
  format.matching = Matching::end;
  format.matching_images = 33;
  format.skip = {"conv1", "head"};
  format.biases = true;
  format.widths = Widths::own;
  format.rate = std::nullopt;
  format.refit = 2;
  format.level_values = LevelValues::int8;
  format.activations = 6;
  format.coding = Coding::entropy;
  format.delivery_images = 44;
  const auto back = unpack<Format>(pack(format));
  EXPECT_EQ(back.levels, 17);
  EXPECT_EQ(back.encoding, format.encoding);
  EXPECT_TRUE(back.symmetric);
  EXPECT_EQ(back.exponent_bits, 3);
  EXPECT_EQ(back.exponent_bias, format.exponent_bias);
  EXPECT_EQ(back.scope, format.scope);
  EXPECT_EQ(back.scale, format.scale);
  EXPECT_EQ(back.scale_by, format.scale_by);
  EXPECT_EQ(back.assignment, format.assignment);
  EXPECT_EQ(back.matching, format.matching);
  EXPECT_EQ(back.matching_images, 33);
  EXPECT_EQ(back.skip, format.skip);
  EXPECT_TRUE(back.biases);
  EXPECT_EQ(back.widths, Widths::own);
  EXPECT_FALSE(back.rate);
  EXPECT_EQ(back.refit, 2);
  EXPECT_EQ(back.level_values, LevelValues::int8);
  EXPECT_EQ(back.activations, 6);
  EXPECT_EQ(back.coding, Coding::entropy);
  EXPECT_EQ(back.delivery_images, 44);
  EXPECT_FALSE(unpack<Format>(pack(Format{})).exponent_bias);
}

TEST(Messages, ReportsAndFailuresComeBack) {
  const Report report{"node7", "aa", "bb", "cc", EngineInfo{"cpu", "Zen", "avx2", "oneDNN 2.6.3", "fp32", 3}};
  const auto back = unpack<Report>(pack(report));
  EXPECT_EQ(back.host, "node7");
  EXPECT_EQ(back.network_hash + back.data_hash + back.settings_hash, "aabbcc");
  ASSERT_TRUE(back.engine);
  EXPECT_EQ(back.engine->kind + back.engine->device + back.engine->isa, "cpuZenavx2");
  EXPECT_EQ(back.engine->library + back.engine->precision, "oneDNN 2.6.3fp32");
  EXPECT_EQ(back.engine->threads, 3);
  EXPECT_FALSE(unpack<Report>(pack(Report{"h", "", "", "", {}})).engine);

  const auto failure = unpack<Failure>(pack(Failure{"h", "It broke.", Fault::internal}));
  EXPECT_EQ(failure.sentence, "It broke.");
  EXPECT_EQ(failure.fault, Fault::internal);
}

TEST(Messages, KernelsComeBack) {
  const Kernels kernels{{14, 7, -3, std::int64_t{1} << 40}, {}, {15}};
  EXPECT_EQ(unpack<Kernels>(pack(kernels)), kernels);
  EXPECT_EQ(unpack<Kernels>(pack(Kernels())), Kernels());
}

TEST(Messages, BrokenOnesAreErrors) {
  const std::string good = pack(std::vector<Genome>{{{{1.0, 2.0}, {3.0}}}});
  EXPECT_THROW(unpack<std::vector<Genome>>(good + "x"), Error);
  EXPECT_THROW(unpack<std::vector<Genome>>("hello"), Error);
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_THROW(unpack<std::vector<Genome>>(good.substr(0, size)), Error) << size << " bytes";
  }
}

}  // namespace
}  // namespace vbq
