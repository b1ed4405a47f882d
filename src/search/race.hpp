// Race: which newborns of a generation cannot be among its survivors any more, by a portion of the images alone.
//
// Candidates are run over growing portions of the images, in an order that was drawn before anything was known of them,
// all over the same ones. After each portion, of what a candidate would come to on all images an interval is told:
// Student's, of the differences of each image's harm from the mean harm of the survivors of generations before, whose
// harm on all images is known; with the correction for samples of a finite set. Whoever has as many certainly better
// ones before it as survive is dropped. The intervals hold all together but for the chance that the user sets
// (Bonferroni over candidates, portions and both ends), and while they do, nobody is dropped wrongly.
//
// Races of models: Maron and Moore, Hoeffding races, NIPS 6 (1994). Integers in, and sums of doubles in a fixed order,
// so that what is dropped does not depend on who ran what.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "search/fitness.hpp"
#include "vbq/tally.hpp"

namespace vbq {

// Of a network: harm of each image in the order of the race, what Fitness counts less of: 1 / kLossUnit nats (or
// squares), or 1 for an image that is wrong.
using ImageHarms = std::vector<std::int64_t>;

// The fitness of a network whose images have so much harm on average, in harm_of()'s unit. See fitness().
double fitness_of_harm(double harm, Fitness kind);

struct RaceRules {
  double bound = 0;           // the chance that any true survivor of a generation is dropped, at most; above 0
  std::size_t survivors = 1;  // of a generation: that many of survivors and newborns are kept
  std::int64_t images = 1;    // of the whole
  std::int64_t block = 1;     // images that are always run together
  Fitness fitness = Fitness::divergence;
};

class Race {
 public:
  // kept: of the survivors of generations before, all images each; none: nobody is dropped. Error (internal) where one
  // has another number of images.
  Race(const RaceRules& rules, const std::vector<ImageHarms>& kept);

  // So many candidates, of whom nothing is known yet.
  void begin(std::size_t candidates);
  // Blocks that candidates are to be run over before the next look.
  std::int64_t portion() const { return looks_[look_]; }
  bool whole() const { return look_ + 1 == looks_.size(); }
  // What became of the images of blocks from `block` on.
  void add(std::size_t candidate, std::int64_t block, std::span<const Tally> images);
  // When all that run have been run over the portion: those that are dropped now, ascending. The next portion is
  // larger, until it is the whole.
  std::vector<std::size_t> look();

  // Of a candidate that was dropped: the harm an image that the whole would show, by what was seen.
  std::optional<double> foretold(std::size_t candidate) const { return candidates_[candidate].foretold; }
  // Of one that was run over the whole; others: empty.
  ImageHarms harms(std::size_t candidate) const;

 private:
  struct Candidate {
    ImageHarms harms;       // of all images, where any was run
    std::int64_t seen = 0;  // images
    std::optional<double> foretold;
  };
  // Of the harm on all images.
  struct Interval {
    std::size_t candidate;
    double middle, half;
  };
  std::vector<Interval> intervals(std::int64_t images) const;

  RaceRules rules_;
  std::vector<double> control_;      // [images]: mean harm of the kept
  double control_sum_ = 0;           // of it
  std::vector<double> kept_;         // harm of each of them on all images
  std::vector<std::int64_t> looks_;  // portions in blocks, ascending; the last is the whole
  std::size_t look_ = 0;
  std::vector<Candidate> candidates_;
};

}  // namespace vbq
