#include "evaluate/worker.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "core/check.hpp"
#include "engine/common/tally.hpp"
#include "evaluate/classify.hpp"
#include "evaluate/memory.hpp"
#include "evaluate/watch.hpp"
#include "vbq/size.hpp"

namespace vbq {
namespace {

Problem validated(Problem problem) {
  validate(problem);
  return problem;
}

// A search has many networks to run; where there is one alone, so is the engine's.
EngineOptions with_copies(const Problem& problem) {
  EngineOptions options = problem.engine;
  options.copies = problem.population > 1 ? 4 : 1;
  return options;
}

// A set that leads the search, or is to be compared with what does.
bool leads(ImageSet set) { return set != ImageSet::held_out; }

// Whether tallies of the network as trained come of the run that finds its outputs (Shard::tallies_trained). The
// search's images are run again: that tells how fast the engine is. It is not scored for validation.
bool has_tallies_trained(ImageSet set) { return set == ImageSet::held_out; }

// Images of those loaded with divergence for which the network as trained gives an output that is not finite: from
// those nothing can diverge. 0 without.
std::int64_t not_finite_in(Engine& engine, const Network& network) {
  const TrainedOutputs trained = engine.trained_outputs();
  if (trained == nullptr) return 0;
  return count_not_finite(*trained, static_cast<std::size_t>(elements(network.output_shape())));
}

}  // namespace

Partition partition_of(const Problem& problem, ImageSet set, std::int64_t workers) {
  const std::int64_t blocks = block_count(problem, set), block = problem.engine.block;
  const DatasetInfo& info = source_of(problem, set).info();
  if (set != ImageSet::search) {  // scored seldom
    return {blocks, std::min(workers, blocks), blocks_in_piece(info, block)};
  }
  const std::int64_t most = std::max<std::int64_t>(1, kMostSearchBytes / block_bytes(info, block));
  // Blocks of one network alone are shared out from the start, so each worker reads its own only.
  const std::int64_t least_parts = problem.population > 1 ? 1 : workers;
  const std::int64_t parts =
      std::clamp((blocks + most - 1) / most, std::min(least_parts, blocks), std::min(workers, blocks));
  return {blocks, parts, blocks};
}

std::int64_t trained_image_bytes(const Problem& problem, ImageSet set) {
  const std::int64_t outputs = elements(problem.network.output_shape()) * static_cast<std::int64_t>(sizeof(float));
  return outputs + (has_tallies_trained(set) ? static_cast<std::int64_t>(sizeof(ImageTally)) : 0);
}

std::int64_t trained_bytes(const Problem& problem, ImageSet set, std::int64_t workers) {
  const std::int64_t images = partition_of(problem, set, workers).part(0).count * problem.engine.block;
  return std::min(images, std::ssize(images_of(problem, set))) * trained_image_bytes(problem, set);
}

Worker::Worker(Problem problem, WorkerPlace place, const MakeEngine& make)
    : problem_(validated(std::move(problem))),
      place_(place),
      make_(make),
      engine_(make(problem_.network, with_copies(problem_))),
      maker_(problem_, *engine_),
      in_copy_(static_cast<std::size_t>(engine_->copies())) {
  const Partition partition = partition_of(problem_, ImageSet::search, place_.count);
  load(ImageSet::search, partition.part(partition.part_of_worker(place_.index)), problem_.with_divergence);
  if (const std::int64_t count = not_finite_in(*engine_, problem_.network); count > 0) {
    fail(
        "the network as trained gives outputs that are not finite (NaN or infinite) for {} images to search on: no "
        "quantised network can be compared with them; check the images' mean and standard deviation, and the network{}",
        count,
        engine_->info().precision == "fp16" ? "; in fp16 a value beyond 65504 is infinite: --precision bf16 or tf32"
                                            : "");
  }
}

void Worker::adopt(const Format& format) {
  if (!running_.empty()) fail_internal("the format was to change while a network runs");
  maker_.forget_format();
  problem_.format = format;
  check_memory(worker_memory(problem_, place_), problem_.engine.host_workers);
}

void Worker::move_to(WorkerPlace place) {
  if (!running_.empty()) fail_internal("a worker was to move while a network runs");
  place_ = place;
  trained_.clear();  // known by their parts' first blocks
}

std::int64_t Worker::not_finite(ImageSet set) {
  const Partition partition = partition_of(problem_, set, place_.count);
  if (place_.index >= partition.parts) return 0;  // another worker counts the same part
  const Range own = partition.part(place_.index);
  std::int64_t count = 0;
  for (std::int64_t block = own.first; block < own.end();) {
    const Range piece = partition.piece_of(place_.index, block);
    // Loaded without divergence, images cannot tell; loaded with it, tallies of them would count it.
    if (!problem_.with_divergence || set != loaded_set_ || piece != loaded_) load(set, piece, true);
    count += not_finite_in(*engine_, problem_.network);
    if (!problem_.with_divergence) {
      loaded_ = {};
      in_trained_engine_.reset();
    }
    block = piece.end();
  }
  return count;
}

std::vector<MadeNetwork> Worker::make(std::span<const std::size_t> numbers, std::span<const Genome> genomes) {
  std::vector<QuantisedNetwork> made = maker_.make(genomes, Stage::evaluated);
  std::vector<MadeNetwork> result;
  for (std::size_t i = 0; i < made.size(); ++i) {
    result.push_back({made[i].id(), coded_bits(weight_size(problem_.network, made[i]), problem_.format.coding)});
    networks_[numbers[i]] = std::move(made[i]);
  }
  return result;
}

std::optional<Ran> Worker::start(std::size_t number, ImageSet set, Range blocks, Detail detail) {
  const QuantisedNetwork& network = networks_.at(number);
  const Partition partition = partition_of(problem_, set, place_.count);
  const Range piece = partition.piece_of(place_.index, blocks.first);
  if (blocks.count < 1 || blocks.end() > piece.end()) {
    fail_internal("blocks {} to {} were to be run at once, but a piece ends before {}", blocks.first, blocks.end() - 1,
                  piece.end());
  }
  std::optional<Ran> finished;
  if (!has_room() || (apart(network) && !running_.empty())) finished = finish();
  if (set != loaded_set_ || piece != loaded_) {
    if (!running_.empty()) fail_internal("images were to be replaced while a network runs on them");
    load(set, piece, problem_.with_divergence);
  }
  const auto since = std::chrono::steady_clock::now();
  if (apart(network)) {
    if (!running_.empty()) fail_internal("the network as trained was to run beside others");
    Engine& engine = trained_engine(Loaded::images);
    const DeviceCall call(watched_kind(engine, DeviceCall::Kind::other));
    engine.start(blocks.first - loaded_.first, blocks.count, 0);
    running_.push_back({number, blocks, &engine, 0, detail, since});
    return finished;
  }
  const int copy = free_copy(network.id());
  const DeviceCall call(watched_kind(*engine_, DeviceCall::Kind::other));
  put(network, copy);
  engine_->start(blocks.first - loaded_.first, blocks.count, copy);
  running_.push_back({number, blocks, engine_.get(), copy, detail, since});
  return finished;
}

std::optional<Ran> Worker::finish() {
  if (running_.empty()) return std::nullopt;
  const Running first = running_.front();
  running_.pop_front();
  const DeviceCall call(watched_kind(*first.engine, DeviceCall::Kind::tally));
  Outcome outcome;
  if (first.detail == Detail::sum) {
    outcome.sum = first.engine->finish(first.copy);
  } else if (first.detail == Detail::blocks) {
    if (first.blocks.count != 1) {
      fail_internal("{} blocks were run at once of which each was to be told", first.blocks.count);
    }
    outcome.blocks = {first.engine->finish(first.copy)};
  } else {
    const std::vector<ImageTally> images = first.engine->finish_images(first.copy);
    std::int64_t seen = 0;
    for (const ImageTally& image : images) {
      seen += image.tally.seen;
      if (first.detail == Detail::images) outcome.blocks.push_back(image.tally);
      if (first.detail == Detail::all) outcome.classes.push_back(image.taken_for);
    }
    if (std::ssize(images) != seen) {
      fail_internal("{} images were run: the engine told of {}", seen, images.size());
    }
    if (first.detail == Detail::all) outcome.blocks = by_blocks(images, first.blocks.count, problem_.engine.block);
  }
  for (const Tally& part : outcome.blocks) outcome.sum += part;
  return Ran{first.number, first.blocks, std::move(outcome), seconds_since(first.since)};
}

Ran Worker::classify(std::size_t number, ImageSet set, Range blocks) {
  if (!running_.empty()) fail_internal("images were to be classified while a network runs");
  const QuantisedNetwork& network = networks_.at(number);
  const auto since = std::chrono::steady_clock::now();
  Engine& engine = apart(network) ? trained_engine(Loaded::as_it_is) : *engine_;
  if (!apart(network)) {
    const DeviceCall call(watched_kind(engine, DeviceCall::Kind::other));
    put(network, 0);
  }
  Ran ran{number, blocks, {}, 0};
  for (std::int64_t block = blocks.first; block < blocks.end(); ++block) {
    const std::vector<std::int32_t> classes =
        classes_of(engine, problem_.network, read(set, {block, 1}), source_of(problem_, set).info().normalisation);
    ran.outcome.classes.insert(ran.outcome.classes.end(), classes.begin(), classes.end());
  }
  ran.outcome.sum.seen = std::ssize(ran.outcome.classes);
  ran.seconds = seconds_since(since);
  return ran;
}

void Worker::put(const QuantisedNetwork& network, int copy) {
  std::optional<NetworkId>& held = in_copy_[static_cast<std::size_t>(copy)];
  if (held == network.id()) return;
  held.reset();
  engine_->quantise(network.formats(), copy);
  held = network.id();
}

// One that holds the network already, or else any that does not run.
int Worker::free_copy(const NetworkId& network) const {
  int any = -1;
  for (int copy = 0; copy < engine_->copies(); ++copy) {
    if (std::ranges::find(running_, copy, &Running::copy) != running_.end()) continue;
    if (in_copy_[static_cast<std::size_t>(copy)] == network) return copy;
    if (any < 0 || !in_copy_[static_cast<std::size_t>(copy)]) any = copy;
  }
  if (any < 0) fail_internal("all {} copies of the network run", engine_->copies());
  return any;
}

Images Worker::read(ImageSet set, Range blocks) const {
  const std::vector<std::int64_t>& all = images_of(problem_, set);
  const std::int64_t block = problem_.engine.block;
  const auto first = static_cast<std::size_t>(blocks.first * block);
  const std::size_t count = std::min(static_cast<std::size_t>(blocks.count * block), all.size() - first);
  const Augment augment = leads(set) ? problem_.augment : Augment::none;
  if (set == ImageSet::search && problem_.races) {
    return read_drawn(source_of(problem_, set), all, first, count, augment);
  }
  return read_augmented(source_of(problem_, set), all, first, count, augment);
}

void Worker::load(ImageSet set, Range blocks, bool with_divergence) {
  loaded_ = {};  // whatever happens below, the old images no longer count
  // Not a DeviceCall: how long it takes depends on how many images there are, and on the disk.
  Shard shard = shard_of(set, blocks, with_divergence);
  const bool keeps = with_divergence && keeps_trained(problem_, set, place_.count);
  if (keeps) std::tie(shard.trained, shard.trained_tallies) = trained_[{set, blocks.first}];
  TrainedTallies tallies = shard.trained_tallies;
  if (problem_.trained) {  // tallies are of the network that gives the outputs, which engine_ does not have
    if (with_divergence && shard.trained == nullptr) {
      Engine& trained = trained_engine(Loaded::as_it_is);
      in_trained_engine_.reset();
      trained.load(shard);
      in_trained_engine_ = {set, blocks};
      shard.trained = trained.trained_outputs();
      tallies = trained.trained_tallies();
    }
    shard.trained_tallies = nullptr;
  }
  engine_->load(std::move(shard));
  if (!problem_.trained) tallies = engine_->trained_tallies();
  if (keeps) trained_[{set, blocks.first}] = {engine_->trained_outputs(), std::move(tallies)};
  loaded_set_ = set;
  loaded_ = blocks;
}

Shard Worker::shard_of(ImageSet set, Range blocks, bool with_divergence) const {
  Shard shard{read(set, blocks), source_of(problem_, set).info().normalisation, problem_.engine.block, with_divergence};
  if (leads(set)) shard.comparison = problem_.comparison;
  shard.tallies_trained = with_divergence && has_tallies_trained(set);
  return shard;
}

// Its kernels chosen by rule: those that were measured are of the other network.
Engine& Worker::trained_engine(Loaded loaded) {
  if (!problem_.trained) return *engine_;
  if (trained_engine_ == nullptr) {
    EngineOptions options = problem_.engine;
    options.copies = 1;
    options.tune = false;
    options.kernels = {};
    trained_engine_ = make_(*problem_.trained, options);
  }
  const std::pair held{loaded_set_, loaded_};
  if (loaded == Loaded::images && in_trained_engine_ != held) {
    in_trained_engine_.reset();
    Shard shard = shard_of(loaded_set_, loaded_, problem_.with_divergence);
    shard.trained = engine_->trained_outputs();
    if (const auto kept = trained_.find({loaded_set_, loaded_.first}); kept != trained_.end()) {
      shard.trained_tallies = kept->second.second;
    }
    trained_engine_->load(std::move(shard));
    in_trained_engine_ = held;
  }
  return *trained_engine_;
}

}  // namespace vbq
