// Compensated assignment through engines: the host's own give assign_compensated()'s levels, on any number of threads.
#include <gtest/gtest.h>

#include <limits>

#include "assign/compensate.hpp"
#include "assign/compensated.hpp"
#include "engine/compare.hpp"
#include "engine/random_calibration.hpp"
#include "vbq/error.hpp"

namespace vbq::test {
namespace {

TEST(Compensation, EnginesGiveTheSameLevels) {
  const Network net = support::residual_network();
  const auto calibration = random_calibration(net);
  NetworkFormat formats;
  for (const int k : weight_layers(net)) {
    for (const float width : {0.5F, 0.9F}) {
      LayerFormat format;
      format.node = k;
      format.codebooks = {Codebook::from_levels({-width, -0.1F, 0.1F, width})};
      formats.push_back(format);
    }
  }
  std::vector<const LayerFormat*> layers;
  std::vector<std::vector<std::uint8_t>> expected;
  for (const LayerFormat& format : formats) {
    layers.push_back(&format);
    const Tensor& weight = *weight_of(net.nodes[static_cast<std::size_t>(format.node)]);
    const auto factor = std::ranges::find(calibration->factors, format.node, &LayerFactor::node);
    expected.push_back(assign_compensated(weight.data, weight.shape[0], format, *factor));
  }
  for (const EngineKind kind : {EngineKind::reference, EngineKind::cpu}) {
    for (const int threads : {1, 3}) {
      EngineOptions options;
      options.kind = kind;
      options.threads = threads;
      const auto engine = make_engine(net, options);
      const auto compensator = make_compensator(net, *engine, calibration, LevelPrice::none);
      EXPECT_EQ(compensator->assign(layers), expected);
      EXPECT_TRUE(compensator->assign({}).empty());
    }
  }
}

TEST(Compensation, RefusesWhatIsNotTheNetworks) {
  const Network net = support::residual_network();
  for (const EngineKind kind : {EngineKind::reference, EngineKind::cpu}) {
    const auto engine = engine_of(kind, net);
    auto other = random_calibration(net);
    other->factors[0].node = 1;  // not a layer with weights
    EXPECT_THROW(make_compensator(net, *engine, other, LevelPrice::none), Error);
    other = random_calibration(net);
    other->factors[0].blocks[0].columns[0] = 1 << 20;
    EXPECT_THROW(make_compensator(net, *engine, other, LevelPrice::none), Error);
    for (const std::int64_t row : {std::int64_t{-1}, std::int64_t{1}, std::numeric_limits<std::int64_t>::max()}) {
      other = random_calibration(net);
      other->factors[0].blocks[0].first_row = row;
      EXPECT_THROW(make_compensator(net, *engine, other, LevelPrice::none), Error) << row;
    }
    other = random_calibration(net);
    other->factors[0].blocks[0].rows -= 1;  // a channel is left out
    EXPECT_THROW(make_compensator(net, *engine, other, LevelPrice::none), Error);
    other = random_calibration(net);
    other->factors[0].blocks[0].columns[0] = other->factors[0].blocks[0].columns[1];
    EXPECT_THROW(make_compensator(net, *engine, other, LevelPrice::none), Error);
    LayerFormat format;
    format.node = 1;  // without a factor
    const LayerFormat* layer = &format;
    EXPECT_THROW(make_compensator(net, *engine, random_calibration(net), LevelPrice::none)->assign({&layer, 1}), Error);
    EXPECT_EQ(engine->copies(), 1);
    EXPECT_THROW(engine->quantise({}, 1), Error);
    EXPECT_THROW(engine->start(0, 0, 1), Error);
    EXPECT_THROW(engine->finish(1), Error);
  }
}

}  // namespace
}  // namespace vbq::test
