// Worker: what one worker holds (engine, its part of the images, the networks that it has made or was given) and does
// (tasks).
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "evaluate/detail.hpp"
#include "evaluate/maker.hpp"
#include "evaluate/partition.hpp"
#include "evaluate/problem.hpp"
#include "evaluate/schedule.hpp"

namespace vbq {

// Worker `index` of `count`.
struct WorkerPlace {
  std::int64_t index = 0, count = 1;
};

// How a set's blocks are shared out over so many workers. Search images stay where they are for the whole run: every
// worker has all of them, or, where they are too many for that (kMostSearchBytes), a part. Held-out images are
// scored once: each worker has a part, piece by piece.
Partition partition_of(const Problem& problem, ImageSet set, std::int64_t workers);
inline constexpr std::int64_t kMostSearchBytes = std::int64_t{1} << 30;  // of pixels, on one worker

// Bytes of what the FP32 network gives for an image, and for all of a worker's part of a set. It is kept from load to
// load, unless it is too much.
std::int64_t trained_image_bytes(const Problem& problem, ImageSet set);
std::int64_t trained_bytes(const Problem& problem, ImageSet set, std::int64_t workers);
inline constexpr std::int64_t kMostTrainedBytes = std::int64_t{256} << 20;  // of a set, on one worker
inline bool keeps_trained(const Problem& problem, ImageSet set, std::int64_t workers) {
  return problem.with_divergence && trained_bytes(problem, set, workers) <= kMostTrainedBytes;
}

// What a task of making came to.
struct MadeNetwork {
  NetworkId network{};
  std::int64_t bits = 0;  // see Evaluated
};

// A task that was run.
struct Ran {
  std::size_t network = 0;
  Range blocks;
  Outcome outcome;
  double seconds = 0;
};

class Worker {
 public:
  using MakeEngine = std::function<std::unique_ptr<Engine>(const Network&, const EngineOptions&)>;

  // Makes the engine and loads this worker's search images. Error when anything of the problem does not fit.
  Worker(Problem problem, WorkerPlace place, const MakeEngine& make = make_engine);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Another format, in two steps, so that the workers of a host can all look for memory before any takes it: Error
  // where there is not enough; then makes what depends on the format. Between them, and after an Error, nothing is
  // made.
  void adopt(const Format& format);
  void prepare() { maker_.prepare(); }

  // From now on it is that worker, while nothing runs: its parts of the images may be others.
  void move_to(WorkerPlace place);

  // A new call, whose networks are numbered from `first` on: those of calls before are forgotten.
  void begin(std::size_t first) {
    std::erase_if(networks_, [&](const auto& entry) { return entry.first < first; });
  }
  // Makes and keeps the genomes' networks under these numbers.
  std::vector<MadeNetwork> make(std::span<const std::size_t> numbers, std::span<const Genome> genomes);
  void give(std::size_t number, QuantisedNetwork network) { networks_[number] = std::move(network); }
  bool has(std::size_t number) const { return networks_.contains(number); }
  const QuantisedNetwork& network(std::size_t number) const { return networks_.at(number); }
  // As it is delivered.
  QuantisedNetwork deliver(const Genome& genome) { return maker_.make({&genome, 1}, Stage::delivered).front(); }

  // Begins inference of a network that it has; gives what had to be finished first. An engine may hold several copies
  // of the network: tasks take them in turn, so that one is made ready while others run. Detail::classes is
  // for classify().
  std::optional<Ran> start(std::size_t number, ImageSet set, Range blocks, Detail detail = Detail::sum);
  // Waits for the task that was started first; none when nothing runs.
  std::optional<Ran> finish();
  // Detail::classes of the blocks, by a network that it has, while none runs. Images are read for it: those that are
  // loaded stay.
  Ran classify(std::size_t number, ImageSet set, Range blocks);
  // Whether another task may be started without waiting for one.
  bool has_room() const { return running_.size() < static_cast<std::size_t>(engine_->copies()); }

  // Images of this worker's part of a set for which the network as trained gives an output that is not finite; of the
  // first workers, which hold all parts.
  std::int64_t not_finite(ImageSet set);

  const EngineInfo& info() const { return engine_->info(); }
  Kernels kernels() const { return engine_->kernels(); }
  int copies() const { return engine_->copies(); }
  const Problem& problem() const { return problem_; }

 private:
  struct Running {
    std::size_t number;
    Range blocks;
    Engine* engine;
    int copy;
    Detail detail;
    std::chrono::steady_clock::time_point since;
  };

  void load(ImageSet set, Range blocks, bool with_divergence);
  // What runs the network as trained: the engine, or, where the network's activations are quantised, one of its own,
  // made when it is first asked for. images: has what is loaded loaded there too.
  enum class Loaded { as_it_is, images };
  Engine& trained_engine(Loaded loaded);
  bool apart(const QuantisedNetwork& network) const { return problem_.trained.has_value() && network.as_trained(); }
  // What the engines load: blocks of a set, with divergence where `trained` says from what, or is to be found out.
  Shard shard_of(ImageSet set, Range blocks, bool with_divergence) const;
  int free_copy(const NetworkId& network) const;
  // Of blocks; as many images as there are.
  Images read(ImageSet set, Range blocks) const;
  // Makes the copy hold the network.
  void put(const QuantisedNetwork& network, int copy);

  Problem problem_;
  WorkerPlace place_;
  MakeEngine make_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Engine> trained_engine_;                       // null: none is needed yet
  std::optional<std::pair<ImageSet, Range>> in_trained_engine_;  // that is loaded there
  Maker maker_;
  ImageSet loaded_set_ = ImageSet::search;
  Range loaded_;  // blocks that the engine holds
  // What the network as trained gave, by set and first block of what was loaded.
  std::map<std::pair<ImageSet, std::int64_t>, std::pair<TrainedOutputs, TrainedTallies>> trained_;
  std::map<std::size_t, QuantisedNetwork> networks_;
  std::vector<std::optional<NetworkId>> in_copy_;  // network that each of the engine's copies holds
  std::deque<Running> running_;                    // in order of their start
};

}  // namespace vbq
