// Networks that begin like others made before: the same to the bit as each made alone, whatever is kept.
#include <map>

#include "assign/sequential.hpp"
#include "core/random.hpp"
#include "engine/compare.hpp"
#include "engine/matching_problem.hpp"

namespace vbq::test {
namespace {

constexpr std::int64_t kPlenty = std::int64_t{1} << 30;

enum class How { assign, match };

struct Asked {
  NetworkFormat formats;
  How how = How::assign;
};

// One of a few formats, so that several networks have the same.
LayerFormat some_format(const Network& net, int node, Random& random) {
  const Tensor& weight = *weight_of(net.nodes[static_cast<std::size_t>(node)]);
  LayerFormat layer;
  layer.node = node;
  const bool whole = random.below(3) == 0;
  const float step = whole ? 1.0F : 0.35F;
  layer.codebooks = {Codebook::from_levels({-2 * step, -step, 0, step, 2 * step})};
  if (random.below(2) == 0) layer.codebooks = {Codebook::from_levels({-step, 0, step})};
  if (whole) layer.level_values = LevelValues::int8;
  if (whole || random.below(2) == 0) layer.scales.assign(static_cast<std::size_t>(weight.shape.front()), 0.3F);
  if (random.below(2) == 0) layer.rate = 0.02F;
  layer.refit = static_cast<int>(random.below(3));
  if (!whole && random.below(2) == 0) layer.movable = Movable::levels;
  if (random.below(5) == 0) layer.bias.assign(static_cast<std::size_t>(weight.shape.front()), 0.1F);
  if (random.below(6) == 0) {
    layer.refit = 0;
    for (std::size_t i = 0; i < weight.data.size(); ++i) layer.indices.push_back(static_cast<std::uint8_t>(i % 3));
  }
  return layer;
}

// Each begins like one before it, or anew; layers are left out here and there.
std::vector<Asked> families(const Network& net, int networks, Random& random) {
  const std::vector<int> layers = weight_layers(net);
  std::vector<Asked> all;
  for (int i = 0; i < networks; ++i) {
    Asked next;
    next.how = random.below(3) == 0 ? How::assign : How::match;
    std::size_t same = 0;
    if (!all.empty() && random.below(8) != 0) {
      next = all[random.below(all.size())];
      if (random.below(6) == 0) next.how = next.how == How::match ? How::assign : How::match;
      same = random.below(next.formats.size() + 1);
      next.formats.resize(same);
    }
    const int last = next.formats.empty() ? -1 : next.formats.back().node;
    for (const int node : layers) {
      if (node > last && random.below(4) != 0) next.formats.push_back(some_format(net, node, random));
    }
    all.push_back(std::move(next));
  }
  return all;
}

NetworkFormat made(LayerPass& pass, const Asked& asked) {
  return asked.how == How::match ? pass.match(asked.formats) : pass.assign(asked.formats);
}

void expect_same(const NetworkFormat& got, const NetworkFormat& expected) {
  ASSERT_EQ(got.size(), expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    const LayerFormat &a = got[i], &b = expected[i];
    ASSERT_EQ(a.node, b.node);
    ASSERT_EQ(a.indices, b.indices) << "node " << a.node;
    ASSERT_EQ(a.codebooks, b.codebooks) << "node " << a.node;
    ASSERT_EQ(a.scales, b.scales) << "node " << a.node;
    ASSERT_EQ(a.gain, b.gain) << "node " << a.node;
    ASSERT_EQ(a.shift, b.shift) << "node " << a.node;
    ASSERT_EQ(a.bias, b.bias) << "node " << a.node;
    ASSERT_EQ(std::tuple(a.rate, a.refit, a.movable, a.level_values),
              std::tuple(b.rate, b.refit, b.movable, b.level_values));
  }
}

void expect_the_same_as_alone(const Network& net, EngineKind kind, std::uint64_t seed) {
  Random random(seed, 0, 0, Purpose::test);
  const int networks = kind == EngineKind::cpu ? 30 : 12;
  const std::vector<Asked> all = families(net, networks, random);
  const auto engine = engine_of(kind, net, 5, 2);
  std::vector<NetworkFormat> alone;
  for (const Asked& asked : all) {
    LayerPass pass = sequential_pass(net, *engine, calibration(net, 5), Refit::some);
    alone.push_back(made(pass, asked));
  }
  for (const std::int64_t memory : {std::int64_t{0}, std::int64_t{3'000}, std::int64_t{60'000}, kPlenty}) {
    SCOPED_TRACE(memory);
    LayerPass pass = sequential_pass(net, *engine, calibration(net, 5), Refit::some, memory);
    for (int i = 0; i < 2 * networks; ++i) {
      const std::size_t one = random.below(all.size());
      ASSERT_NO_FATAL_FAILURE(expect_same(made(pass, all[one]), alone[one])) << i;
    }
    const LayerPass::Reuse& reuse = pass.reuse();
    EXPECT_EQ(reuse.networks, 2 * networks);
    if (memory == 0) {
      EXPECT_EQ(reuse.known + reuse.targets + reuse.resumed, 0);
    }
    if (memory == kPlenty) {
      EXPECT_GT(reuse.known, reuse.layers / 3);
      EXPECT_TRUE(kind != EngineKind::cpu || reuse.resumed > 0);
      EXPECT_TRUE(kind != EngineKind::cuda || reuse.resumed == 0);  // its activations stay on the GPU
    }
  }
}

TEST(Prefix, NetworksAreTheSameAsMadeAlone) {
  std::uint64_t seed = 50;
  for (const Network& net : networks()) {
    for (const EngineKind kind : kinds()) {
      SCOPED_TRACE(static_cast<int>(kind));
      ASSERT_NO_FATAL_FAILURE(expect_the_same_as_alone(net, kind, ++seed));
    }
  }
}

// Each layer alone: all of its formats begin with what it sees as trained, and have one target.
TEST(Prefix, OfLayersAloneTheImagesRunOnce) {
  const Network net = support::residual_network(3, 9, 16);
  const std::vector<int> layers = weight_layers(net);
  const auto engine = engine_of(EngineKind::cpu, net, 5);
  LayerPass pass = sequential_pass(net, *engine, calibration(net, 5), Refit::some, kPlenty);
  Random random(3, 0, 0, Purpose::test);
  std::int64_t asked = 0;
  for (const int node : layers) {
    for (int choice = 0; choice < 4; ++choice, ++asked) {
      LayerFormat layer;
      layer.node = node;
      layer.codebooks = {Codebook::from_levels({-0.5F, 0.05F, 0.4F + 0.1F * static_cast<float>(choice)})};
      LayerPass fresh = sequential_pass(net, *engine, calibration(net, 5), Refit::some);
      ASSERT_NO_FATAL_FAILURE(expect_same(pass.match({layer}), fresh.match({layer})));
    }
  }
  EXPECT_EQ(pass.reuse().targets, asked - std::ssize(layers));
  EXPECT_EQ(pass.reuse().resumed, asked - 4 - 1);  // all but the first layer's and the first of the second one's
  EXPECT_EQ(pass.reuse().known, 0);
}

// What decides about a layer's levels decides about those behind it, too: each part of a format counts.
TEST(Prefix, EveryFieldOfAFormatTellsNetworksApart) {
  const Network net = support::residual_network(3, 9, 16);
  const auto engine = engine_of(EngineKind::cpu, net, 5);
  const NetworkFormat plain = [&] {
    NetworkFormat formats = coarse(net);
    for (LayerFormat& layer : formats) {
      const auto channels = weight_of(net.nodes[static_cast<std::size_t>(layer.node)])->shape.front();
      layer.scales.assign(static_cast<std::size_t>(channels), 0.7F);
      layer.refit = 1;
    }
    return formats;
  }();
  const std::pair<const char*, void (*)(LayerFormat&)> changes[] = {
      {"codebook",
       [](LayerFormat& f) {
         f.codebooks = {Codebook::from_levels({-0.5F, 0.05F, 0.41F})};
       }},
      {"scales", [](LayerFormat& f) { f.scales.back() = 0.6F; }},
      {"bias", [](LayerFormat& f) { f.bias.assign(f.scales.size(), 0.5F); }},
      {"rate", [](LayerFormat& f) { f.rate = 0.5F; }},
      {"refit", [](LayerFormat& f) { f.refit = 0; }},
      {"movable", [](LayerFormat& f) { f.movable = Movable::levels; }},
      {"level_values", [](LayerFormat& f) { f.level_values = LevelValues::int8; }},
      {"indices",
       [](LayerFormat& f) {
         f.indices.assign(f.node == 0 ? 3 * 16 * 9 : 16 * 16 * 9, 1);
         f.indices.front() = 0;
       }},
  };
  for (const std::size_t layer : {std::size_t{0}, std::size_t{1}}) {
    for (const auto& [name, change] : changes) {
      SCOPED_TRACE(name);
      NetworkFormat other = plain;
      change(other[layer]);
      LayerPass pass = sequential_pass(net, *engine, calibration(net, 5), Refit::some, kPlenty);
      LayerPass fresh = sequential_pass(net, *engine, calibration(net, 5), Refit::some);
      pass.match(plain);
      const std::int64_t known = pass.reuse().known;
      ASSERT_NO_FATAL_FAILURE(expect_same(pass.match(other), fresh.match(other)));
      EXPECT_EQ(pass.reuse().known - known, static_cast<std::int64_t>(layer));
      ASSERT_NO_FATAL_FAILURE(expect_same(pass.assign(plain), fresh.assign(plain)));  // nor does this begin alike
      EXPECT_EQ(pass.reuse().known - known, static_cast<std::int64_t>(layer));
    }
  }
}

}  // namespace
}  // namespace vbq::test
