// What the master and the messages cost: the true cluster evaluator and the true workers, whose engine alone is made
// up: it sleeps for as long as inference would take, so that the ranks do not share this machine's cores with the
// messages. Genomes, archives, packed levels and, where it is nearest, assignment are real.
//
//   mpirun -n N bench_scale NETWORK ASSIGNMENT LEVELS GENOMES BLOCKS GENERATIONS MAKE_MS BLOCK_MS
//   bench_scale --simulate WORKERS GENOMES BLOCKS PARTS MAKE_MS BLOCK_MS NETWORK_BYTES LATENCY_US MESSAGE_US
//   BANDWIDTH_GBS
//
// A generation is GENOMES genomes over BLOCKS blocks. ASSIGNMENT: nearest; or sequential, whose pass takes MAKE_MS.
// Prints one line of CSV: workers, seconds a generation (median), seconds of work a generation that the engines slept,
// bytes that rank 0 sent a generation, networks that were handed over a generation, bytes of a packed network.
// --simulate prints the seconds and the efficiency of a generation on a made-up cluster (simulated_cluster.hpp).
// tests/bench/scale.py runs both over many ranks.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "bench/simulated_cluster.hpp"
#include "cluster/agree.hpp"
#include "cluster/cluster_evaluator.hpp"
#include "cluster/messages.hpp"
#include "cluster/serve.hpp"
#include "core/check.hpp"
#include "quant/seeds.hpp"
#include "vbq/onnx.hpp"

namespace vbq {
namespace {

using Seconds = std::chrono::duration<double>;

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

// Images without pixels: nobody looks at them.
class NoImages final : public ImageSource {
 public:
  NoImages(std::int64_t count, const Shape& shape, std::int64_t classes) {
    info_.count = count;
    info_.channels = shape.at(0);
    info_.height = shape.at(1);
    info_.width = shape.at(2);
    info_.classes = classes;
    info_.hash = "none";
    info_.origin = "none";
  }
  const DatasetInfo& info() const override { return info_; }
  std::vector<std::int32_t> labels() const override {
    return std::vector<std::int32_t>(static_cast<std::size_t>(info_.count));
  }
  Images read(std::span<const std::int64_t> indices) const override {
    return {static_cast<std::int64_t>(indices.size()), info_.channels, info_.height, info_.width, {}, {}};
  }

 private:
  DatasetInfo info_;
};

// What a pass would find is as large: each channel has a gain and a shift.
class SleepingMatcher final : public DevicePass {
 public:
  explicit SleepingMatcher(Seconds time) : time_(time) {}
  NetworkFormat assign(const NetworkFormat& formats) override { return formats; }
  NetworkFormat match(const NetworkFormat& formats) override {
    std::this_thread::sleep_for(time_);
    NetworkFormat matched = formats;
    for (LayerFormat& layer : matched) {
      layer.gain.assign(layer.scales.size(), 1.0F);
      layer.shift.assign(layer.scales.size(), 0.0F);
    }
    return matched;
  }

 private:
  Seconds time_;
};

// Sleeps instead of computing.
class SleepingEngine final : public Engine {
 public:
  SleepingEngine(const EngineOptions& options, Seconds make, Seconds block)
      : block_images_(options.block), make_(make), block_(block) {
    info_ = {"none", "none", "none", "none", "fp32", 1};
  }
  const EngineInfo& info() const override { return info_; }
  void load(Shard shard) override { count_ = shard.images.count; }
  int copies() const override { return 1; }
  void quantise(const NetworkFormat&, int) override {}
  std::unique_ptr<LayerRunner> open(std::int64_t) override { fail("nothing is computed here"); }
  std::unique_ptr<DevicePass> pass(const Shard&, PassLevels) override {
    return std::make_unique<SleepingMatcher>(make_);
  }
  void start(std::int64_t first, std::int64_t count, int) override {
    seen_ = std::min(count_, (first + count) * block_images_) - first * block_images_;
    std::this_thread::sleep_for(block_ * static_cast<double>(count));
  }
  Tally finish(int) override {
    Tally tally;
    tally.seen = seen_;
    return tally;
  }
  void infer(std::span<const float>, std::int64_t, std::span<float>) override {}
  TrainedOutputs trained_outputs() override { return nullptr; }

 private:
  EngineInfo info_;
  std::int64_t block_images_, count_ = 0, seen_ = 0;
  Seconds make_, block_;
};

struct Asked {
  std::string network, assignment;
  int levels, genomes, blocks, generations;
  Seconds make, block;
};

Problem problem_of(const Asked& asked) {
  Problem problem;
  problem.network = read_onnx(asked.network);
  problem.format.levels = asked.levels;
  problem.format.scale = ScaleScope::channel;
  if (asked.assignment == "sequential") {
    problem.format.matching = Matching::always;  // a pass for every genome
    problem.format.matching_images = 1;
  } else if (asked.assignment != "nearest") {
    fail("ASSIGNMENT is {}: nearest or sequential was expected", asked.assignment);
  }
  problem.engine.block = 50;
  problem.population = asked.genomes;
  const std::int64_t images = asked.blocks * problem.engine.block;
  const Shape& shape = problem.network.input_shape();
  problem.search_source = std::make_shared<NoImages>(images, shape, elements(problem.network.output_shape()));
  for (std::int64_t i = 0; i < images; ++i) problem.split.search.push_back(i);
  return problem;
}

int run(Communicator& world, const Asked& asked) {
  const Problem problem = agree(world, [&] { return problem_of(asked); });
  if (world.rank() != 0) {
    serve(world, problem, [&](const Network&, const EngineOptions& options) {
      return std::make_unique<SleepingEngine>(options, asked.make, asked.block);
    });
    return 0;
  }
  ClusterEvaluator evaluator(world, problem);
  const std::vector<Genome> seeds = seed_genomes(problem.network, problem.format);
  std::vector<double> seconds;
  std::int64_t packed = 0;
  const ClusterEvaluator::Traffic before = evaluator.traffic();
  for (int g = 0; g < asked.generations; ++g) {
    std::vector<Genome> genomes;
    for (int i = 0; i < asked.genomes; ++i) {  // all different
      genomes.push_back(seeds.front());
      for (Chromosome& genes : genomes.back().chromosomes) {
        for (double& gene : genes) gene *= 1 + 1e-3 * (i + asked.genomes * g);
      }
    }
    const auto start = std::chrono::steady_clock::now();
    evaluator.evaluate(genomes, {});
    seconds.push_back(Seconds(std::chrono::steady_clock::now() - start).count());
    if (g == 0) packed = static_cast<std::int64_t>(pack(evaluator.network(genomes.front())).size());
  }
  const double work = asked.genomes * ((asked.assignment == "sequential" ? asked.make.count() : 0) +
                                       asked.blocks * asked.block.count());
  const ClusterEvaluator::Traffic after = evaluator.traffic();
  fmt::print("{},{:.6f},{:.6f},{},{:.1f},{}\n", world.size() - 1, median(seconds), work,
             (after.bytes_sent - before.bytes_sent) / asked.generations,
             static_cast<double>(after.handed_over - before.handed_over) / asked.generations, packed);
  return 0;
}

int simulated(char** argv) {
  const auto number = [&](int index) { return std::atof(argv[index]); };
  const auto workers = static_cast<std::int64_t>(number(2));
  bench::Costs costs;
  costs.make = number(6) / 1e3;
  costs.block = number(7) / 1e3;
  costs.network_bytes = number(8);
  costs.latency = number(9) / 1e6;
  costs.message = number(10) / 1e6;
  costs.bandwidth = number(11) * 1e9;
  const auto blocks = static_cast<std::int64_t>(number(4));
  const Partition partition{blocks, std::min({static_cast<std::int64_t>(number(5)), workers, blocks}), blocks};
  const bench::Simulated result = bench::simulate(partition, workers, static_cast<std::size_t>(number(3)), costs);
  fmt::print("{:.6f},{:.4f},{}\n", result.seconds, result.busy / (static_cast<double>(workers) * result.seconds),
             result.handed_over);
  return 0;
}

}  // namespace
}  // namespace vbq

int main(int argc, char** argv) {
  if (argc == 12 && std::string(argv[1]) == "--simulate") return vbq::simulated(argv);
  if (argc != 9) {
    fmt::print(stderr, "bench_scale NETWORK ASSIGNMENT LEVELS GENOMES BLOCKS GENERATIONS MAKE_MS BLOCK_MS\n");
    return 1;
  }
  vbq::Environment mpi;
  const auto number = [&](int index) { return std::atoi(argv[index]); };
  const vbq::Asked asked{argv[1],
                         argv[2],
                         number(3),
                         number(4),
                         number(5),
                         number(6),
                         vbq::Seconds(std::atof(argv[7]) / 1e3),
                         vbq::Seconds(std::atof(argv[8]) / 1e3)};
  return vbq::run_ranks(mpi.world(), [&] { return vbq::run(mpi.world(), asked); });
}
