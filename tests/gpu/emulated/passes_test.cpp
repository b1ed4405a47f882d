// Several networks in a pass at once: each comes to what it comes to alone, however many lanes there are.
#include <gtest/gtest.h>

#include <vector>

#include "engine/cuda/layer_pass.hpp"
#include "gpu/cuda_engine.hpp"
#include "gpu/emulated/device.hpp"

namespace vbq::test {
namespace {

using emulated::Settings;
using emulated::settings;

class EmulatedPasses : public ::testing::Test {
 protected:
  void SetUp() override { settings().interleaved = true; }  // so that what two lanes shared by mistake would show
  void TearDown() override { settings() = before_; }

  std::unique_ptr<Engine> engine(Precision precision = Precision::fp32) const {
    return cuda_engine(net_, precision, 8);
  }
  // Each another: in scales, prices, and which layers have their levels already or are left alone.
  std::vector<NetworkFormat> networks(std::size_t count, PassLevels levels) const {
    std::vector<NetworkFormat> all;
    for (std::size_t k = 0; k < count; ++k) {
      NetworkFormat formats = coarse(net_, k % 2 == 0);
      for (std::size_t i = 0; i < formats.size(); ++i) {
        for (float& scale : formats[i].scales) scale *= 1 + 0.07F * static_cast<float>(k);
        formats[i].rate = k % 3 == 0 ? 1.0F : 0.0F;
        if (levels == PassLevels::sequential && (i + k) % 5 != 4) formats[i].indices.clear();
      }
      if (k % 4 == 3) formats.erase(formats.begin());
      all.push_back(std::move(formats));
    }
    return all;
  }
  static std::vector<NetworkFormat> run(DevicePass& pass, std::span<const NetworkFormat> networks, bool matched) {
    return matched ? pass.match(networks) : pass.assign(networks);
  }
  static std::size_t lanes(const DevicePass& pass) { return dynamic_cast<const cuda::LayerPass&>(pass).lanes(); }

  static void expect_same(const std::vector<NetworkFormat>& got, const std::vector<NetworkFormat>& expected) {
    ASSERT_EQ(got.size(), expected.size());
    for (std::size_t k = 0; k < got.size(); ++k) {
      ASSERT_EQ(got[k].size(), expected[k].size()) << "network " << k;
      for (std::size_t i = 0; i < got[k].size(); ++i) {
        SCOPED_TRACE(testing::Message() << "network " << k << ", layer " << i);
        EXPECT_EQ(got[k][i].node, expected[k][i].node);
        EXPECT_EQ(got[k][i].indices, expected[k][i].indices);
        EXPECT_EQ(got[k][i].gain, expected[k][i].gain);
        EXPECT_EQ(got[k][i].shift, expected[k][i].shift);
      }
    }
  }
  // One at a time, in a pass of their own.
  std::vector<NetworkFormat> alone(std::span<const NetworkFormat> networks, PassLevels levels, bool matched,
                                   Precision precision = Precision::fp32) const {
    const auto own = engine(precision);
    const auto pass = own->pass(images_, levels);
    std::vector<NetworkFormat> found;
    for (const NetworkFormat& formats : networks) found.push_back(run(*pass, {&formats, 1}, matched).at(0));
    EXPECT_EQ(lanes(*pass), 1U);
    return found;
  }

  const Settings before_ = settings();
  const Network net_ = support::residual_network(3, 9, 5, 10);
  const Shard images_ = some_images(6, 8);
};

TEST_F(EmulatedPasses, GiveWhatEachNetworkGivesAlone) {
  for (const PassLevels levels : {PassLevels::sequential, PassLevels::given}) {
    for (const Precision precision : {Precision::fp32, Precision::fp16}) {
      const std::vector<NetworkFormat> many = networks(11, levels);  // more than there are lanes
      const auto own = engine(precision);
      const auto pass = own->pass(images_, levels);
      const std::string library = own->info().library;
      for (const bool matched : {true, false}) {
        const std::vector<NetworkFormat> expected = alone(many, levels, matched, precision);
        expect_same(run(*pass, many, matched), expected);
        EXPECT_EQ(lanes(*pass), static_cast<std::size_t>(cuda::kPassesAtOnce));
        expect_same(run(*pass, many, matched), expected);  // in lanes that have been used
        expect_same(run(*pass, std::span(many).first(3), matched), {expected.begin(), expected.begin() + 3});
        expect_same(run(*pass, {}, matched), {});
      }
      EXPECT_EQ(own->info().library, library);  // lanes are no part of what the engine is
    }
  }
}

TEST_F(EmulatedPasses, HaveNoMoreLanesThanNetworks) {
  const auto own = engine();
  const auto pass = own->pass(images_, PassLevels::sequential);
  const std::vector<NetworkFormat> many = networks(3, PassLevels::sequential);
  for (const std::size_t count : {1U, 2U, 1U, 3U, 2U}) run(*pass, std::span(many).first(count), true);
  EXPECT_EQ(lanes(*pass), 3U);
}

// Wherever it ends: one lane does, or two for three networks.
TEST_F(EmulatedPasses, TakeFewerLanesWhereMemoryEnds) {
  const std::vector<NetworkFormat> many = networks(3, PassLevels::sequential);
  const std::vector<NetworkFormat> expected = alone(many, PassLevels::sequential, true);
  const int before = emulated::live_objects();
  std::vector<std::size_t> seen;
  for (int left = 0; seen.empty() || seen.back() < 2; ++left) {
    ASSERT_LT(left, 1000);
    const auto own = engine();
    const auto pass = own->pass(images_, PassLevels::sequential);
    run(*pass, std::span(many).first(1), true);
    settings().allocations = left;
    expect_same(run(*pass, many, true), expected);
    seen.push_back(lanes(*pass));
    settings().allocations = before_.allocations;
    run(*pass, many, true);
    EXPECT_EQ(lanes(*pass), seen.back());  // no more are tried
  }
  EXPECT_EQ(emulated::live_objects(), before);
  EXPECT_EQ(seen.front(), 1U);
  EXPECT_TRUE(std::ranges::is_sorted(seen));
}

TEST_F(EmulatedPasses, LeaveMemoryForOthers) {
  const auto own = engine();
  const auto pass = own->pass(images_, PassLevels::sequential);
  const std::vector<NetworkFormat> many = networks(4, PassLevels::sequential);
  const std::vector<NetworkFormat> expected = alone(many, PassLevels::sequential, false);
  std::size_t free = 0, total = 0;
  cudaMemGetInfo(&free, &total);
  settings().memory = total - free + (std::size_t{1} << 20);  // enough for a lane, but little more
  expect_same(run(*pass, many, false), expected);
  EXPECT_EQ(lanes(*pass), 1U);
}

// The lanes that were on their way are as good as new.
TEST_F(EmulatedPasses, GoOnAfterAnError) {
  const std::vector<NetworkFormat> many = networks(4, PassLevels::sequential);
  const std::vector<NetworkFormat> expected = alone(many, PassLevels::sequential, true);
  std::vector<NetworkFormat> wrong = many;
  wrong[2].front().refit = 1;  // which a GPU does not
  const auto own = engine();
  const auto pass = own->pass(images_, PassLevels::sequential);
  for (int turn = 0; turn < 2; ++turn) {  // there are two lanes before it, then four
    EXPECT_THROW(run(*pass, wrong, true), Error);
    expect_same(run(*pass, many, true), expected);
  }
}

}  // namespace
}  // namespace vbq::test
