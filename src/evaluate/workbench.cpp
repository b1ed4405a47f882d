#include "evaluate/workbench.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "core/check.hpp"
#include "core/device_call.hpp"
#include "core/stop.hpp"
#include "quant/format_hash.hpp"
#include "quant/sequential.hpp"

namespace vbq {
namespace {

// An engine is asked for about this many seconds of work at a time, so that a wish to stop is soon heeded.
constexpr double kPortionSeconds = 2;

// Adds the time of its scope to a counter.
class Stopwatch {
 public:
  explicit Stopwatch(double& seconds) : seconds_(seconds), start_(std::chrono::steady_clock::now()) {}
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;
  ~Stopwatch() { seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

 private:
  double& seconds_;
  std::chrono::steady_clock::time_point start_;
};

Problem validated(Problem problem) {
  validate(problem);
  return problem;
}

// A search has many networks to run; where there is one alone, so is the engine's.
EngineOptions with_copies(const Problem& problem) {
  EngineOptions options = problem.engine;
  options.copies = problem.given.empty() ? 4 : 1;
  return options;
}

// Only a GPU is a device of its own, which can hang while this process is well.
DeviceCall::Kind kind_of(const Engine& engine, DeviceCall::Kind kind) {
  return engine.info().kind == "cuda" ? kind : DeviceCall::Kind::host;
}

// Of what the genes say alone.
Fingerprint fingerprint_of(const NetworkFormat& formats) {
  Hasher hasher;
  for (const LayerFormat& layer : formats) hash_genes(hasher, layer);
  return hasher.digest();
}

}  // namespace

Workbench::Workbench(Problem problem, Post post, const MakeEngine& make)
    : problem_(validated(std::move(problem))),
      post_(post),
      cut_(cut_matrix(post.count, problem_.population, block_count(problem_, ImageSet::search))),
      engine_(make(problem_.network, with_copies(problem_))),
      decoder_(problem_.network, problem_.format),
      assigner_(
          problem_.calibration.get(),
          [engine = engine_.get()](std::span<const LayerFormat* const> layers) {
            const DeviceCall call(kind_of(*engine, DeviceCall::Kind::assign));
            return engine->assign(layers);
          },
          assignments_remembered(problem_)) {
  engine_->prepare(problem_.calibration);
  at_once_ = assigned_at_once(problem_);
  load(ImageSet::search, block_range(cut_, post_.index));
  if (const std::int64_t count = engine_->not_finite(); count > 0) {
    fail(
        "the network as trained gives outputs that are not finite (NaN or infinite) for {} images to search on: no "
        "quantised network can be compared with them; check the images' mean and standard deviation, and the network",
        count);
  }
  calibrate();
}

void Workbench::tallies(std::span<const Genome> genomes, std::span<std::optional<Choices>> made,
                        std::span<Tally> cells) {
  const Range mine = genome_range(cut_, post_.index, static_cast<std::int64_t>(genomes.size()));
  const Range blocks = block_range(cut_, post_.index);
  if (mine.count == 0 || blocks.count == 0) return;
  load(ImageSet::search, blocks);
  std::vector<std::size_t> asked;
  for (std::int64_t i = mine.first; i < mine.end(); ++i) {
    const auto g = static_cast<std::size_t>(i);
    if (made.empty() || made[g]) asked.push_back(g);
  }
  // Genomes take the engine's copies in turn: while one is made ready, the others run.
  struct Running {
    std::size_t genome;
    Portion portion;
  };
  std::vector<std::optional<Running>> running(static_cast<std::size_t>(engine_->copies()));
  const auto collect = [&](std::size_t copy) {
    if (!running[copy]) return;
    cells[running[copy]->genome] += finish(running[copy]->portion, blocks.count, static_cast<int>(copy));
    running[copy].reset();
  };
  std::size_t turn = 0;
  const std::size_t at_once = made.empty() && passes(problem_.format) ? 1 : at_once_;
  for (std::size_t first = 0; first < asked.size() && !stop_requested(); first += at_once) {
    const auto some = std::span(asked).subspan(first, std::min(at_once, asked.size() - first));
    std::vector<NetworkFormat> formats = formats_of(genomes, some, made);
    for (std::size_t k = 0; k < some.size() && !stop_requested(); ++k) {
      const std::size_t copy = turn++ % running.size();
      collect(copy);
      {
        const Stopwatch watch(times_.quantise);
        const DeviceCall call(kind_of(*engine_, DeviceCall::Kind::other));
        engine_->quantise(formats[k], static_cast<int>(copy));
      }
      running[copy] = Running{some[k], start(0, blocks.count, static_cast<int>(copy))};
      // Nothing runs beside a single copy: now, so that a wish to stop before the next genome leaves this one whole.
      if (running.size() == 1) collect(copy);
    }
  }
  for (std::size_t copy = 0; copy < running.size(); ++copy) collect(copy);
}

// Of the genomes named, as they are evaluated. made: see tallies().
std::vector<NetworkFormat> Workbench::formats_of(std::span<const Genome> genomes, std::span<const std::size_t> some,
                                                 std::span<std::optional<Choices>> made) {
  const Stopwatch watch(times_.quantise);
  std::vector<NetworkFormat> formats;
  for (const std::size_t g : some) {
    formats.push_back(decoder_(genomes[g]));
    if (!made.empty()) choose(formats.back(), std::move(*made[g]));
  }
  if (made.empty()) complete(formats, false);
  return formats;
}

void Workbench::fingerprints(std::span<const Genome> genomes, std::span<Fingerprint> slots) {
  const Stopwatch watch(times_.quantise);
  std::vector<std::size_t> own;
  for (auto g = static_cast<std::size_t>(post_.index); g < genomes.size(); g += static_cast<std::size_t>(post_.count)) {
    own.push_back(g);
  }
  for (std::size_t first = 0; first < own.size(); first += at_once_) {
    const auto some = std::span(own).subspan(first, std::min(at_once_, own.size() - first));
    std::vector<NetworkFormat> formats;
    for (const std::size_t g : some) formats.push_back(decoder_(genomes[g]));
    // What sequential assignment chooses is a matter of inference.
    const bool sequential = problem_.format.assignment == Assignment::sequential;
    if (!sequential) assigner_(formats);
    for (std::size_t k = 0; k < some.size(); ++k) {
      slots[some[k]] = sequential ? fingerprint_of(formats[k]) : engine_->fingerprint(formats[k]);
    }
  }
}

Tally Workbench::score(ImageSet set, const Genome* genome) {
  Tally sum;
  const std::vector<Range> pieces = pieces_of(set);
  if (!pieces.empty()) quantise(genome);
  for (const Range& blocks : pieces) {
    if (stop_requested()) break;
    load(set, blocks);
    sum += infer(blocks.count);
  }
  return sum;
}

std::int64_t Workbench::not_finite(ImageSet set) {
  std::int64_t count = 0;
  for (const Range& blocks : pieces_of(set)) {
    // Loaded without divergence, images cannot tell; loaded with it, tallies of them would count it.
    if (!problem_.with_divergence) loaded_ = {};
    load(set, blocks, true);
    if (!problem_.with_divergence) loaded_ = {};
    count += engine_->not_finite();
  }
  return count;
}

std::vector<Range> Workbench::pieces_of(ImageSet set) const {
  if (set == ImageSet::search) {  // a matrix of one row, on the blocks that are here anyway
    const Range blocks = block_range(cut_, post_.index);
    if (genome_range(cut_, post_.index, 1).count == 0 || blocks.count == 0) return {};
    return {blocks};
  }
  const Range share = part_of(block_count(problem_, set), post_.count, post_.index);
  const std::int64_t piece = blocks_in_piece(source_of(problem_, set).info(), problem_.engine.block);
  std::vector<Range> pieces;
  for (std::int64_t first = share.first; first < share.end(); first += piece) {
    pieces.push_back({first, std::min(piece, share.end() - first)});
  }
  return pieces;
}

EvaluatorTimes Workbench::times() { return std::exchange(times_, {}); }

// Does nothing when these blocks are in the engine already.
void Workbench::load(ImageSet set, Range blocks, bool with_divergence) {
  if (blocks.count == 0 || (set == loaded_set_ && blocks == loaded_)) return;
  const std::vector<std::int64_t>& all = images_of(problem_, set);
  const std::int64_t block = problem_.engine.block;
  const auto first = static_cast<std::size_t>(blocks.first * block);
  const std::size_t count = std::min(static_cast<std::size_t>(blocks.count * block), all.size() - first);
  const ImageSource& source = source_of(problem_, set);
  loaded_ = {};  // whatever happens below, the old images no longer count
  // Not a DeviceCall: how long it takes depends on how many images there are, and on the disk.
  engine_->load(
      {source.read(std::span(all).subspan(first, count)), source.info().normalisation, block, with_divergence});
  loaded_set_ = set;
  loaded_ = blocks;
}

// The last one delivered is remembered: the best is scored on two sets of images, and its choices are asked for.
NetworkFormat Workbench::formats_of(const Genome& genome, bool delivered) {
  if (delivered && delivered_ && delivered_->first == genome) return delivered_->second;
  NetworkFormat formats = decoder_(genome);
  complete({&formats, 1}, delivered);
  if (delivered) delivered_.emplace(genome, formats);
  return formats;
}

// What the genes do not say: assignment and matching. delivered: see choices().
void Workbench::complete(std::span<NetworkFormat> formats, bool delivered) {
  const Format& format = problem_.format;
  assigner_(formats);
  const bool matched = format.matching == Matching::always || (format.matching == Matching::end && delivered);
  if (!matched && format.assignment != Assignment::sequential) return;
  for (NetworkFormat& network : formats) {
    // Sequential assignment is the host's work, whatever the engine.
    const DeviceCall call(format.assignment == Assignment::sequential ? DeviceCall::Kind::host
                                                                      : kind_of(*engine_, DeviceCall::Kind::pass));
    network = engine_->match(network, matched);
  }
}

// Every worker keeps all of these images and does a whole pass over them, so that what is found does not depend on the
// number of ranks.
void Workbench::calibrate() {
  const Format& format = problem_.format;
  const bool sequential = format.assignment == Assignment::sequential;
  if ((format.matching == Matching::never && !sequential) || !problem_.given.empty()) return;
  const std::vector<std::int64_t>& all = problem_.split.search;
  const std::size_t count = std::min(all.size(), static_cast<std::size_t>(format.matching_images));
  std::vector<std::int64_t> chosen;
  for (std::size_t i = 0; i < count; ++i) chosen.push_back(all[i * all.size() / count]);
  std::shared_ptr<LayerAssigner> assigner;
  if (sequential) {
    assigner = std::make_shared<SequentialAssigner>(problem_.network, static_cast<std::int64_t>(count));
  }
  engine_->calibrate({problem_.search_source->read(chosen), problem_.search_source->info().normalisation,
                      problem_.engine.block, false},
                     std::move(assigner));
}

Choices Workbench::choices(const Genome& genome, bool finished) {
  const Stopwatch watch(times_.quantise);
  return choices_of(formats_of(genome, finished));
}

void Workbench::quantise(const Genome* genome) {
  const Stopwatch watch(times_.quantise);
  if (genome != nullptr) {
    engine_->quantise(formats_of(*genome, true));
  } else if (!problem_.given.empty()) {
    engine_->quantise(problem_.given);
  } else {
    engine_->restore();
  }
}

Workbench::Portion Workbench::start(std::int64_t first, std::int64_t blocks, int copy) {
  const Stopwatch watch(times_.inference);
  const Portion portion{first, std::min(portion_, blocks - first), std::chrono::steady_clock::now()};
  const DeviceCall call(kind_of(*engine_, DeviceCall::Kind::other));
  engine_->start(portion.first, portion.count, copy);
  return portion;
}

Tally Workbench::finish(Portion portion, std::int64_t blocks, int copy) {
  Tally sum;
  for (;;) {
    {
      const Stopwatch watch(times_.inference);
      const DeviceCall call(kind_of(*engine_, DeviceCall::Kind::tally));
      sum += engine_->finish(copy);
    }
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - portion.since;
    if (portion.count == portion_ && seconds.count() < kPortionSeconds / 2) portion_ *= 2;
    const std::int64_t next = portion.first + portion.count;
    if (next >= blocks || stop_requested()) return sum;
    portion = start(next, blocks, copy);
  }
}

// All blocks, by copy 0.
Tally Workbench::infer(std::int64_t blocks) {
  if (blocks == 0 || stop_requested()) return {};
  return finish(start(0, blocks, 0), blocks, 0);
}

void keep_whole(std::span<Tally> tallies, std::size_t images) {
  for (Tally& tally : tallies) {
    if (tally.seen != static_cast<std::int64_t>(images)) tally = {};
  }
}

Tally expect_whole(const Tally& tally, std::size_t images) {
  if (tally.seen != static_cast<std::int64_t>(images)) throw Stopped();
  return tally;
}

}  // namespace vbq
