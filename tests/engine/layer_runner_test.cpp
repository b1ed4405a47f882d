// What a LayerRunner shows, on all engines that there are: what the network up to that place gives.
#include <mutex>

#include "engine/compare.hpp"
#include "engine/matching_problem.hpp"
#include "support/up_to.hpp"
#include "vbq/quantised_network.hpp"

namespace vbq::test {
namespace {

std::vector<float> value_of(const Network& net, ValueId value, const std::vector<float>& x, std::int64_t images) {
  if (value == kInputValue) return x;
  const Network part = support::up_to(net, value);
  return infer(*engine_of(EngineKind::reference, part), part, x, images);
}

// What is shown of all images, one after another, each [channels, plane].
using Show = void (LayerRunner::*)(int, const LayerRunner::Tap&);
std::vector<float> shown(LayerRunner& runner, Show show, int node, std::int64_t images) {
  std::mutex mutex;
  std::vector<std::vector<float>> seen(static_cast<std::size_t>(images));
  (runner.*show)(node, [&](std::int64_t image, const TapView& view) {
    const std::lock_guard lock(mutex);
    EXPECT_TRUE(seen.at(static_cast<std::size_t>(image)).empty()) << "image " << image << " came twice";
    seen[static_cast<std::size_t>(image)] = row_major(view);
  });
  std::vector<float> all;
  for (const std::vector<float>& x : seen) all.insert(all.end(), x.begin(), x.end());
  return all;
}

void expect_near(const std::vector<float>& got, const std::vector<float>& expected) {
  ASSERT_EQ(got.size(), expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    ASSERT_NEAR(got[i], expected[i], 1e-4 * (1 + std::fabs(expected[i]))) << i;
  }
}

// [images, ..., channels] of a Linear -> [images, channels, ...]: as a tap's view is read.
std::vector<float> by_channel(const Network& net, int node, std::vector<float> y, std::int64_t images) {
  const std::size_t size = y.size() / static_cast<std::size_t>(images);
  std::vector<float> result;
  for (std::size_t i = 0; i < y.size(); i += size) {
    const auto view =
        output_view(&y[i], net.nodes[static_cast<std::size_t>(node)], net.shapes[static_cast<std::size_t>(node) + 1]);
    const std::vector<float> image = row_major(view);
    result.insert(result.end(), image.begin(), image.end());
  }
  return result;
}

// y s + t of what a layer gives, where a batch norm is folded into it.
void norm(std::vector<float>& y, const LayerRunner::Norm& norm, std::int64_t images) {
  const std::size_t channels = norm.scale.size();
  const std::size_t plane = channels == 0 ? 1 : y.size() / static_cast<std::size_t>(images) / channels;
  for (std::size_t i = 0; channels > 0 && i < y.size(); ++i) {
    const std::size_t c = i / plane % channels;
    y[i] = y[i] * norm.scale[c] + norm.shift[c];
  }
}

// The network with all layers before `node` quantised.
Network quantised(const Network& net, const NetworkFormat& formats, int node) {
  Network result = net;
  for (const LayerFormat& format : formats) {
    if (format.node >= node) continue;
    Tensor& weight = *weight_of(result.nodes[static_cast<std::size_t>(format.node)]);
    apply_indices(weight.shape.front(), format, weight.data);
  }
  return result;
}

NetworkFormat coarse_levels(const Network& net) { return quantise(net, coarse(net)).formats(); }

TEST(LayerRunner, ShowsWhatTheNetworkUpToThereGives) {
  for (const Network& net : networks()) {
    const Shard shard = calibration(net, 5);
    const std::vector<float> x = inputs(shard);
    const NetworkFormat formats = coarse_levels(net);
    for (const EngineKind kind : kinds()) {
      const auto engine = engine_of(kind, net, 5, 2);
      const auto runner = engine->open(kImages);
      runner->load(shard);
      for (const bool levels : {false, true}) {  // as trained, and quantised layer after layer
        if (levels) runner->restart();
        for (const LayerFormat& format : formats) {
          const int node = format.node;
          const Network now = levels ? quantised(net, formats, node) : net;
          const ValueId input = net.nodes[static_cast<std::size_t>(node)].inputs.front();
          expect_near(shown(*runner, &LayerRunner::inputs, node, kImages), value_of(now, input, x, kImages));
          if (levels) runner->set(node, &format);
          const Network then = levels ? quantised(net, formats, node + 1) : net;
          std::vector<float> y = by_channel(net, node, value_of(then, node + 1, x, kImages), kImages);
          norm(y, runner->norm(node), kImages);
          expect_near(shown(*runner, &LayerRunner::outputs, node, kImages), y);
        }
      }
      runner->restart();  // and as trained again
      for (const LayerFormat& format : formats) runner->set(format.node, nullptr);
      const int last = formats.back().node;
      const ValueId input = net.nodes[static_cast<std::size_t>(last)].inputs.front();
      expect_near(shown(*runner, &LayerRunner::inputs, last, kImages), value_of(net, input, x, kImages));
    }
  }
}

TEST(LayerRunner, ScalesWhatTheNextLayersSee) {
  for (const Network& net : networks()) {
    const Shard shard = calibration(net, 5);
    for (const EngineKind kind : kinds()) {
      const auto engine = engine_of(kind, net, 5, 2);
      const auto runner = engine->open(kImages);
      runner->load(shard);
      for (const int node : weight_layers(net)) {
        const std::vector<float> before = shown(*runner, &LayerRunner::outputs, node, kImages);
        const auto channels =
            static_cast<std::size_t>(weight_of(net.nodes[static_cast<std::size_t>(node)])->shape.front());
        std::vector<float> gain, add;
        for (std::size_t c = 0; c < channels; ++c) {
          gain.push_back(0.5F + static_cast<float>(c % 3));
          add.push_back(static_cast<float>(c % 5) - 2);
        }
        runner->scale(node, gain, add);
        const std::vector<float> after = shown(*runner, &LayerRunner::outputs, node, kImages);
        const std::size_t plane = before.size() / kImages / channels;
        for (std::size_t i = 0; i < before.size(); ++i) {
          const std::size_t c = i / plane % channels;
          ASSERT_NEAR(after[i], before[i] * gain[c] + add[c], 1e-5 * (1 + std::fabs(before[i])));
        }
      }
    }
  }
}

// Images do not depend on each other, nor on threads: to the bit where each keeps its place in a batch, for products of
// matrices round their last rows otherwise (oneDNN under AVX2).
TEST(LayerRunner, ShowsTheSameWhateverIsTogether) {
  const Network net = many_paths();
  const int last = weight_layers(net).back();
  const Shard all = calibration(net, 5);
  const std::size_t size = all.images.pixels.size() / kImages;
  std::vector<float> expected;
  for (const int threads : {1, 3}) {
    const auto engine = engine_of(EngineKind::cpu, net, 5, threads);
    for (const std::int64_t most : {kImages, std::int64_t{10}, std::int64_t{5}, std::int64_t{1}}) {
      const auto runner = engine->open(most);
      ASSERT_EQ(runner->batch(), 5);
      std::vector<float> got;
      for (std::int64_t first = 0; first < kImages; first += most) {
        Shard some = all;
        some.images.count = std::min(most, kImages - first);
        const auto at =
            all.images.pixels.begin() + static_cast<std::ptrdiff_t>(first) * std::ssize(all.images.pixels) / kImages;
        some.images.pixels.assign(at, at + some.images.count * static_cast<std::int64_t>(size));
        some.images.labels.resize(static_cast<std::size_t>(some.images.count));
        runner->load(some);
        const std::vector<float> part = shown(*runner, &LayerRunner::inputs, last, some.images.count);
        got.insert(got.end(), part.begin(), part.end());
      }
      if (expected.empty()) expected = got;
      if (most > 1) {
        EXPECT_EQ(got, expected) << threads << " threads, " << most << " images at once";
      }
      ASSERT_EQ(got.size(), expected.size());
      for (std::size_t i = 0; i < got.size(); ++i) ASSERT_NEAR(got[i], expected[i], 1e-5F) << threads << " threads";
    }
  }
}

// At each layer: with other weights and images' values in between, what comes after is the same to the bit.
TEST(LayerRunner, GoesOnFromAStateAsIfNothingHadBeenBetween) {
  for (const Network& net : networks()) {
    const std::vector<int> layers = weight_layers(net);
    const NetworkFormat formats = coarse_levels(net);
    for (const EngineKind kind : kinds()) {
      const auto engine = engine_of(kind, net, 5, 2);
      const auto runner = engine->open(kImages);
      runner->load(calibration(net, 5));
      const int last = layers.back();
      const auto expected = shown(*runner, &LayerRunner::outputs, last, kImages);
      for (const int node : layers) {
        if (runner->state_bytes(node) == 0) continue;
        runner->restart();
        shown(*runner, &LayerRunner::inputs, node, kImages);
        const auto state = runner->state(node);
        ASSERT_NE(state, nullptr);
        for (const LayerFormat& format : formats) runner->set(format.node, &format);
        runner->restart();
        EXPECT_NE(shown(*runner, &LayerRunner::outputs, last, kImages), expected);
        for (const LayerFormat& format : formats) {
          if (format.node >= node) runner->set(format.node, nullptr);  // those before are not run
        }
        runner->resume(*state);
        if (node != layers.front()) {
          EXPECT_THROW(runner->inputs(layers.front(), {}), Error);
        }
        EXPECT_EQ(shown(*runner, &LayerRunner::outputs, last, kImages), expected);
        for (const LayerFormat& format : formats) runner->set(format.node, nullptr);
      }
    }
  }
}

TEST(LayerRunner, RefusesWhatIsOutOfOrder) {
  const Network net = support::residual_network();
  const std::vector<int> layers = weight_layers(net);
  const auto tap = [](std::int64_t, const TapView&) {};
  for (const EngineKind kind : kinds()) {
    const auto engine = engine_of(kind, net, 5);
    const auto runner = engine->open(4);
    EXPECT_THROW(runner->load(calibration(net, 5)), Error);  // 13 images
    EXPECT_THROW(runner->load(calibration(net, 6)), Error);  // another block
    Shard shard = calibration(net, 5);
    shard.images.count = 3;
    shard.images.pixels.resize(static_cast<std::size_t>(3 * elements(net.input_shape())));
    shard.images.labels.resize(3);
    runner->load(shard);
    runner->inputs(layers[1], tap);
    EXPECT_THROW(runner->inputs(layers[0], tap), Error);
    EXPECT_NO_THROW(runner->inputs(layers[1], tap));
    runner->restart();
    EXPECT_NO_THROW(runner->outputs(layers[0], tap));
  }
}

}  // namespace
}  // namespace vbq::test
