// Workbench: what one worker holds (engine, decoder, its shard of the images) and does (its rectangle of the matrix).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "evaluate/matrix.hpp"
#include "evaluate/problem.hpp"
#include "quant/compensated.hpp"

namespace vbq {

// Worker `index` of `count`.
struct Post {
  std::int64_t index = 0, count = 1;
};

class Workbench {
 public:
  using MakeEngine = std::function<std::unique_ptr<Engine>(const Network&, const EngineOptions&)>;

  // Makes the engine and loads this worker's search images; an idle worker loads none. Error when anything of the
  // problem does not fit.
  Workbench(Problem problem, Post post, const MakeEngine& make = make_engine);

  // Adds this worker's rectangle: cells[g] += tally of genome g over its blocks, for the genomes that are its own.
  // cells: [genomes]. made: [genomes], their choices, taken from there (a genome without is left out); or empty: they
  // are made here. A wish to stop (core/stop.hpp) ends it early: then cells lack images, as their `seen` tells.
  void tallies(std::span<const Genome> genomes, std::span<std::optional<Choices>> made, std::span<Tally> cells);

  // Fills slots[g] for the genomes that are its own, dealt round robin: g % count == index. slots: [genomes].
  void fingerprints(std::span<const Genome> genomes, std::span<Fingerprint> slots);

  // This worker's share of a whole set, quantised by the genome, or as trained when it is nullptr. Shares of all
  // workers add up to the set. Held-out images are loaded only for the call. A wish to stop ends it early.
  Tally score(ImageSet set, const Genome* genome);

  // Images of this worker's share of a set for which the network as trained gives an output that is not finite.
  std::int64_t not_finite(ImageSet set);

  // What assignment and matching find for the genome's network; finished: as it is delivered, which makes a difference
  // where matching is left to the end.
  Choices choices(const Genome& genome, bool finished);

  const EngineInfo& info() const { return engine_->info(); }
  const Problem& problem() const { return problem_; }

  // Seconds since the last call; for timing only.
  EvaluatorTimes times();

 private:
  // Blocks that a copy of the engine has been given.
  struct Portion {
    std::int64_t first, count;
    std::chrono::steady_clock::time_point since;
  };

  void load(ImageSet set, Range blocks, bool with_divergence);
  void load(ImageSet set, Range blocks) { load(set, blocks, problem_.with_divergence); }
  // This worker's share of a set, cut into what an engine takes at a time.
  std::vector<Range> pieces_of(ImageSet set) const;
  NetworkFormat formats_of(const Genome& genome, bool delivered);
  std::vector<NetworkFormat> formats_of(std::span<const Genome> genomes, std::span<const std::size_t> some,
                                        std::span<std::optional<Choices>> made);
  void complete(std::span<NetworkFormat> formats, bool delivered);
  void quantise(const Genome* genome);  // as delivered
  void calibrate();
  // The portion that begins at block `first` of `blocks`; then it and all that come after, unless there is a wish to
  // stop.
  Portion start(std::int64_t first, std::int64_t blocks, int copy);
  Tally finish(Portion portion, std::int64_t blocks, int copy);
  Tally infer(std::int64_t blocks);

  Problem problem_;
  Post post_;
  Cut cut_;
  std::unique_ptr<Engine> engine_;
  Decoder decoder_;
  Assigner assigner_;
  ImageSet loaded_set_ = ImageSet::search;
  Range loaded_;  // blocks that the engine holds
  std::optional<std::pair<Genome, NetworkFormat>> delivered_;
  EvaluatorTimes times_;
  std::int64_t portion_ = 1;  // blocks that the engine gets at a time
  std::size_t at_once_ = 1;   // genomes that are assigned together
};

// What is asked for under a wish to stop may be there in part: those tallies are emptied. images: of a whole one.
void keep_whole(std::span<Tally> tallies, std::size_t images);
// Stopped, if the tally is such a part.
Tally expect_whole(const Tally& tally, std::size_t images);

}  // namespace vbq
