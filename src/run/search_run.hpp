// The search itself, on the master: ask, evaluate, tell, write down, checkpoint; then the held-out images, once.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "evaluate/evaluator.hpp"
#include "report/progress.hpp"
#include "run/ending.hpp"
#include "run/front.hpp"
#include "run/paired_gain.hpp"
#include "run/run_folder.hpp"
#include "run/scores.hpp"
#include "run/setup.hpp"
#include "run/worker_times.hpp"
#include "search/search.hpp"

namespace vbq {

// Who computes, for summary.json and for the check at a resume.
struct ComputeInfo {
  EngineInfo engine;     // of the workers; the same on all
  std::string identity;  // engine in one line, as checkpoints record it
  Kernels kernels;       // that the engines run in, where there is a choice
  int ranks = 1, workers = 1;
  std::vector<std::string> worker_names;     // for the screen: where each is, and on what device
  std::vector<ComputingRank> worker_places;  // the same for workers.csv
};

// The network that the search began with (the best of its first generation) beside the best that it has found.
struct Beginning {
  Scores start, searched;
  std::size_t finalists = 1;  // of the search's best, that `searched` was chosen among
  // Of the searched one over the start, on validation images; p is for all finalists together.
  std::optional<PairedGain> gain;
  bool delivered = false;  // the start, since the gain on validation images may be chance
};

struct SearchResult {
  bool stopped = false;  // as asked, after a checkpoint; all but generations is empty then
  std::optional<Ending> ending;
  Scores as_trained, quantised;
  std::optional<Beginning> beginning;  // none where the first generation had the best, or is not known
  Individual best;
  QuantisedNetwork network;         // that is delivered; of a front: its knee
  std::optional<Front> front;       // of a job that asks for one
  std::string classes;              // classes.csv
  std::optional<double> foresight;  // see SearchMethod::foresight()
  int generations = 0;
  std::int64_t from_cache = 0;  // of the evaluations of this start: known from run.cache
  std::int64_t evaluations = 0,
               images = 0;         // networks really run over the search images; images inferred by the search
  double seconds = 0;              // of the search, over all starts
  std::int64_t sensitivities = 0;  // networks in which one layer alone was quantised, to share a budget out, or steps
};

// Runs, or goes on with, the search in `folder`. Under Start::resume, with a checkpoint there, continues it; Error when
// that is of another job, network, data or engine, naming the difference. Whatever else ends it, a lost rank too, the
// generations that are finished are in a checkpoint, unless that cannot be written.
SearchResult run_search(const Setup& setup, Evaluator& evaluator, const ComputeInfo& compute, RunFolder& folder,
                        Start start, Progress& progress);

}  // namespace vbq
