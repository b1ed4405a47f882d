#include "run/search_view.hpp"

#include <algorithm>
#include <cmath>

#include "core/log.hpp"
#include "run/announce.hpp"
#include "run/history.hpp"
#include "run/scores.hpp"
#include "run/space.hpp"
#include "search/fitness.hpp"
#include "search/front.hpp"
#include "vbq/size.hpp"

namespace vbq {
namespace {

// How long a first generation lasts before a line tells what its first networks say of the time: shorter ones tell by
// their own line.
constexpr double kLongGeneration = 5;

bool harm_is_shown(const Job& job) { return job.fitness != Fitness::top1 && !job.budget; }

std::string name_of_fitness(const Job& job) {
  if (job.front) return "hypervolume";
  return job.budget ? "fitness" : fitness_name(job.fitness);
}

std::int64_t search_images(const Setup& setup) { return std::ssize(images_of(setup.problem, ImageSet::search)); }

}  // namespace

SearchView::SearchView(const Setup& setup, Evaluator& evaluator, const std::vector<std::string>& workers,
                       Progress& progress)
    : setup_(setup),
      evaluator_(evaluator),
      progress_(progress),
      all_(workers.size(), search_images(setup)),
      generation_(workers.size(), search_images(setup)) {
  const Job& job = setup.job;
  state_.title = job.network.filename().string() + ": " + format_text(job);
  state_.generations = job.seconds > 0 ? 0 : job.generations;
  state_.fitness_name = name_of_fitness(job);
  state_.share_name = share_name(labels_of(setup.problem, ImageSet::search));
  state_.images = images_text(setup.problem);
  for (const std::string& name : workers) state_.workers.push_back({name, 0});
  if (setup.range) state_.share_name.clear();
  evaluator_.watch([this](const TaskDone& done) { told(done); });
}

void SearchView::restore(const RunState& before) {
  before_ = before.seconds;
  state_.evaluations = before.evaluations;
  for (const std::string& line : before.history) take_history(line);
  set_left({before.search.generation, before.seconds, false}, before.history);
}

void SearchView::begin(int generation, std::size_t networks) {
  state_.phase.clear();
  state_.generation = generation;
  state_.networks = static_cast<std::int64_t>(networks);
  generation_ = Pace(state_.workers.size(), search_images(setup_));
  begun_ = Clock::now();
  progress_.draw([&] { return picture(); });
}

void SearchView::end(const GenerationDone& done) {
  const Job& job = setup_.job;
  watched_ += since();
  before_ = done.age.seconds;
  begun_.reset();
  take_history(done.history.back());
  set_left(done.age, done.history);
  state_.evaluations = done.evaluations;
  std::string found;
  if (setup_.range) {
    state_.front_bits.clear();
    state_.front_fitness.clear();
    const auto weights = static_cast<double>(weight_count(setup_.problem.network));
    for (const Individual& one : done.front) {
      state_.front_bits.push_back(static_cast<double>(one.bits) / weights);
      state_.front_fitness.push_back(one.fitness);
    }
    found = fmt::format("{} networks on the front, hypervolume {:.5g}", done.front.size(),
                        hypervolume(done.front, searched_range(*setup_.range)));
  } else {
    state_.share = {done.best.top1, done.best.seen};
    const std::string harm =
        fmt::format("{} {:.5g}", fitness_name(job.fitness), std::fabs(fitness(done.best, job.fitness)));
    state_.detail = job.budget ? harm : "";
    found = fmt::format("{} {:.2f} %  {}", state_.share_name, percent(done.best.top1, done.best.seen), harm);
  }
  if (progress_.has_screen()) {
    progress_.draw([&] { return picture(); }, done.last ? Progress::When::now : Progress::When::now_and_then);
    return;
  }
  progress_.show(
      fmt::format("generation {}{}  {}  {} images/s  {} left", done.state.generation,
                  job.seconds > 0 ? "" : fmt::format("/{}", job.generations), found,
                  thousands(static_cast<long long>(done.images_a_second)), duration_text(seconds_left(job, done.age))),
      done.last || done.state.generation == 1 ? Progress::When::now : Progress::When::now_and_then);
}

void SearchView::phase(const std::string& text) {
  begun_.reset();
  state_.phase = text;
  progress_.draw([&] { return picture(); }, Progress::When::now);
}

void SearchView::told(const TaskDone& done) {
  if (!begun_) return;
  all_.add(done);
  generation_.add(done);
  if (progress_.has_screen()) {
    progress_.draw([&] { return picture(); });
    return;
  }
  if (estimated_ || watched_ > 0 || since() < kLongGeneration) return;
  if (const std::optional<double> seconds = first_estimate()) {
    estimated_ = true;
    log::info("time      about {} of search, by its first {} networks", duration_text(*seconds), all_.run());
  }
}

void SearchView::take_history(const std::string& line) {
  const std::vector<double> numbers = history_numbers(line);
  const double sign = harm_is_shown(setup_.job) ? -1 : 1;
  state_.best.push_back(sign * numbers.at(2));
  if (!setup_.range) state_.median.push_back(sign * numbers.at(3));
}

void SearchView::set_left(const SearchAge& age, const std::vector<std::string>& history) {
  if (age.generation == 0) return;
  state_.seconds_left = seconds_left(setup_.job, age);
  if (setup_.job.patience == 0) return;
  const int generations = std::max(0, setup_.job.patience - generations_without_gain(history));
  state_.seconds_without_gain = generations * age.seconds / age.generation;
}

// Of what moves on between tasks nothing is shown that would make a still picture change.
ScreenState SearchView::picture() const {
  ScreenState now = state_;
  const double seconds = watched_ + since();
  now.made = generation_.made();
  now.run = generation_.run();
  now.seconds = before_ + since();
  if (seconds > 0) now.images_a_second = static_cast<double>(all_.images()) / seconds;
  for (std::size_t w = 0; w < now.workers.size(); ++w) now.workers[w].busy = all_.busy(w, seconds);
  if (!now.seconds_left) now.seconds_left = first_estimate();
  for (std::optional<double>* left : {&now.seconds_left, &now.seconds_without_gain}) {
    if (*left) *left = std::max(0.0, **left - since());
  }
  if (setup_.range == std::nullopt && evaluator_.knows_as_trained(ImageSet::search)) {
    const Tally trained = evaluator_.as_trained(ImageSet::search);
    now.as_trained = {trained.top1, trained.seen};
  }
  if (!now.phase.empty()) now.seconds_left = now.seconds_without_gain = std::nullopt;
  return now;
}

double SearchView::since() const {
  return begun_ ? std::chrono::duration<double>(Clock::now() - *begun_).count() : 0.0;
}

// Of the whole search, while its first generation runs.
std::optional<double> SearchView::first_estimate() const {
  const std::optional<double> one = all_.seconds_a_network(watched_ + since());
  if (!one) return std::nullopt;
  const Job& job = setup_.job;
  const double whole = *one * static_cast<double>(networks_planned(job));
  return job.seconds > 0 ? std::min(whole, job.seconds) : whole;
}

}  // namespace vbq
