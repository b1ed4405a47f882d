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

// Of what the genes say alone.
Fingerprint fingerprint_of(const NetworkFormat& formats) {
  Hasher hasher;
  for (const LayerFormat& layer : formats) hash_genes(hasher, layer);
  return hasher.digest();
}

}  // namespace

Workbench::Workbench(Problem problem, Post post)
    : problem_(validated(std::move(problem))),
      post_(post),
      cut_(cut_matrix(post.count, problem_.population, block_count(problem_, ImageSet::search))),
      engine_(make_engine(problem_.network, problem_.engine)),
      decoder_(problem_.network, problem_.format),
      assigner_(problem_.network, problem_.calibration) {
  load(ImageSet::search, block_range(cut_, post_.index));
  calibrate();
}

void Workbench::tallies(std::span<const Genome> genomes, std::span<std::optional<Choices>> made,
                        std::span<Tally> cells) {
  const Range mine = genome_range(cut_, post_.index, static_cast<std::int64_t>(genomes.size()));
  const Range blocks = block_range(cut_, post_.index);
  if (mine.count == 0 || blocks.count == 0) return;
  load(ImageSet::search, blocks);
  for (std::int64_t i = mine.first; i < mine.end(); ++i) {
    if (stop_requested()) return;
    const auto g = static_cast<std::size_t>(i);
    if (!made.empty() && !made[g]) continue;
    {
      const Stopwatch watch(times_.quantise);
      NetworkFormat formats = made.empty() ? formats_of(genomes[g], false) : decoder_(genomes[g]);
      if (!made.empty()) choose(formats, std::move(*made[g]));
      const DeviceCall call(DeviceCall::Kind::other);
      engine_->quantise(formats);
    }
    cells[g] += infer(blocks.count);
  }
}

void Workbench::fingerprints(std::span<const Genome> genomes, std::span<Fingerprint> slots) {
  const Stopwatch watch(times_.quantise);
  for (auto g = static_cast<std::size_t>(post_.index); g < genomes.size(); g += static_cast<std::size_t>(post_.count)) {
    NetworkFormat formats = decoder_(genomes[g]);
    if (problem_.format.assignment == Assignment::sequential) {  // its indices are a matter of inference
      slots[g] = fingerprint_of(formats);
    } else {
      assigner_(formats);
      slots[g] = engine_->fingerprint(formats);
    }
  }
}

Tally Workbench::score(ImageSet set, const Genome* genome) {
  Tally sum;
  if (set == ImageSet::search) {  // a matrix of one row, on the blocks that are here anyway
    const Range blocks = block_range(cut_, post_.index);
    if (genome_range(cut_, post_.index, 1).count == 0 || blocks.count == 0) return sum;
    load(set, blocks);
    quantise(genome);
    return infer(blocks.count);
  }
  const Range share = part_of(block_count(problem_, set), post_.count, post_.index);
  const std::int64_t piece = blocks_in_piece(source_of(problem_, set).info(), problem_.engine.block);
  if (share.count != 0) quantise(genome);
  for (std::int64_t first = share.first; first < share.end() && !stop_requested(); first += piece) {
    const Range blocks{first, std::min(piece, share.end() - first)};
    load(set, blocks);
    sum += infer(blocks.count);
  }
  return sum;
}

EvaluatorTimes Workbench::times() { return std::exchange(times_, {}); }

// Does nothing when these blocks are in the engine already.
void Workbench::load(ImageSet set, Range blocks) {
  if (blocks.count == 0 || (set == loaded_set_ && blocks == loaded_)) return;
  const std::vector<std::int64_t>& all = images_of(problem_, set);
  const std::int64_t block = problem_.engine.block;
  const auto first = static_cast<std::size_t>(blocks.first * block);
  const std::size_t count = std::min(static_cast<std::size_t>(blocks.count * block), all.size() - first);
  const ImageSource& source = source_of(problem_, set);
  loaded_ = {};  // whatever happens below, the old images no longer count
  // Not a DeviceCall: how long it takes depends on how many images there are, and on the disk.
  engine_->load({source.read(std::span(all).subspan(first, count)), source.info().normalisation, block,
                 problem_.with_divergence});
  loaded_set_ = set;
  loaded_ = blocks;
}

NetworkFormat Workbench::formats_of(const Genome& genome, bool finished) {
  const Format& format = problem_.format;
  NetworkFormat formats = decoder_(genome);
  assigner_(formats);
  const bool matched = format.matching == Matching::always || (format.matching == Matching::end && finished);
  if (!matched && format.assignment != Assignment::sequential) return formats;
  const DeviceCall call(DeviceCall::Kind::pass);
  return engine_->match(formats, matched);
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

Tally Workbench::infer(std::int64_t blocks) {
  const Stopwatch watch(times_.inference);
  Tally sum;
  for (std::int64_t first = 0; first < blocks && !stop_requested();) {
    const std::int64_t count = std::min(portion_, blocks - first);
    double seconds = 0;
    {
      const Stopwatch portion(seconds);
      const DeviceCall call(DeviceCall::Kind::tally);
      sum += engine_->tally(first, count);
    }
    first += count;
    if (count == portion_ && seconds < kPortionSeconds / 2) portion_ *= 2;
  }
  return sum;
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
