// Evaluator: genomes in, tallies out; in this process or over the cluster.
#pragma once

#include <span>
#include <vector>

#include "vbq/engine.hpp"
#include "vbq/format.hpp"
#include "vbq/genome.hpp"
#include "vbq/tally.hpp"

namespace vbq {

enum class ImageSet { search, held_out };

// What workers report of a call, for timing.csv only: it never touches results.
struct EvaluatorTimes {
  double quantise = 0, inference = 0, communication = 0;  // seconds, mean over workers
};

// Two implementations: LocalEvaluator (evaluate), ClusterEvaluator (cluster). Both give the same tallies.
class Evaluator {
 public:
  virtual ~Evaluator() = default;
  // Of each genome's quantised network.
  virtual std::vector<Fingerprint> fingerprints(std::span<const Genome> genomes) = 0;
  // Of each genome over all images of the search set. After a wish to stop (core/stop.hpp) those that were not finished
  // are empty: they have seen no image.
  virtual std::vector<Tally> tallies(std::span<const Genome> genomes) = 0;
  // Of one network over a whole set: quantised by the genome, or as trained when it is nullptr. Stopped (core/stop.hpp)
  // when a wish to stop came first.
  virtual Tally score(ImageSet set, const Genome* genome) = 0;
  // Images of a whole set for which the network as trained gives an output that is not finite: a pass of its own.
  virtual std::int64_t not_finite(ImageSet set) = 0;
  // What assignment and matching find for one genome's network as it is delivered.
  virtual Choices choices(const Genome& genome) = 0;
  // Since the last call.
  virtual EvaluatorTimes times() = 0;
};

}  // namespace vbq
