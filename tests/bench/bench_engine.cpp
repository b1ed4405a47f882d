// Images a second of an engine (all its copies at once), and what of a genome's way costs beside: quantising, telling
// networks apart, compensated assignment (no layer remembered; of one genome, and of 16 together), moment matching, and
// sequential assignment with it, over 200 images or --pass-images N (where an engine has several copies, of 8 networks
// together, too); and whole evaluations, genomes taking the copies in turn as in a search: bench_engine NETWORK.onnx
// [--seconds S] [--threads T] [--images N] [--block B] [--engine cpu|cuda] [--precision P] [--json]. Random pixels;
// normalising them and counting the tally are part of the time. --tally: no assignment and no matching.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "assign/compensate.hpp"
#include "assign/compensated.hpp"
#include "assign/layer_pass.hpp"
#include "assign/sequential.hpp"
#include "core/log.hpp"
#include "core/random.hpp"
#include "vbq/engine.hpp"
#include "vbq/error.hpp"
#include "vbq/onnx.hpp"
#include "vbq/quantised_network.hpp"

namespace {

using namespace vbq;

struct Arguments {
  std::string network;
  double seconds = 5;
  int threads = 0;
  std::int64_t images = 0, block = 100;  // images 0: about a tenth of a second's
  std::int64_t pass_images = 200;        // of the sequential pass
  bool json = false, tally_only = false;
  EngineKind engine = EngineKind::cpu;
  Precision precision = Precision::fp32;
};

Precision precision_named(const std::string& name) {
  if (name == "fp32") return Precision::fp32;
  if (name == "tf32") return Precision::tf32;
  if (name == "fp16") return Precision::fp16;
  if (name == "bf16") return Precision::bf16;
  throw Error("precision is '" + name + "', expected fp32, tf32, fp16 or bf16");
}

Arguments parse(const std::vector<std::string>& words) {
  Arguments a;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto value = [&] { return i + 1 < words.size() ? words[++i] : throw Error(words[i] + " needs a value"); };
    if (words[i] == "--seconds") {
      a.seconds = std::stod(value());
    } else if (words[i] == "--threads") {
      a.threads = std::stoi(value());
    } else if (words[i] == "--pass-images") {
      a.pass_images = std::stoll(value());
    } else if (words[i] == "--images") {
      a.images = std::stoll(value());
    } else if (words[i] == "--block") {
      a.block = std::stoll(value());
    } else if (words[i] == "--engine") {
      const std::string name = value();
      if (name != "cpu" && name != "cuda") throw Error("engine is '" + name + "', expected cpu or cuda");
      a.engine = name == "cuda" ? EngineKind::cuda : EngineKind::cpu;
    } else if (words[i] == "--precision") {
      a.precision = precision_named(value());
    } else if (words[i] == "--json") {
      a.json = true;
    } else if (words[i] == "--tally") {
      a.tally_only = true;
    } else {
      a.network = words[i];
    }
  }
  if (a.network.empty())
    throw Error(
        "usage: bench_engine NETWORK.onnx [--seconds S] [--threads T] [--images N] [--block B] [--engine E] "
        "[--precision P] [--json] [--tally]");
  return a;
}

Shard random_shard(const Shape& shape, std::int64_t images, std::int64_t block) {
  Random random(1, 0, 0, Purpose::test);
  const auto channels = static_cast<std::size_t>(shape[0]);
  Shard shard{{images, shape[0], shape[1], shape[2], {}, {}},
              {std::vector<float>(channels, 0.5F), std::vector<float>(channels, 0.25F)},
              block,
              false};
  shard.images.pixels.resize(static_cast<std::size_t>(images * elements(shape)));
  for (auto& p : shard.images.pixels) p = static_cast<std::uint8_t>(random.below(256));
  shard.images.labels.assign(static_cast<std::size_t>(images), 0);
  return shard;
}

// k levels spread over each layer's weights.
NetworkFormat spread_levels(const Network& network, int k) {
  NetworkFormat formats;
  for (const int node : weight_layers(network)) {
    const Tensor& w = *weight_of(network.nodes[static_cast<std::size_t>(node)]);
    const auto [low, high] = std::minmax_element(w.data.begin(), w.data.end());
    std::vector<float> levels(static_cast<std::size_t>(k));
    for (std::size_t i = 0; i < levels.size(); ++i) {
      levels[i] = *low + (*high - *low) * static_cast<float>(i) / static_cast<float>(k - 1);
    }
    formats.push_back({node, {Codebook::from_levels(levels)}, {}});
  }
  return formats;
}

// A factor for each layer as a calibration gives it, but of made-up inputs: the time to assign does not depend on their
// values.
std::shared_ptr<const Calibration> made_up_calibration(const Network& network) {
  auto calibration = std::make_shared<Calibration>();
  std::vector<LayerFactor>& factors = calibration->factors;
  for (const int node : weight_layers(network)) {
    const Tensor& w = *weight_of(network.nodes[static_cast<std::size_t>(node)]);
    const std::int64_t rows = w.shape[0], row = static_cast<std::int64_t>(w.data.size()) / rows;
    LayerFactor& factor = factors.emplace_back();
    factor.node = node;
    for (std::int64_t first = 0; first < row; first += kFactorColumns) {
      const auto n = static_cast<std::size_t>(std::min(kFactorColumns, row - first));
      std::vector<double> h(n * n);
      std::vector<std::int32_t> columns;
      for (std::size_t i = 0; i < n; ++i) {
        columns.push_back(static_cast<std::int32_t>(first) + static_cast<std::int32_t>(i));
        for (std::size_t j = 0; j < n; ++j) h[i * n + j] = i == j ? 2.0 : 1.0 / (1.0 + static_cast<double>(i + j));
      }
      factor.blocks.push_back(make_factor(std::move(h), std::move(columns), 0, rows));
    }
  }
  return calibration;
}

// All copies, each over all blocks.
void tally_all(Engine& engine, std::int64_t blocks) {
  for (int copy = 0; copy < engine.copies(); ++copy) engine.start(0, blocks, copy);
  for (int copy = 0; copy < engine.copies(); ++copy) engine.finish(copy);
}

// So many networks, one after another, as a search evaluates them.
void evaluate(Engine& engine, const NetworkFormat& formats, std::int64_t blocks, int networks) {
  for (int i = 0; i < networks + engine.copies(); ++i) {
    const int copy = i % engine.copies();
    if (i >= engine.copies()) engine.finish(copy);
    if (i >= networks) continue;
    engine.quantise(formats, copy);
    engine.start(0, blocks, copy);
  }
}

template <typename Call>
double median_seconds(int times, Call call) {
  std::vector<double> seconds;
  for (int i = 0; i < times; ++i) {
    const auto start = std::chrono::steady_clock::now();
    call();
    seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  std::nth_element(seconds.begin(), seconds.begin() + times / 2, seconds.end());
  return seconds[static_cast<std::size_t>(times / 2)];
}

template <typename Call>
double seconds_of(Call call) {
  const auto start = std::chrono::steady_clock::now();
  call();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void run(const Arguments& a) {
  if (!a.json) log::set_level(log::Level::debug);
  const Network network = read_onnx(a.network);
  const Shape& shape = network.input_shape();
  if (shape.size() != 3) throw Error("the network does not take images");
  EngineOptions options;
  options.kind = a.engine;
  options.precision = a.precision;
  options.threads = a.threads;
  options.block = a.block;
  options.copies = 4;
  const auto engine = make_engine(network, options);

  std::int64_t images = a.images;
  if (images == 0) {  // as many as last a tenth of a second, in whole blocks
    engine->load(random_shard(shape, a.block, a.block));
    engine->tally(0, 1);
    const double block = seconds_of([&] { engine->tally(0, 1); });
    images = a.block * std::clamp<std::int64_t>(static_cast<std::int64_t>(0.1 / block), 1, 100);
  }
  const Shard shard = random_shard(shape, images, a.block);
  const std::int64_t blocks = shard.blocks();
  engine->load(shard);
  engine->tally(0, blocks);

  double total = 0;
  std::int64_t done = 0;
  tally_all(*engine, blocks);
  while (total < a.seconds) {
    total += seconds_of([&] { tally_all(*engine, blocks); });
    done += images * engine->copies();
  }
  const NetworkFormat bare = spread_levels(network, 8), formats = vbq::quantise(network, bare).formats();
  // An engine may only have queued it: counting no images waits for it.
  const double quantise = median_seconds(21, [&] {
    engine->quantise(formats);
    engine->tally(0, 0);
  });
  const int networks = engine->copies() == 1 ? 1 : 8 * engine->copies();
  const double evaluation = median_seconds(5, [&] { evaluate(*engine, formats, blocks, networks); }) / networks;
  const double value = median_seconds(21, [&] { vbq::quantise(network, bare); });
  double assigning = 0, together = 0, matching = 0, sequential = 0, passing = 0;
  if (!a.tally_only) {
    const auto compensator = make_compensator(network, *engine, made_up_calibration(network), LevelPrice::none);
    constexpr int kTogether = 16;
    std::vector<const LayerFormat*> layers;
    for (int i = 0; i < kTogether; ++i) {
      for (const LayerFormat& layer : formats) layers.push_back(&layer);
    }
    assigning = median_seconds(5, [&] { compensator->assign(std::span(layers).first(formats.size())); });
    together = median_seconds(3, [&] { compensator->assign(layers); }) / kTogether;
    constexpr std::int64_t kPassImages = 200;
    LayerPass matched(network, *engine, random_shard(shape, kPassImages, a.block), nullptr);
    matching = median_seconds(5, [&] { matched.match(formats); });
    LayerPass pass = sequential_pass(network, *engine, random_shard(shape, a.pass_images, a.block), Refit::none);
    sequential = median_seconds(5, [&] { pass.match(bare); });
    constexpr int kPasses = 8;  // on a GPU
    const std::vector<NetworkFormat> some(kPasses, bare);
    if (engine->copies() > 1) {
      pass.match(some);  // what is made for several at once
      passing = median_seconds(3, [&] { pass.match(some); }) / kPasses;
    }
  }

  const double rate = static_cast<double>(done) / total;
  if (a.json) {
    fmt::print(R"({{"images_per_second": {:.1f}, "quantise_ms": {:.3f}, "value_ms": {:.3f}, "assign_ms": {:.3f}, )"
               R"("assign_16_ms": {:.3f}, "match_ms": {:.3f}, "sequential_ms": {:.3f}, "sequential_8_ms": {:.3f}, )"
               R"("evaluation_ms": {:.3f}, "images": {}, "copies": {}, "threads": {}, "isa": "{}", "library": "{}"}})"
               "\n",
               rate, quantise * 1e3, value * 1e3, assigning * 1e3, together * 1e3, matching * 1e3, sequential * 1e3,
               passing * 1e3, evaluation * 1e3, images, engine->copies(), engine->info().threads, engine->info().isa,
               engine->info().library);
  } else {
    fmt::print("{}, {}, {}, {} threads\n", engine->info().device, engine->info().library, engine->info().isa,
               engine->info().threads);
    fmt::print("tally:       {:.1f} images/s over {:.1f} s\n", rate, total);
    for (const auto& [what, seconds] :
         {std::pair{"quantise:", quantise}, std::pair{"value:", value}, std::pair{"assign:", assigning},
          std::pair{"of 16:", together}, std::pair{"match:", matching}, std::pair{"sequential:", sequential},
          std::pair{"of 8:", passing}}) {
      fmt::print("{:<12} {:.3f} ms, {:.3f} % of tallying 1,000 images\n", what, seconds * 1e3, seconds * rate / 10);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    run(parse({argv + 1, argv + argc}));
    return 0;
  } catch (const std::exception& e) {
    fmt::print(stderr, "bench_engine: {}\n", e.what());
    return 1;
  }
}
