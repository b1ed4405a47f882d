// Settings that cost bits without gain.
#include "config/advice.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace vbq {
namespace {

// A layer of `channels` filters of `weights` weights each.
Network layer_of(std::int64_t channels, std::int64_t weights) {
  Network network;
  network.name = "one";
  const std::vector<float> data(static_cast<std::size_t>(channels * weights), 0.5F);
  network.shapes = {{weights, 4, 4}, {channels, 4, 4}};
  network.nodes = {{"conv",
                    Conv{{{channels, weights, 1, 1}, data},
                         std::vector<float>(static_cast<std::size_t>(channels)),
                         {1, 1},
                         {1, 1},
                         {},
                         1},
                    {kInputValue},
                    "weight"}};
  return network;
}

std::string all_of(const Network& network, const Format& format) {
  std::string text;
  for (const std::string& line : advice(network, format)) text += line + "\n";
  return text;
}

TEST(Advice, UnusedIndices) {
  const Network network = layer_of(64, 64);
  Format format;
  EXPECT_EQ(all_of(network, format), "");
  for (const int levels : {2, 4, 16, 256}) {
    format.levels = levels;
    EXPECT_EQ(all_of(network, format), "") << levels;
  }
  for (const int levels : {5, 6, 7}) {
    format.levels = levels;
    EXPECT_EQ(
        all_of(network, format),
        std::to_string(levels) +
            " levels take 3 bits a weight, as 8 levels do: format.bits = 3 gives more levels for the same size\n");
  }
  format.levels = 3;
  EXPECT_NE(all_of(network, format).find("3 levels take 2 bits a weight, as 4"), std::string::npos);
}

TEST(Advice, CodebooksOfShortChannels) {
  Format format;
  format.scope = Scope::channel;
  // 8 levels of 32 bits against 3 bits a weight: from 86 weights a channel the indices are larger.
  EXPECT_NE(all_of(layer_of(16, 85), format).find("adds 3.01 bits a weight in codebooks: in 1 of 1 layers (\"conv\")"),
            std::string::npos);
  EXPECT_EQ(all_of(layer_of(16, 86), format), "");
  format.scale = ScaleScope::channel;
  EXPECT_NE(all_of(layer_of(16, 1000), format).find("format.scale = \"channel\" adds 0.03 bits a weight for nothing"),
            std::string::npos);
  format.scope = Scope::layer;
  EXPECT_EQ(all_of(layer_of(16, 1000), format), "");
}

TEST(Advice, LayersThatAreSmallerAsTrained) {
  Format format;
  EXPECT_NE(all_of(layer_of(1, 8), format).find("more than FP32 in 1 of 1 layers: network.skip may name \"conv\""),
            std::string::npos);
  EXPECT_EQ(all_of(layer_of(1, 9), format), "");
  format.scale = ScaleScope::channel;
  EXPECT_NE(all_of(layer_of(4, 1), format).find("network.skip"), std::string::npos);
}

}  // namespace
}  // namespace vbq
