// A search as it is watched: what it has come to and how long it will take, for the screen or as a line a generation.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "evaluate/evaluator.hpp"
#include "report/progress.hpp"
#include "run/ending.hpp"
#include "run/pace.hpp"
#include "run/setup.hpp"
#include "search/run_state.hpp"
#include "search/search.hpp"

namespace vbq {

// A generation that is done.
struct GenerationDone {
  const SearchState& state;
  std::span<const Individual> front;  // of a search for one
  const Tally& best;                  // of the best individual, on the search's images
  SearchAge age;
  const std::vector<std::string>& history;  // with this generation's line
  std::int64_t evaluations = 0;             // networks run so far
  double images_a_second = 0;
  bool last = false;
};

class SearchView {
 public:
  // workers: a name each. Evaluator and progress stay the caller's.
  SearchView(const Setup& setup, Evaluator& evaluator, const std::vector<std::string>& workers, Progress& progress);
  ~SearchView() { evaluator_.watch({}); }
  SearchView(const SearchView&) = delete;
  SearchView& operator=(const SearchView&) = delete;

  // Generations that were done before.
  void restore(const RunState& before);
  // One begins, with so many networks asked for.
  void begin(int generation, std::size_t networks);
  void end(const GenerationDone& done);
  // Of the generation under way, or the last one.
  const Pace& pace() const { return generation_; }
  // Something that is no generation.
  void phase(const std::string& text);

 private:
  using Clock = std::chrono::steady_clock;

  void told(const TaskDone& done);
  void take_history(const std::string& line);
  void set_left(const SearchAge& age, const std::vector<std::string>& history);
  ScreenState picture() const;
  double since() const;  // seconds of the generation under way
  std::optional<double> first_estimate() const;

  const Setup& setup_;
  Evaluator& evaluator_;
  Progress& progress_;
  ScreenState state_;  // but for what the moment decides
  Pace all_, generation_;
  double before_ = 0, watched_ = 0;  // seconds of the generations that are done: all, and those watched
  std::optional<Clock::time_point> begun_;
  bool estimated_ = false;
};

}  // namespace vbq
