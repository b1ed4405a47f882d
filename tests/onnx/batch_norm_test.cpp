#include <gtest/gtest.h>

#include <cmath>

#include "model_builder.hpp"

namespace vbq::test {
namespace {

TEST(BatchNormalization, BecomesScaleAndShift) {
  ModelBuilder b(9, {0, 2, 4, 4});
  b.tensor("gamma", {2}, {1, -2});
  b.tensor("beta", {2}, {3, 4});
  b.tensor("mean", {2}, {5, 6});
  b.tensor("var", {2}, {7, 8});
  b.node("BatchNormalization", {"x", "gamma", "beta", "mean", "var"}).real("epsilon", 0.25F);
  const Network net = b.read();
  const auto& op = only<BatchNorm>(net);
  for (std::size_t c = 0; c < 2; ++c) {
    const double scale = (c == 0 ? 1 : -2) / std::sqrt(7.0 + static_cast<double>(c) + 0.25);
    EXPECT_EQ(op.scale[c], static_cast<float>(scale));
    EXPECT_EQ(op.shift[c], static_cast<float>(3.0 + static_cast<double>(c) - (5.0 + static_cast<double>(c)) * scale));
  }
}

TEST(BatchNormalization, RefusesTrainingAndBadStatistics) {
  const auto refusal = [](int opset, std::int64_t training, std::int64_t spatial, float variance,
                          std::int64_t channels) {
    ModelBuilder b(opset, {0, 2, 4, 4});
    b.normal("p", {channels});
    b.tensor("v", {2}, {1, variance});
    NodeMaker node = b.node("BatchNormalization", {"x", "p", "p", "p", "v"});
    if (training != 0) node.integer("training_mode", training);
    if (spatial != 1) node.integer("spatial", spatial);
    return b.refusal();
  };
  EXPECT_EQ(refusal(15, 0, 1, 1, 2), "");
  EXPECT_EQ(refusal(7, 0, 1, 1, 2), "");
  for (const auto& text : {refusal(15, 1, 1, 1, 2), refusal(7, 0, 0, 1, 2), refusal(13, 0, 1, -1, 2),
                           refusal(13, 0, 1, NAN, 2), refusal(13, 0, 1, 1, 3)}) {
    EXPECT_NE(text.find("BatchNormalization node"), std::string::npos) << text;
  }
}

// Before opset 14 there is no training_mode: statistics of the batch among the outputs are what says it.
TEST(BatchNormalization, StatisticsAmongTheOutputsAreTrainingBeforeOpset14) {
  const auto refusal = [](int opset, const Names& more, const std::string& attribute = "", std::int64_t value = 0) {
    ModelBuilder b(opset, {0, 2, 4, 4});
    b.normal("p", {2});
    b.tensor("v", {2}, {1, 2});
    NodeMaker node = b.node("BatchNormalization", {"x", "p", "p", "p", "v"}).name("bn");
    for (const std::string& name : more) node.proto->add_output(name);
    if (!attribute.empty()) node.integer(attribute, value);
    return b.refusal();
  };
  const Names five{"m", "v2", "sm", "sv"};
  for (const int opset : {7, 8, 9, 12, 13}) {
    EXPECT_NE(refusal(opset, five).find("BatchNormalization node \"bn\""), std::string::npos) << opset;
    EXPECT_NE(refusal(opset, five).find("training mode"), std::string::npos) << opset;
    EXPECT_NE(refusal(opset, {"", "", "sm", ""}).find("training mode"), std::string::npos) << opset;
    EXPECT_EQ(refusal(opset, {"", "", "", ""}), "") << opset;  // left out
    EXPECT_NE(refusal(opset, {}, "is_test", 0).find("training mode"), std::string::npos) << opset;
    EXPECT_EQ(refusal(opset, {}, "is_test", 1), "") << opset;
    EXPECT_NE(refusal(opset, {}, "spatial", 0).find("one a channel"), std::string::npos) << opset;
    EXPECT_EQ(refusal(opset, {}, "spatial", 1), "") << opset;
  }
  for (const int opset : {14, 15}) {
    EXPECT_EQ(refusal(opset, {"m", "v2"}, "training_mode", 0), "") << opset;
    EXPECT_NE(refusal(opset, {"m", "v2"}, "training_mode", 1).find("training mode"), std::string::npos) << opset;
  }
}

}  // namespace
}  // namespace vbq::test
