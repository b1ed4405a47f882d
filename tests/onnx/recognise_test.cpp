// Functions that are spelled out in a graph, recognised as one.
#include <gtest/gtest.h>

#include <string>

#include "model/passes.hpp"
#include "model_builder.hpp"

namespace vbq::test {
namespace {

TEST(RecogniseFunctions, SwishHardSwishAndGeluAsTheyAreSpelled) {
  using Kind = Unary::Kind;
  const auto only_kind = [](ModelBuilder& b) {
    const Network net = b.read();
    EXPECT_EQ(net.nodes.size(), 1U);
    return only<Unary>(net).kind;
  };
  ModelBuilder swish;
  swish.node("Sigmoid", {"x"}, "s");
  swish.node("Mul", {"s", "x"});
  EXPECT_EQ(only_kind(swish), Kind::swish);

  ModelBuilder hard;
  hard.node("HardSigmoid", {"x"}, "s").real("alpha", 1.0F / 6);
  hard.node("Mul", {"x", "s"});
  EXPECT_EQ(only_kind(hard), Kind::hard_swish);

  ModelBuilder spelled;
  for (const auto& [name, v] : {std::pair{"three", 3.0F}, {"zero", 0.0F}, {"six", 6.0F}}) spelled.scalar(name, v);
  spelled.node("Add", {"x", "three"}, "a");
  spelled.node("Clip", {"a", "zero", "six"}, "c");
  spelled.node("Mul", {"x", "c"}, "m");
  spelled.node("Div", {"m", "six"});
  EXPECT_EQ(only_kind(spelled), Kind::hard_swish);

  for (const bool half_first : {false, true}) {  // PyTorch's old exporter, and its dynamo exporter
    ModelBuilder gelu;
    for (const auto& [name, v] : {std::pair{"root", 1.4142135F}, {"one", 1.0F}, {"half", 0.5F}}) gelu.scalar(name, v);
    gelu.node("Div", {"x", "root"}, "d");
    gelu.node("Erf", {"d"}, "e");
    gelu.node("Add", {"e", "one"}, "a");
    if (half_first) {
      gelu.node("Mul", {"half", "a"}, "h");
      gelu.node("Mul", {"x", "h"});
    } else {
      gelu.node("Mul", {"x", "a"}, "m");
      gelu.node("Mul", {"m", "half"});
    }
    EXPECT_EQ(only_kind(gelu), Kind::gelu);
  }
}

TEST(RecogniseFunctions, AChainOfAHundredThousandMulsIsReadInNoTime) {
  ModelBuilder b;
  b.scalar("c", 1.5F);
  constexpr int kMuls = 100'000;
  std::string before = "x";
  for (int k = 0; k < kMuls; ++k) {
    const std::string name = k + 1 == kMuls ? "y" : "v" + std::to_string(k);
    b.node("Mul", {before, "c"}, name);
    before = name;
  }
  EXPECT_GT(b.read().nodes.size(), static_cast<std::size_t>(kMuls));
}

TEST(RecogniseFunctions, LeavesWhatIsAnother) {
  ModelBuilder other;  // of another value
  other.node("Relu", {"x"}, "r");
  other.node("Sigmoid", {"r"}, "s");
  other.node("Mul", {"s", "x"});
  EXPECT_EQ(operators(other.read()), (Names{"Relu", "Sigmoid", "Mul"}));
  ModelBuilder twice;  // times a number
  twice.scalar("two", 2.0F);
  twice.node("Sigmoid", {"x"}, "s");
  twice.node("Mul", {"s", "x"}, "m");
  twice.node("Mul", {"m", "two"});
  const Network scaled = twice.read();
  EXPECT_EQ(only<Unary>(scaled, 0).kind, Unary::Kind::swish);
  EXPECT_EQ(operators(scaled).size(), 3U);
  ModelBuilder four;
  for (const auto& [name, v] : {std::pair{"four", 4.0F}, {"zero", 0.0F}, {"six", 6.0F}}) four.scalar(name, v);
  four.node("Add", {"x", "four"}, "a");
  four.node("Clip", {"a", "zero", "six"}, "c");
  four.node("Mul", {"x", "c"}, "m");
  four.node("Div", {"m", "six"});
  EXPECT_EQ(operators(four.read()).back(), "Mul");
}

}  // namespace
}  // namespace vbq::test
