// What every engine promises, on both of them.
#include <gmock/gmock.h>

#include "engine/common/tally.hpp"
#include "engine/compare.hpp"
#include "vbq/error.hpp"

namespace vbq::test {
namespace {

constexpr std::int64_t kShardImages = 23, kBlock = 4, kClasses = 5;

Shard shard_of(std::int64_t images = kShardImages, bool with_divergence = false) {
  return {support::random_images(images, 3, 9, kClasses),
          {{0.4F, 0.5F, 0.6F}, {0.2F, 0.25F, 0.3F}},
          kBlock,
          with_divergence};
}

LayerFormat format(int node, int levels, std::vector<float> scales = {}) {
  std::vector<float> values;
  for (int i = 0; i < levels; ++i)
    values.push_back(0.35F * (static_cast<float>(i) - 0.5F * static_cast<float>(levels - 1)));
  return {node, {Codebook::from_levels(values)}, std::move(scales)};
}

// Message of the Error that `call` throws; fails without one.
template <typename Call>
std::string error_of(Call call) {
  try {
    call();
  } catch (const Error& e) {
    return e.what();
  }
  ADD_FAILURE() << "no Error";
  return "";
}

class Engines : public testing::TestWithParam<EngineKind> {
 protected:
  std::unique_ptr<Engine> engine(int threads = 1) const { return engine_of(GetParam(), net_, kBlock, threads); }
  Network net_ = support::residual_network(3, 9, 7, kClasses);
};

TEST_P(Engines, TallyDoesNotDependOnThreads) {
  auto one = engine(1);
  one->load(shard_of(kShardImages, true));
  one->quantise(with_levels(net_, {format(3, 4)}));
  const Tally expected = one->tally(0, 6);
  EXPECT_EQ(expected.seen, kShardImages);
  EXPECT_GT(expected.loss, 0);
  EXPECT_GT(expected.divergence, 0);
  EXPECT_GT(expected.top5, expected.top1 - 1);
  for (const int threads : {2, 3}) {
    auto more = engine(threads);
    more->load(shard_of(kShardImages, true));
    more->quantise(with_levels(net_, {format(3, 4)}));
    EXPECT_EQ(more->tally(0, 6), expected) << threads << " threads";
  }
}

TEST_P(Engines, TallyIsTheSumOfItsParts) {
  auto whole = engine(2);
  whole->load(shard_of(kShardImages, true));
  whole->quantise(with_levels(net_, {format(0, 8), format(9, 8)}));
  const Tally expected = whole->tally(0, 6);
  Tally blocks;
  for (std::int64_t b = 0; b < 6; ++b) blocks += whole->tally(b, 1);
  EXPECT_EQ(blocks, expected);
  EXPECT_EQ(whole->tally(2, 0), Tally{});
  if (tells_images(whole->info().kind)) {
    whole->start(1, 5, 0);
    const std::vector<ImageTally> images = whole->finish_images(0);
    ASSERT_EQ(std::ssize(images), std::min(kShardImages, 6 * kBlock) - kBlock);
    const std::vector<Tally> told = by_blocks(images, 5, kBlock);
    for (std::int64_t b = 1; b < 6; ++b) EXPECT_EQ(told[static_cast<std::size_t>(b - 1)], whole->tally(b, 1)) << b;
  }

  // Shards of whole blocks on engines of their own.
  Tally shards;
  for (const auto& [first, count] : {std::pair<std::int64_t, std::int64_t>{0, 8}, {8, 12}, {20, 3}}) {
    Shard part = shard_of(kShardImages, true);
    const auto image = 3 * 9 * 9;
    part.images.pixels.erase(part.images.pixels.begin() + (first + count) * image, part.images.pixels.end());
    part.images.pixels.erase(part.images.pixels.begin(), part.images.pixels.begin() + first * image);
    part.images.labels = {part.images.labels.begin() + first, part.images.labels.begin() + first + count};
    part.images.count = count;
    auto own = engine();
    own->load(std::move(part));
    own->quantise(with_levels(net_, {format(0, 8), format(9, 8)}));
    shards += own->tally(0, (count + kBlock - 1) / kBlock);
  }
  EXPECT_EQ(shards, expected);
}

TEST_P(Engines, TallyIsThatOfInferredOutputs) {
  auto e = engine();
  const Shard shard = shard_of();
  e->load(shard);
  const Tally tally = e->tally(0, shard.blocks());
  std::vector<float> input(shard.images.pixels.size());
  for (std::size_t i = 0; i < input.size(); ++i) {
    const std::size_t c = i / 81 % 3;
    input[i] =
        static_cast<float>((shard.images.pixels[i] / 255.0 - shard.normalisation.mean[c]) / shard.normalisation.std[c]);
  }
  const auto output = infer(*e, net_, input, kShardImages);
  std::int64_t right = 0;
  for (std::size_t i = 0; i < kShardImages; ++i) {
    const auto first = output.begin() + static_cast<std::ptrdiff_t>(i * kClasses);
    right += std::max_element(first, first + kClasses) - first == shard.images.labels[i];
  }
  EXPECT_EQ(tally.top1, right);
}

TEST_P(Engines, RestoreGivesTheFirstTallyBack) {
  auto e = engine();
  e->load(shard_of());
  const Tally first = e->tally(0, 6);
  EXPECT_EQ(first.divergence, 0);
  e->quantise(with_levels(net_, {format(0, 2), format(3, 2), format(9, 2)}));
  EXPECT_NE(e->tally(0, 6), first);
  e->restore();
  EXPECT_EQ(e->tally(0, 6), first);
  e->quantise(with_levels(net_, {format(3, 2)}));
  const Tally third = e->tally(0, 6);
  e->quantise(with_levels(net_, {format(0, 2)}));  // others go back to as trained
  e->quantise(with_levels(net_, {format(3, 2)}));
  EXPECT_EQ(e->tally(0, 6), third);
}

TEST_P(Engines, QuantiseIsTheNetworkWithThoseWeights) {
  std::vector<float> scales;
  for (int o = 0; o < 7; ++o) scales.push_back(0.5F + 0.1F * static_cast<float>(o));
  const NetworkFormat formats{format(0, 4), format(3, 8, scales), format(9, 3, {1.5F})};
  auto e = engine();
  e->quantise(with_levels(net_, formats));
  Network by_hand = net_;
  for (const LayerFormat& f : formats) {
    Tensor& w = *weight_of(by_hand.nodes[static_cast<std::size_t>(f.node)]);
    const std::size_t row = w.data.size() / static_cast<std::size_t>(w.shape[0]);
    for (std::size_t k = 0; k < w.data.size(); ++k) {
      w.data[k] = f.scale(k / row) * f.codebook(k / row).quantise(w.data[k] / f.scale(k / row));
    }
  }
  const auto input = inputs_for(net_, 6);
  EXPECT_EQ(infer(*e, net_, input, 6), infer(*engine_of(GetParam(), by_hand, kBlock), by_hand, input, 6));
}

TEST_P(Engines, LoadKeepsQuantisedWeights) {
  auto e = engine();
  e->quantise(with_levels(net_, {format(3, 2)}));
  e->load(shard_of(kShardImages, true));
  const Tally quantised = e->tally(0, 6);
  EXPECT_GT(quantised.divergence, 0);
  e->restore();
  EXPECT_LT(mean_divergence(e->tally(0, 6)), 1e-6);
  e->quantise(with_levels(net_, {format(3, 2)}));
  EXPECT_EQ(e->tally(0, 6), quantised);
}

// A format's bias is what the layer adds, under its gain and shift.
TEST_P(Engines, FormatsMayBringTheirBias) {
  auto e = engine();
  LayerFormat own = format(9, 16);
  own.bias.assign(bias_of(net_.nodes[9])->size(), 0.25F);
  own.gain.assign(own.bias.size(), 2.0F);
  own.shift.assign(own.bias.size(), -0.125F);
  Network other = net_;  // the same by hand
  std::get<Linear>(other.nodes[9].op).bias.assign(own.bias.size(), 0.25F * 2.0F - 0.125F);
  LayerFormat plain = format(9, 16);
  plain.scales = {2.0F};
  for (float& w : weight_of(other.nodes[9])->data) w *= 2;
  const auto expected_engine = engine_of(GetParam(), other, kBlock, 1);
  expected_engine->quantise(with_levels(other, {plain}));
  e->quantise(with_levels(net_, {own}));
  const std::vector<float> input = support::normals(static_cast<std::size_t>(elements(net_.input_shape())), 7);
  const auto got = infer(*e, net_, input, 1), expected = infer(*expected_engine, other, input, 1);
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], expected[i], 1e-5 * (1 + std::fabs(expected[i])));
  own.bias.pop_back();
  EXPECT_NE(error_of([&] { e->quantise({own}); }).find("biases"), std::string::npos);
}

TEST_P(Engines, FewerImagesThanABlock) {
  auto e = engine(3);
  e->load(shard_of(1));
  EXPECT_EQ(e->tally(0, 1).seen, 1);
  e->load(shard_of(0));
  EXPECT_EQ(e->tally(0, 0), Tally{});
}

TEST_P(Engines, SoftmaxEndingGivesTheSameTally) {
  auto plain = engine();
  plain->load(shard_of());
  Network ending = net_;
  ending.shapes.push_back({kClasses});
  ending.nodes.push_back({"softmax", Softmax{0}, {10}, ""});
  auto e = engine_of(GetParam(), ending, kBlock);
  e->load(shard_of());
  const Tally a = plain->tally(0, 6), b = e->tally(0, 6);
  EXPECT_EQ(a.top1, b.top1);
  EXPECT_NEAR(mean_loss(a), mean_loss(b), 1e-5);
}

TEST_P(Engines, OutputsThatAreNotFiniteCountAsWrong) {
  net_.nodes[9].op = Linear{{{kClasses, 7}, std::vector<float>(35, 3e38F)}, {}};  // sums overflow
  auto e = engine();
  e->load(shard_of());
  const Tally t = e->tally(0, 6);
  EXPECT_EQ(t.top1 + t.top5, 0);
  EXPECT_EQ(t.loss, kShardImages * static_cast<std::int64_t>(kLossLimit * kLossUnit));
}

TEST_P(Engines, BadShardsAreErrors) {
  auto e = engine();
  const auto load = [&](auto change) {
    Shard shard = shard_of();
    change(shard);
    return error_of([&] { e->load(std::move(shard)); });
  };
  using testing::HasSubstr;
  EXPECT_THAT(load([](Shard& s) { s.images.height = 8; }), HasSubstr("[3, 8, 9]"));
  EXPECT_THAT(load([](Shard& s) { s.images.labels[3] = kClasses; }), HasSubstr("label 5"));
  EXPECT_THAT(load([](Shard& s) { s.images.labels[3] = -2; }), HasSubstr("label -2"));
  EXPECT_THAT(load([](Shard& s) { s.images.pixels.pop_back(); }), HasSubstr("bytes of pixels"));
  EXPECT_THAT(load([](Shard& s) { s.images.labels.pop_back(); }), HasSubstr("22 labels"));
  EXPECT_THAT(load([](Shard& s) { s.images.count = -1; }), HasSubstr("images"));
  EXPECT_THAT(load([](Shard& s) { s.normalisation.mean = {0.5F}; }), HasSubstr("1 means"));
  EXPECT_THAT(load([](Shard& s) { s.normalisation.std[1] = 0; }), HasSubstr("channel 1"));
  EXPECT_THAT(load([](Shard& s) { s.block = 5; }), HasSubstr("blocks of 5"));
  e->load(shard_of());  // and it still works
  EXPECT_EQ(e->tally(0, 6).seen, kShardImages);
}

TEST_P(Engines, BadCallsAreErrors) {
  auto e = engine();
  e->load(shard_of());
  EXPECT_THROW(e->tally(0, 7), Error);
  EXPECT_THROW(e->tally(-1, 1), Error);
  EXPECT_THROW(e->tally(6, 1), Error);
  std::vector<float> input(3 * 81), output(kClasses);
  EXPECT_THROW(e->infer(input, 2, output), Error);
  EXPECT_THROW(e->infer(input, 1, std::span(output).first(4)), Error);
  using testing::HasSubstr;
  EXPECT_THAT(error_of([&] { e->quantise({format(1, 4)}); }), HasSubstr("no weights"));
  EXPECT_THAT(error_of([&] { e->quantise({format(99, 4)}); }), HasSubstr("node 99"));
  EXPECT_THAT(error_of([&] {
                e->quantise(with_levels(net_, {format(3, 4), format(0, 4)}));
              }),
              HasSubstr("out of order"));
  EXPECT_THAT(error_of([&] { e->quantise({format(3, 4, {1, 2})}); }), HasSubstr("2 scales"));
  EXPECT_THAT(error_of([&] { e->quantise({{3, {}, {}}}); }), HasSubstr("empty codebook"));
  EXPECT_THAT(error_of([&] { e->quantise({format(3, 4)}); }), HasSubstr("levels for 0 weights of 441"));
}

INSTANTIATE_TEST_SUITE_P(Kinds, Engines, testing::Values(EngineKind::reference, EngineKind::cpu), [](const auto& kind) {
  return kind.param == EngineKind::cpu ? std::string("cpu") : std::string("reference");
});

// Where there is a GPU, automatic is that one (tests/gpu).
bool takes_cpu(const Network& net) { return engine_of(EngineKind::automatic, net)->info().kind == "cpu"; }

TEST(MakeEngine, SaysWhatItIs) {
  const Network net = support::residual_network();
  const auto cpu = engine_of(takes_cpu(net) ? EngineKind::automatic : EngineKind::cpu, net, 100, 2);
  EXPECT_EQ(cpu->info().kind, "cpu");
  EXPECT_EQ(cpu->info().threads, 2);
  EXPECT_THAT(cpu->info().library, testing::StartsWith("oneDNN "));
  EXPECT_FALSE(cpu->info().isa.empty());
  EXPECT_FALSE(cpu->info().device.empty());
  EXPECT_EQ(engine_of(EngineKind::reference, net)->info().kind, "reference");
}

TEST(MakeEngine, RefusesWhatItCannotDo) {
  const Network net = support::residual_network();
  EngineOptions options;
  options.kind = EngineKind::cuda;
  if (takes_cpu(net)) {
    EXPECT_THROW(make_engine(net, options), Error);
  }
  options.kind = EngineKind::cpu;
  for (const Precision p : {Precision::tf32, Precision::fp16, Precision::bf16}) {
    options.precision = p;
    EXPECT_THROW(make_engine(net, options), Error);
  }
  options.precision = Precision::best;
  EXPECT_EQ(make_engine(net, options)->info().precision, "fp32");
  options.block = 0;
  EXPECT_THROW(make_engine(net, options), Error);
  options.block = 10;
  options.threads = -1;
  EXPECT_THROW(make_engine(net, options), Error);
}

}  // namespace
}  // namespace vbq::test
