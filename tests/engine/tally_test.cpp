// The counting rule on outputs made by hand.
#include "engine/common/tally.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "vbq/dataset.hpp"
#include "vbq/label.hpp"

namespace vbq {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

Tally count(const std::vector<float>& outputs, int label, Outputs kind = Outputs::logits) {
  Tally t;
  count_image(outputs, label, kind, {}, {}, t);
  return t;
}

std::vector<float> softmax(const std::vector<float>& logits) {
  std::vector<float> p;
  double sum = 0;
  for (const float z : logits) sum += std::exp(static_cast<double>(z));
  for (const float z : logits) p.push_back(static_cast<float>(std::exp(static_cast<double>(z)) / sum));
  return p;
}

TEST(Tally, LargestOutputIsTop1) {
  EXPECT_EQ(count({0, 3, 1}, 1).top1, 1);
  EXPECT_EQ(count({0, 3, 1}, 0).top1, 0);
  EXPECT_EQ(count({0, 3, 1}, 2).top1, 0);
  EXPECT_EQ(count({0, 3, 1}, 2).seen, 1);
}

TEST(Tally, LowerClassWinsATie) {
  EXPECT_EQ(count({2, 2, 2}, 0).top1, 1);
  EXPECT_EQ(count({2, 2, 2}, 1).top1, 0);
  EXPECT_EQ(count({2, 2, 2}, 2).top1, 0);
  EXPECT_EQ(count({1, 2, 2}, 1).top1, 1);
}

// Without a label the FP32 network's likeliest class counts; where that is not known, the network's own.
TEST(Tally, WithoutALabelAgreementIsCounted) {
  const std::vector<float> outputs{0, 3, 1}, same{-4, -0.1F, -3}, other{-1, -1, -2};
  const auto counted = [&](std::span<const float> fp32) {
    Tally t;
    count_image(outputs, kNoLabel, Outputs::logits, fp32, {}, t);
    return t;
  };
  EXPECT_EQ(counted(same).top1, 1);
  EXPECT_EQ(counted(other).top1, 0);  // of equal ones the lowest: class 0
  EXPECT_EQ(counted(other).loss, count(outputs, 0).loss);
  EXPECT_EQ(counted({}).top1, 1);
  EXPECT_EQ(count({kNan, 0, 0}, kNoLabel).top1, 0);
}

TEST(Tally, FiveLargestAreTop5) {
  const std::vector<float> outputs{7, 6, 5, 4, 3, 2, 1};
  for (int label = 0; label < 7; ++label) EXPECT_EQ(count(outputs, label).top5, label < 5) << label;
  const std::vector<float> equal(7, 1.0F);
  for (int label = 0; label < 7; ++label) EXPECT_EQ(count(equal, label).top5, label < 5) << label;
  EXPECT_EQ(count({3, 2, 1}, 2).top5, 1);  // fewer than five classes
}

TEST(Tally, LossIsMinusLogSoftmax) {
  const std::vector<float> outputs{0.5F, -1.25F, 2.0F, 0.0F};
  double sum = 0;
  for (const float y : outputs) sum += std::exp(static_cast<double>(y));
  for (int label = 0; label < 4; ++label) {
    const double expected = std::log(sum) - outputs[static_cast<std::size_t>(label)];
    EXPECT_NEAR(static_cast<double>(count(outputs, label).loss) / kLossUnit, expected, 1e-9);
  }
}

TEST(Tally, LargeOutputsDoNotOverflow) {
  EXPECT_EQ(count({1000, 0}, 0).loss, 0);
  EXPECT_EQ(count({1000, 0}, 1).loss, static_cast<std::int64_t>(1000 * kLossUnit));
  EXPECT_EQ(count({3e38F, -3e38F}, 1).loss, static_cast<std::int64_t>(kLossLimit * kLossUnit));
}

TEST(Tally, ProbabilitiesAreTakenAsTheyAre) {
  EXPECT_NEAR(static_cast<double>(count({0.25F, 0.75F}, 0, Outputs::probabilities).loss) / kLossUnit, std::log(4.0),
              1e-9);
  const double none = static_cast<double>(count({0.0F, 1.0F}, 0, Outputs::probabilities).loss) / kLossUnit;
  EXPECT_GT(none, 80);
  EXPECT_LE(none, kLossLimit);
}

TEST(Tally, OutputsThatAreNotFiniteAreWrong) {
  for (const float bad : {kNan, kInfinity, -kInfinity}) {
    for (const int label : {0, 1}) {
      const Tally t = count({bad, 1.0F}, label);
      EXPECT_EQ(t.seen, 1);
      EXPECT_EQ(t.top1, 0);
      EXPECT_EQ(t.top5, 0);
      EXPECT_EQ(t.loss, static_cast<std::int64_t>(kLossLimit * kLossUnit));
    }
  }
}

TEST(Tally, DivergenceFromTheSameOutputsIsZero) {
  const std::vector<float> outputs{0.5F, -1.25F, 2.0F, 0.0F};
  std::vector<float> log_p(4);
  log_probabilities(outputs, Outputs::logits, {}, log_p);
  Tally t;
  count_image(outputs, 2, Outputs::logits, log_p, {}, t);
  EXPECT_NEAR(static_cast<double>(t.divergence) / kLossUnit, 0, 1e-6);
}

TEST(Tally, DivergenceIsKullbackLeibler) {
  const std::vector<float> p{0.5F, 0.25F, 0.25F}, q{0.125F, 0.125F, 0.75F};
  std::vector<float> log_p(3);
  log_probabilities(p, Outputs::probabilities, {}, log_p);
  Tally t;
  count_image(q, 2, Outputs::probabilities, log_p, {}, t);
  const double expected = 0.5 * std::log(4.0) + 0.25 * std::log(2.0) + 0.25 * std::log(1.0 / 3);
  EXPECT_NEAR(static_cast<double>(t.divergence) / kLossUnit, expected, 1e-6);
  Tally bad;
  count_image(std::vector{kNan, 0.0F, 0.0F}, 2, Outputs::logits, log_p, {}, bad);
  EXPECT_EQ(bad.divergence, static_cast<std::int64_t>(kLossLimit * kLossUnit));
}

TEST(Tally, FixedPointIsClamped) {
  EXPECT_EQ(fixed_point(-1e-9), 0);
  EXPECT_EQ(fixed_point(1.0), std::int64_t{1} << 32);
  EXPECT_EQ(fixed_point(1e9), std::int64_t{1} << 42);
  EXPECT_EQ(fixed_point(std::nan("")), std::int64_t{1} << 42);
}

TEST(Tally, SoftmaxEndingIsSeenThroughReshape) {
  Network net;
  net.shapes = {{3}, {3}, {3}};
  net.nodes = {{"a", Softmax{0}, {0}, ""}, {"b", Reshape{}, {1}, ""}};
  EXPECT_EQ(outputs_of(net), Outputs::probabilities);
  net.nodes[0].op = Softmax{0, Softmax::Form::logarithm};  // its own logarithms, which logits are shifted to
  EXPECT_EQ(outputs_of(net), Outputs::logits);
  net.nodes[0].op = Relu{};
  EXPECT_EQ(outputs_of(net), Outputs::logits);
}

// Softened outputs: softmax(z / T) of logits, p^(1/T) of probabilities; loss and counts are of the outputs as they are.
TEST(Tally, DivergenceAtATemperature) {
  const Comparison softer{Comparison::Of::probabilities, 8};
  const std::vector<float> fp32{3.0F, -1.0F, 0.5F, 2.0F}, now{2.5F, 0.0F, 0.25F, 4.0F};
  const auto softened = [&](const std::vector<float>& logits) {
    std::vector<double> p;
    double sum = 0;
    for (const float z : logits) p.push_back(std::exp(static_cast<double>(z) / softer.temperature));
    for (const double v : p) sum += v;
    for (double& v : p) v /= sum;
    return p;
  };
  double expected = 0;
  for (std::size_t c = 0; c < 4; ++c) expected += softened(fp32)[c] * std::log(softened(fp32)[c] / softened(now)[c]);
  for (const Outputs kind : {Outputs::logits, Outputs::probabilities}) {
    const bool logits = kind == Outputs::logits;
    std::vector<float> log_p(4);
    log_probabilities(logits ? fp32 : softmax(fp32), kind, softer, log_p);
    Tally soft, plain;
    count_image(logits ? now : softmax(now), 0, kind, log_p, softer, soft);
    EXPECT_NEAR(mean_divergence(soft), expected, 1e-6);
    count_image(logits ? now : softmax(now), 0, kind, {}, {}, plain);
    EXPECT_EQ(soft.loss, plain.loss);
    EXPECT_EQ(soft.top1, plain.top1);
  }
}

// The mean square of what tells the networks' outputs apart, whatever both are shifted by, and at no temperature.
TEST(Tally, OutputsAreComparedCentred) {
  const std::vector<float> fp32{3.0F, -1.0F, 0.5F, 2.0F}, now{2.5F, 0.0F, 0.25F, 4.0F};
  double means[2] = {}, expected = 0;
  for (std::size_t c = 0; c < 4; ++c) means[0] += fp32[c] / 4.0, means[1] += now[c] / 4.0;
  for (std::size_t c = 0; c < 4; ++c) expected += std::pow((fp32[c] - means[0]) - (now[c] - means[1]), 2) / 4;
  for (const double temperature : {1.0, 8.0}) {
    const Comparison by{Comparison::Of::outputs, temperature};
    for (const Outputs kind : {Outputs::logits, Outputs::probabilities}) {
      const bool logits = kind == Outputs::logits;
      std::vector<float> log_p(4);
      log_probabilities(logits ? fp32 : softmax(fp32), kind, by, log_p);
      Tally t;
      count_image(logits ? now : softmax(now), 0, kind, log_p, by, t);
      EXPECT_NEAR(mean_divergence(t), expected, 1e-6);
      EXPECT_EQ(t.loss, count(logits ? now : softmax(now), 0, kind).loss);
      EXPECT_EQ(t.top1, 0);
      Tally bad, far;
      count_image(std::vector{kNan, 0.0F, 0.0F, 0.0F}, 0, kind, log_p, by, bad);
      EXPECT_EQ(bad.divergence, static_cast<std::int64_t>(kLossLimit * kLossUnit));
      count_image(std::vector{1e9F, 0.0F, 0.0F, 0.0F}, 0, Outputs::logits, log_p, by, far);
      EXPECT_EQ(far.divergence, static_cast<std::int64_t>(kLossLimit * kLossUnit));
    }
  }
}

// The class that is right where it is the label, by the same rule.
TEST(Tally, TheClassIsTheLabelThatCountsAsRight) {
  EXPECT_EQ(class_of(std::vector<float>{0, 3, 1}), 1);
  EXPECT_EQ(class_of(std::vector<float>{2, 2, 2}), 0);
  EXPECT_EQ(class_of(std::vector<float>{-3, -1, -1}), 1);
  EXPECT_EQ(class_of(std::vector<float>{0, kNan, 1}), kNoLabel);
  EXPECT_EQ(class_of(std::vector<float>{0, -kInfinity, 1}), kNoLabel);
  for (const std::vector<float>& outputs :
       {std::vector<float>{5, 5, -1}, {1, 2, 2}, {0, 0, 0}, {3, 1, 2}, {-kInfinity, 0, 1}}) {
    for (int label = 0; label < 3; ++label) EXPECT_EQ(count(outputs, label).top1 == 1, class_of(outputs) == label);
  }
}

}  // namespace
}  // namespace vbq
