#include "quant/width_choices.hpp"

#include <gtest/gtest.h>

#include "quant/kmeans.hpp"
#include "quant/seeds.hpp"
#include "support/networks.hpp"

namespace vbq {
namespace {

TEST(WidthChoices, CountsAreThoseThatPay) {
  EXPECT_EQ(worthwhile_levels(Coding::fixed, 16), (std::vector<int>{2, 4, 8, 16}));
  EXPECT_EQ(worthwhile_levels(Coding::fixed, 12), (std::vector<int>{2, 4, 8, 12}));
  EXPECT_EQ(worthwhile_levels(Coding::entropy, 16), (std::vector<int>{2, 3, 4, 5, 6, 8, 11, 16}));
  EXPECT_EQ(worthwhile_levels(Coding::fixed, 2), (std::vector<int>{2}));
  EXPECT_EQ(worthwhile_levels(Coding::entropy, 256).back(), 256);
}

TEST(WidthChoices, AreTheSeedsOfEachCountAndNothing) {
  const Network network = support::residual_network();
  Format format;
  format.levels = 8;
  format.widths = Widths::own;
  format.scale = ScaleScope::channel;
  const auto coded = coded_weights(network, format);
  const auto choices = width_choices(coded, format);
  ASSERT_EQ(choices.size(), coded.size());
  const int counts[] = {2, 4, 8};
  for (std::size_t c = 0; c < choices.size(); ++c) {
    ASSERT_EQ(choices[c].size(), 4U);
    EXPECT_TRUE(choices[c].back().empty());
    for (std::size_t k = 0; k < 3; ++k) {
      Format same = format;
      same.widths = Widths::same;
      same.levels = counts[k];
      EXPECT_EQ(choices[c][k], seed_genomes(coded, same).front().chromosomes[c]) << "the seed for one count";
    }
  }
}

}  // namespace
}  // namespace vbq
