// Evaluator: genomes in, tallies out; in this process or over the cluster.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "evaluate/detail.hpp"
#include "search/race.hpp"
#include "vbq/format.hpp"
#include "vbq/genome.hpp"
#include "vbq/quantised_network.hpp"
#include "vbq/tally.hpp"

namespace vbq {

// validation: of the search's dataset and changed as its images are (augmentation, temperature), but leads nothing.
enum class ImageSet { search, held_out, validation };

// What came of one genome: its network's id and its tally over the search images. A wish to stop (core/stop.hpp) may
// leave both empty, or the tally alone: it has seen no image then.
struct Evaluated {
  NetworkId network{};
  Tally tally;
  std::int64_t bits = 0;  // that its weights take, see coded_bits()
  // Of one that a race has dropped: see Race::foretold(). Its tally is that of the images that were run.
  std::optional<double> foretold = {};
  bool operator==(const Evaluated&) const = default;
};

// What workers report of a call, for timing.csv only: it never touches results.
struct EvaluatorTimes {
  double quantise = 0, inference = 0, communication = 0;  // seconds, mean over workers
};

// A task that a worker has done.
struct TaskDone {
  std::size_t worker = 0;   // from 0
  double seconds = 0;       // that it took there
  std::int64_t made = 0;    // networks that were made
  std::int64_t images = 0;  // that were run
};

// Different formats and searches often end in the same network, and each is scored over the held-out images, block by
// block, and for its classes: an evaluator remembers what it said of so many networks, one set of images each, at a few
// hundred kB for the largest sets (classes of search images only where they were asked for).
inline constexpr std::size_t kRememberedAnswers = 64;

// Two implementations: LocalEvaluator (evaluate), ClusterEvaluator (cluster). Both give the same answers.
class Evaluator {
 public:
  // The tally of a network that was run before, or nullptr.
  using Known = std::function<const Tally*(const NetworkId&)>;

  virtual ~Evaluator() = default;
  // From now on genomes are of this format, of the same network and images. Engine, images, and the FP32 network's
  // outputs stay; all answers are those of a fresh evaluator. Error as for a fresh one; genomes are refused then until
  // a format is taken.
  virtual void use(const Format& format) = 0;
  // Makes each genome's network, once, on one worker; those that are not known are run over the search images, equal
  // ones once.
  virtual std::vector<Evaluated> evaluate(std::span<const Genome> genomes, const Known& known) = 0;
  // The same as a race's candidates, in the race's order of images (Problem::races). After a wish to stop the race
  // tells nothing.
  virtual std::vector<Evaluated> race(std::span<const Genome> genomes, const Known& known, Race& race) = 0;
  // Of one network over a whole set; a network that was run over it lately is not run again, and where the engine tells
  // images apart one run answers this and the next three. Stopped (core/stop.hpp) when a wish to stop came first.
  Tally score(ImageSet set, const QuantisedNetwork& network);
  // The same block by block, in the set's order. Running a set so takes longer on engines that do not tell blocks apart
  // (tells_images(), vbq/engine.hpp): they get one at a time.
  std::vector<Tally> score_blocks(ImageSet set, const QuantisedNetwork& network);
  // From now on score() runs images that lead no search block by block, since blocks will be asked for, too.
  void keep_blocks() { keeps_blocks_ = true; }
  // The same of the network as trained, which is run over a set once.
  Tally as_trained(ImageSet set);
  bool knows_as_trained(ImageSet set) const { return as_trained_[static_cast<std::size_t>(set)].has_value(); }
  // The class that a network takes each image of a set for, in the set's order: that of its largest output, of equal
  // ones the lowest; kNoLabel (vbq/label.hpp) where an output is not finite. Stopped as score().
  std::vector<std::int32_t> classify(ImageSet set, const QuantisedNetwork& network);
  // The same of the network as trained, which is asked once.
  const std::vector<std::int32_t>& classify_as_trained(ImageSet set);
  // The genomes' networks as they are delivered, which makes a difference where matching is left to the end; shared out
  // over the workers. Stopped where a wish to stop comes before the last of them is begun.
  virtual std::vector<QuantisedNetwork> networks(std::span<const Genome> genomes) = 0;
  QuantisedNetwork network(const Genome& genome) { return networks({&genome, 1}).front(); }
  // How many of them are made side by side.
  virtual std::size_t makers() const { return 1; }
  // Images of a whole set for which the network as trained gives an output that is not finite: a pass of its own where
  // the engine does not tell images apart.
  std::int64_t not_finite(ImageSet set);
  // Since the last call.
  virtual EvaluatorTimes times() = 0;
  // What is to be told of workers that were lost, where the others went on.
  virtual std::vector<std::string> losses() const { return {}; }
  // From now on `told` hears of each task of a call when it is done, on the calling thread; empty: nobody. For the
  // screen only: it never touches results.
  void watch(std::function<void(const TaskDone&)> told) { told_ = std::move(told); }

 protected:
  // What score(), score_blocks() and classify() run where they do not know the answer: the whole set. Stopped where a
  // wish to stop came first.
  virtual Outcome run(ImageSet set, const QuantisedNetwork& network, Detail detail) = 0;
  // Whether run() takes Detail::all: tells_images() (vbq/engine.hpp) of the engine's kind.
  virtual bool tells_all() const { return false; }
  virtual std::int64_t run_not_finite(ImageSet set) = 0;
  void tell(const TaskDone& done) const {
    if (told_) told_(done);
  }

 private:
  // What is known of a network over a set; empty: nothing.
  struct Answers {
    ImageSet set;
    NetworkId network;
    std::optional<Tally> sum;
    std::vector<Tally> blocks;
    std::vector<std::int32_t> classes;
  };
  Answers& answers(ImageSet set, const QuantisedNetwork& network);
  // Runs the set for that, and keeps what else it told.
  void find_out(ImageSet set, const QuantisedNetwork& network, Detail detail, Answers& known);

  std::function<void(const TaskDone&)> told_;
  std::list<Answers> answers_;  // the latest first
  bool keeps_blocks_ = false;
  std::array<std::optional<Tally>, 3> as_trained_;
  std::array<std::vector<std::int32_t>, 3> classes_as_trained_;
};

}  // namespace vbq
