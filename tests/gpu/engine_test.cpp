// Engine cuda on a GPU against engines reference and cpu. Without one, each test is skipped. (test_gpu_emulated is made
// of these tests, too: tests/gpu/emulated.) (Every network of tests/engine that is compared between engines is compared
// here, too, where there is a GPU.)
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "assign/compensate.hpp"
#include "assign/layer_pass.hpp"
#include "data/importers.hpp"
#include "engine/random_calibration.hpp"
#include "gpu/cuda_engine.hpp"
#include "vbq/error.hpp"
#include "vbq/onnx.hpp"

namespace vbq::test {
namespace {

// Largest relative error of outputs that each precision may have.
constexpr std::pair<Precision, double> kPrecisions[] = {
    {Precision::fp32, 1e-5}, {Precision::tf32, 5e-3}, {Precision::fp16, 1e-2}, {Precision::bf16, 6e-2}};

TEST_F(CudaEngine, OutputsAreNearTheReferences) {
  const Network net = support::residual_network(3, 9, 16, 10);
  const auto input = inputs_for(net, 23);
  const auto reference = engine_of(EngineKind::reference, net);
  for (const bool quantised : {false, true}) {
    if (quantised) reference->quantise(coarse(net, true));
    const auto expected = infer(*reference, net, input, 23);
    double largest = 0;
    for (const float y : expected) largest = std::max<double>(largest, std::fabs(y));
    for (const auto& [precision, tolerance] : kPrecisions) {
      const auto engine = cuda_engine(net, precision, 10);
      if (quantised) engine->quantise(coarse(net, true));
      const auto got = infer(*engine, net, input, 23);
      for (std::size_t i = 0; i < got.size(); ++i) ASSERT_NEAR(got[i], expected[i], tolerance * largest);
    }
  }
}

// Chosen by measuring, then given to another engine.
TEST_F(CudaEngine, TheSameKernelsGiveTheSameBits) {
  const Network net = support::residual_network(3, 9, 16, 10);
  const auto input = inputs_for(net, 23);
  for (const auto& [precision, tolerance] : kPrecisions) {
    EngineOptions options;
    options.kind = EngineKind::cuda;
    options.precision = precision;
    options.block = 10;
    options.copies = 2;
    const auto one = make_engine(net, options);
    options.kernels = one->kernels();
    const auto other = make_engine(net, options);
    EXPECT_EQ(options.kernels.size(), 3U);
    EXPECT_EQ(other->kernels(), one->kernels());
    EXPECT_EQ(other->info().library, one->info().library);
    EXPECT_EQ(infer(*other, net, input, 23), infer(*one, net, input, 23));
    Shard shard = some_images(20, 10);
    one->load(shard);
    other->load(shard);
    other->start(0, 2, 1);
    EXPECT_EQ(other->finish(1), one->tally(0, 2));  // another copy
  }
}

TEST_F(CudaEngine, TalliesAreTheReferences) {
  const Network net = support::residual_network(3, 9, 16, 5);
  const auto reference = engine_of(EngineKind::reference, net, 10);
  const auto engine = cuda_engine(net, Precision::fp32, 10);
  for (const std::int64_t count : {37, 10, 1}) {  // each load replaces the one before
    Shard shard = some_images(count, 10);
    if (count == 10) shard.comparison.of = Comparison::Of::outputs;
    reference->load(shard);
    engine->load(shard);
    const std::int64_t blocks = (count + 9) / 10;
    Tally trained = engine->tally(0, blocks);
    EXPECT_EQ(trained.seen, count);
    EXPECT_NEAR(mean_divergence(trained), 0, 1e-6);
    reference->quantise(coarse(net, false));
    engine->quantise(coarse(net, false));
    const Tally expected = reference->tally(0, blocks);
    const Tally got = engine->tally(0, blocks);
    EXPECT_NEAR(static_cast<double>(got.top1), static_cast<double>(expected.top1), 1);  // a tie may break otherwise
    EXPECT_NEAR(mean_loss(got), mean_loss(expected), 1e-4 * mean_loss(expected));
    EXPECT_NEAR(mean_divergence(got), mean_divergence(expected), 1e-3 * mean_divergence(expected));
    Tally sum;
    for (std::int64_t b = 0; b < blocks; ++b) sum += engine->tally(b, 1);
    EXPECT_EQ(sum, got);                       // however the blocks are cut
    EXPECT_EQ(engine->tally(0, blocks), got);  // and whenever
    engine->restore();
    EXPECT_EQ(engine->tally(0, blocks), trained);
    reference->restore();
  }
}

TEST_F(CudaEngine, LoadKeepsTheWeights) {
  const Network net = support::residual_network();
  const auto engine = cuda_engine(net, Precision::fp32, 8);
  engine->load(some_images(20, 8));
  engine->quantise(coarse(net, true));
  const Tally before = engine->tally(0, 3);
  engine->load(some_images(20, 8));
  EXPECT_EQ(engine->tally(0, 3), before);
}

// The FP32 network's outputs, given back with the same images, are compared with as they were, whatever they are.
TEST_F(CudaEngine, OutputsAsTrainedAreTakenAgain) {
  const Network net = support::residual_network(3, 9, 16, 5);
  const auto engine = cuda_engine(net, Precision::fp32, 10);
  EXPECT_EQ(engine->trained_outputs(), nullptr);
  engine->quantise(coarse(net, false));
  Shard shard = some_images(37, 10);
  engine->load(shard);
  const TrainedOutputs trained = engine->trained_outputs();
  ASSERT_NE(trained, nullptr);
  const Tally tally = engine->tally(0, 4);
  engine->load(some_images(10, 10));  // others between
  shard.trained = trained;
  engine->load(shard);
  EXPECT_EQ(engine->tally(0, 4), tally);
  EXPECT_EQ(*engine->trained_outputs(), *trained);
  shard.trained = std::make_shared<const std::vector<float>>(trained->size(), std::log(0.2F));
  engine->load(shard);
  EXPECT_NE(engine->tally(0, 4).divergence, tally.divergence);
}

TEST_F(CudaEngine, NothingLoadedIsAnEmptyTally) {
  const auto engine = cuda_engine(support::residual_network(), Precision::fp32, 8);
  EXPECT_EQ(engine->tally(0, 0), Tally{});
  engine->load(some_images(20, 8));
  EXPECT_EQ(engine->tally(0, 3).seen, 20);
}

TEST_F(CudaEngine, MatchingIsTheHosts) {
  const Network net = support::residual_network();
  const auto cpu = engine_of(EngineKind::cpu, net, 8);
  const NetworkFormat expected = LayerPass(net, *cpu, some_images(16, 8), nullptr).match(coarse(net, true));
  for (const auto& [precision, tolerance] : kPrecisions) {
    const auto own = cuda_engine(net, precision, 8);
    const auto matcher = own->pass(some_images(16, 8), PassLevels::given);  // what engine cuda offers
    ASSERT_NE(matcher, nullptr);
    const NetworkFormat got = matcher->match(coarse(net, true)), again = matcher->match(coarse(net, true));
    ASSERT_EQ(got.size(), expected.size());
    for (std::size_t i = 0; i < got.size(); ++i) {
      EXPECT_EQ(again[i].gain, got[i].gain);  // to the bit
      EXPECT_EQ(again[i].shift, got[i].shift);
      ASSERT_EQ(got[i].gain.size(), expected[i].gain.size());
      for (std::size_t o = 0; o < got[i].gain.size(); ++o) {
        EXPECT_NEAR(got[i].gain[o], expected[i].gain[o], 10 * tolerance * expected[i].gain[o]);
        EXPECT_NEAR(got[i].shift[o], expected[i].shift[o], 10 * tolerance * (1 + std::fabs(expected[i].shift[o])));
      }
    }
    EXPECT_NO_THROW(own->quantise(got));
  }
}

// A pass has weights of its own; a second calibration takes the place of the first.
TEST_F(CudaEngine, MatchingLeavesTheWeightsAlone) {
  const Network net = support::residual_network();
  const auto input = inputs_for(net, 5);
  const auto engine = cuda_engine(net, Precision::fp32, 8);
  engine->quantise(coarse(net, true));
  const auto before = infer(*engine, net, input, 5);
  NetworkFormat first, last;
  for (const std::int64_t images : {16, 7, 16}) {
    LayerPass pass(net, *engine, some_images(images, 8), nullptr);
    last = pass.match(coarse(net, false));
    if (first.empty()) first = last;
    EXPECT_EQ(last[0].gain == first[0].gain, images == 16);
    EXPECT_EQ(infer(*engine, net, input, 5), before);
  }
  for (std::size_t i = 0; i < last.size(); ++i) EXPECT_EQ(last[i].gain, first[i].gain);
}

TEST_F(CudaEngine, LevelsAreTheHostsToTheBit) {
  const Network net = support::residual_network(3, 9, 40, 10);
  const auto engine = cuda_engine(net, Precision::fp16, 8), cpu = engine_of(EngineKind::cpu, net, 8);
  const auto calibration = random_calibration(net, 30);
  const auto own = engine->compensator(calibration), host = make_compensator(net, *cpu, calibration, LevelPrice::none);
  ASSERT_NE(own, nullptr);
  std::vector<const LayerFormat*> layers;
  const NetworkFormat one = coarse(net, true), other = coarse(net, false);
  for (const LayerFormat& layer : one) layers.push_back(&layer);
  for (const LayerFormat& layer : other) layers.push_back(&layer);
  EXPECT_EQ(own->assign(layers), host->assign(layers));
  EXPECT_EQ(own->assign(layers), own->assign(layers));
}

// Several networks in flight: each as if it were alone, and others' weights stay what they were.
TEST_F(CudaEngine, CopiesRunAtOnce) {
  const Network net = support::residual_network(3, 9, 16, 5);
  const auto engine = cuda_engine(net, Precision::fp32, 10);
  engine->load(some_images(37, 10));
  ASSERT_GT(engine->copies(), 1);
  std::vector<NetworkFormat> formats{coarse(net, true), {}, coarse(net, false)};
  while (std::ssize(formats) < engine->copies()) formats.push_back(formats[formats.size() - 3]);
  formats.resize(static_cast<std::size_t>(engine->copies()));
  std::vector<Tally> alone;
  for (const NetworkFormat& format : formats) {
    engine->quantise(format);
    alone.push_back(engine->tally(0, 4));
  }
  const int copies = engine->copies();
  for (int k = 0; k < copies; ++k) engine->quantise(formats[static_cast<std::size_t>(k)], k);
  for (int round = 0; round < 3; ++round) {
    for (int k = 0; k < copies; ++k) engine->start(0, 4, k);
    for (int k = copies - 1; k >= 0; --k) EXPECT_EQ(engine->finish(k), alone[static_cast<std::size_t>(k)]) << k;
  }
}

// The CPU counts 9155 of 9980.
TEST_F(CudaEngine, ResNet20CountsAsOnTheCpu) {
  const std::filesystem::path data = std::filesystem::path(VBQ_SHARED) / "data/cifar10";
  if (!std::filesystem::exists(data / "resnet20.onnx")) GTEST_SKIP() << "no " << data;
  const Network net = read_onnx(data / "resnet20.onnx");
  ImportedImages imported =
      import_images("cifar10", {data / "test_batch_9980.bin"}, {{0.485F, 0.456F, 0.406F}, {0.229F, 0.224F, 0.225F}});
  for (const auto& [precision, within] :
       {std::pair{Precision::fp32, 2.0}, {Precision::tf32, 5.0}, {Precision::fp16, 10.0}, {Precision::bf16, 10.0}}) {
    const auto engine = cuda_engine(net, precision, 100);
    engine->load({imported.images, imported.info.normalisation, 100, false});
    const Tally tally = engine->tally(0, 100);
    EXPECT_EQ(tally.seen, 9980);
    EXPECT_NEAR(static_cast<double>(tally.top1), 9155, within) << engine->info().precision;
  }
}

}  // namespace
}  // namespace vbq::test
