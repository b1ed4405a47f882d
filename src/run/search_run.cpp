#include "run/search_run.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "core/clock.hpp"
#include "core/log.hpp"
#include "core/stop.hpp"
#include "evaluate/scorer.hpp"
#include "run/class_changes.hpp"
#include "run/deliver.hpp"
#include "run/ending.hpp"
#include "run/finalists.hpp"
#include "run/grid_seeds.hpp"
#include "run/history.hpp"
#include "run/kept_tallies.hpp"
#include "run/not_finite.hpp"
#include "run/objectives.hpp"
#include "run/same_run.hpp"
#include "run/search_view.hpp"
#include "run/sensitivity.hpp"
#include "run/space.hpp"
#include "search/fitness.hpp"
#include "vbq/size.hpp"

namespace vbq {
namespace {

using Clock = std::chrono::steady_clock;

// One run's loop and what it keeps between generations.
class Loop {
 public:
  Loop(const Setup& setup, Evaluator& evaluator, const ComputeInfo& compute, SearchSpace space, RunFolder& folder,
       Progress& progress)
      : setup_(setup),
        evaluator_(evaluator),
        folder_(folder),
        progress_(progress),
        workers_(compute.worker_places),
        view_(setup, evaluator, compute.worker_names, progress),
        kept_(setup, compute, folder.path()),
        scorer_(evaluator),
        search_(make_search(setup.job.search, std::move(space))),
        races_(races(setup, *search_, compute.engine.kind)) {
    scorer_.offer(kept_.load());
    complete_ = search_->state();
    state_.job = to_toml(setup.job);
    state_.network_hash = setup.network_hash;
    state_.data_hash = setup.data_hash;
    state_.engine = compute.identity;
  }

  void restore(RunState state) {
    search_->restore(state.search);
    scorer_.restore(state.cache, state.evaluations, state.images);
    scorer_.restore_raced(state.raced, images_of(setup_.problem, ImageSet::search).size());
    state.job = state_.job;  // the number of generations may have been raised
    state_ = std::move(state);
    complete_ = state_.search;
    view_.restore(state_);
  }

  // Until the search has ended or there is a wish to stop.
  void run() {
    folder_.write("job.toml", state_.job);
    folder_.begin_tables(history_header(setup_), state_.history, state_.timing);
    try {
      while (!ending() && !stop_requested()) {
        generation();
        if (due()) save();
      }
    } catch (const Stopped&) {  // in the middle of a generation: what was evaluated of it is in the cache
      unsaved_ = true;
    } catch (...) {
      save_if_possible();
      throw;
    }
    if (unsaved_) save();
  }

  // None while there is more to do.
  std::optional<Ending> ending() const { return ending_of(setup_.job, age(), state_.history); }

  // The network that is delivered; what it scores; what the network as trained scores.
  void finish(SearchResult& result) {
    const Genome& start = state_.start.genome;
    const bool gained = !start.chromosomes.empty() && start != result.best.genome;
    view_.phase("choosing what is delivered, and scoring it on the held-out images");
    Searched best = best_finalist(setup_, evaluator_, *search_, gained ? &start : nullptr);
    const ScoredNetwork searched = scored_now(std::move(best.network), best.validated.at(best.place));
    result.network = searched.network;
    result.quantised = searched.scores;
    if (gained) {
      std::vector<Tally> validated = validate(setup_, evaluator_, *best.begun);
      const ScoredNetwork begun = scored_now(*std::move(best.begun), std::move(validated));
      Beginning& beginning =
          result.beginning.emplace(Beginning{begun.scores, searched.scores, best.validated.size(), {}});
      if (!begun.validated.empty()) {
        beginning.gain = greatest_gain(begun.validated, best.validated, setup_.job.fitness);
      }
      beginning.delivered = beginning.gain && !beginning.gain->beyond_chance();
      if (beginning.delivered) {
        result.network = begun.network;
        result.quantised = beginning.start;
      }
    }
    score_as_trained(result);
  }

  // The same of all points of a front.
  void finish_front(SearchResult& result, const Starts& starts) {
    view_.phase("delivering the front");
    const Front& front = result.front.emplace(deliver_front(setup_, evaluator_, scorer_, *search_, starts, progress_));
    result.network = front.networks[front.knee].scored.network;
    result.quantised = front.networks[front.knee].scored.scores;
    score_as_trained(result);
  }

  const RunState& state() const { return state_; }
  std::int64_t from_others() const { return scorer_.from_others(); }
  std::optional<double> foresight() const { return search_->foresight(); }

 private:
  SearchAge age() const {
    const int generation = complete_.generation;
    return {generation, state_.seconds, generation == search_->state().generation && search_->finished()};
  }

  void score_as_trained(SearchResult& result) {
    result.as_trained = {evaluator_.as_trained(ImageSet::search), evaluator_.as_trained(ImageSet::held_out)};
  }

  ScoredNetwork scored_now(QuantisedNetwork network, std::vector<Tally> validated) {
    const Tally search = search_tally(evaluator_, scorer_, network);
    return scored(evaluator_, std::move(network), search, std::move(validated));
  }

  void generation() {
    const Clock::time_point start = Clock::now();
    const std::int64_t images_before = scorer_.images();
    const std::vector<Genome> asked = search_->ask();
    view_.begin(search_->state().generation + 1, asked.size());
    search_->tell(races_ ? race_generation(setup_, *search_, scorer_, asked)
                         : score_generation(setup_, scorer_, asked));
    const SearchState& state = search_->state();
    if (races_) scorer_.keep_raced(std::span(state.population).first(search_->survivors()));
    if (state.generation == 1 && !setup_.range) state_.start = state.best;
    const Tally best = search_score(state.best.genome);  // from the cache
    const double seconds = seconds_since(start);
    state_.seconds += seconds;
    state_.history.push_back(setup_.range ? front_history_line(state.generation, search_->front(),
                                                               searched_range(*setup_.range), scorer_.evaluations())
                                          : history_line(state, best, scorer_.evaluations()));
    state_.timing.push_back(
        timing_line(state.generation, seconds, scorer_.images() - images_before, evaluator_.times()));
    complete_ = state;
    ++generations_since_;
    unsaved_ = true;
    folder_.append(state_.history.back(), state_.timing.back(),
                   worker_lines(state.generation, seconds, view_.pace(), workers_));
    const double rate = static_cast<double>(scorer_.images() - images_before) / seconds;
    view_.end(
        {state, search_->front(), best, age(), state_.history, scorer_.evaluations(), rate, ending().has_value()});
  }

  // Through the cache.
  Tally search_score(const Genome& genome) { return scorer_.tallies(std::span(&genome, 1)).front().tally; }

  bool due() const {
    const CheckpointInterval& every = setup_.job.checkpoint;
    return every.seconds > 0 ? seconds_since(saved_) >= every.seconds : generations_since_ >= every.generations;
  }

  void save() {
    state_.search = complete_;
    state_.cache = scorer_.cache();
    state_.evaluations = scorer_.evaluations();
    state_.images = scorer_.images();
    state_.raced = scorer_.raced();
    folder_.save(state_);
    kept_.add(scorer_.scored());
    saved_ = Clock::now();
    generations_since_ = 0;
    unsaved_ = false;
  }

  // When something else is about to end the run, which is what is to be told.
  void save_if_possible() noexcept {
    try {
      progress_.end_line();
      if (unsaved_) save();
    } catch (const std::exception&) {
    }
  }

  const Setup& setup_;
  Evaluator& evaluator_;
  RunFolder& folder_;
  Progress& progress_;
  const std::vector<ComputingRank>& workers_;
  SearchView view_;
  KeptTallies kept_;
  Scorer scorer_;
  std::unique_ptr<SearchMethod> search_;
  bool races_;
  RunState state_;
  SearchState complete_;  // after the last generation that is whole, lines in the tables and all
  Clock::time_point saved_ = Clock::now();
  int generations_since_ = 0;
  bool unsaved_ = false;
};

// What each layer alone does, where the search's seeds depend on it: they are added to the space. Stopped as
// find_sensitivity().
std::optional<Sensitivity> start_from_layers(const Setup& setup, Evaluator& evaluator, const ComputeInfo& compute,
                                             RunFolder& folder, Progress& progress, SearchSpace& space) {
  const bool share = !space.choices.empty();  // out a budget
  const Choices choices = share ? space.choices : grid_choices(setup);
  if (choices.empty()) return std::nullopt;
  folder.write("job.toml", to_toml(setup.job));  // a run that is stopped in here is gone on with
  Sensitivity found = find_sensitivity(setup, choices, evaluator, compute, folder.path(), progress);
  share ? add_allocations(setup, found, space) : add_steps_by_harm(setup, found, space);
  return found;
}

// Of a front, what its points are held against.
Starts starts_of(const Setup& setup, const Choices& choices, const std::optional<Sensitivity>& sensitivity) {
  return [&](std::int64_t budget) -> std::vector<Genome> {
    if (!choices.empty()) return allocated_genomes(setup, choices, *sensitivity, budget);
    return {sensitivity ? steps_by_harm(setup, *sensitivity, budget) : equal_steps(setup, budget)};
  };
}

}  // namespace

SearchResult run_search(const Setup& setup, Evaluator& evaluator, const ComputeInfo& compute, RunFolder& folder,
                        Start start, Progress& progress) {
  std::optional<RunState> saved;
  if (start == Start::resume) {
    saved = folder.newest_checkpoint();
    if (saved) {
      check_same_run(*saved, setup, compute);
      log::info("going on from generation {} of {}", saved->search.generation, folder.path().string());
    } else {
      log::info("no checkpoint in {} yet: starting from the beginning", folder.path().string());
    }
  }
  SearchResult result;
  SearchSpace space = make_space(setup);
  const Choices choices = space.choices;
  std::optional<Sensitivity> sensitivity;
  try {
    sensitivity = start_from_layers(setup, evaluator, compute, folder, progress, space);
  } catch (const Stopped&) {
    progress.end_line();
    result.stopped = true;
    result.generations = saved ? saved->search.generation : 0;
    return result;
  }
  if (sensitivity) result.sensitivities = measured(*sensitivity);
  Loop loop(setup, evaluator, compute, std::move(space), folder, progress);
  if (saved) loop.restore(*std::move(saved));
  loop.run();
  const RunState& state = loop.state();
  result.ending = loop.ending();
  result.stopped = !result.ending;
  result.generations = state.search.generation;
  if (result.stopped) return result;
  result.best = state.search.best;
  result.foresight = loop.foresight();
  result.evaluations = state.evaluations;
  result.images = state.images;
  result.from_cache = loop.from_others();
  result.seconds = state.seconds;
  try {
    if (setup.range) {
      loop.finish_front(result, starts_of(setup, choices, sensitivity));
    } else {
      loop.finish(result);
    }
    result.classes = held_out_classes(setup, evaluator, result.network);
    warn_of_not_finite(evaluator, ImageSet::held_out, result.as_trained.held_out);
  } catch (const Stopped&) {
    result.stopped = true;
  }
  return result;
}

}  // namespace vbq
