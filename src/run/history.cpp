#include "run/history.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "core/check.hpp"
#include "run/scores.hpp"
#include "search/front.hpp"

namespace vbq {

double diversity(const SearchState& state) {
  double sum = 0;
  std::size_t genes = 0;
  for (std::size_t c = 0; c < state.best.genome.chromosomes.size(); ++c) {
    const Chromosome& best = state.best.genome.chromosomes[c];
    std::vector<const Chromosome*> alike;  // those with as many genes: others have none in common
    for (const Individual& one : state.population) {
      if (one.genome.chromosomes[c].size() == best.size()) alike.push_back(&one.genome.chromosomes[c]);
    }
    const auto count = static_cast<double>(alike.size());
    const auto [low, high] = std::minmax_element(best.begin(), best.end());
    for (std::size_t g = 0; g < best.size(); ++g) {
      double mean = 0, squares = 0;
      for (const Chromosome* one : alike) mean += (*one)[g] / count;
      for (const Chromosome* one : alike) {
        const double d = (*one)[g] - mean;
        squares += d * d / count;
      }
      if (*high > *low) sum += std::sqrt(squares) / (*high - *low);
      ++genes;
    }
  }
  return genes == 0 ? 0 : sum / static_cast<double>(genes);
}

std::string history_line(const SearchState& state, const Tally& best, std::int64_t evaluations) {
  std::vector<double> fitness;
  for (const Individual& one : state.population) fitness.push_back(one.fitness);
  std::sort(fitness.begin(), fitness.end());
  const double median = fitness.empty() ? state.best.fitness : fitness[fitness.size() / 2];
  const double worst = fitness.empty() ? state.best.fitness : fitness.front();
  const double top1 = best.seen == 0 ? 0 : 100.0 * static_cast<double>(best.top1) / static_cast<double>(best.seen);
  return fmt::format("{},{},{:.9g},{:.9g},{:.9g},{:.4f},{:.6g}", state.generation, evaluations, state.best.fitness,
                     median, worst, top1, diversity(state));
}

std::string front_history_line(int generation, std::span<const Individual> front, const BitRange& range,
                               std::int64_t evaluations) {
  return fmt::format("{},{},{:.9g},{}", generation, evaluations, hypervolume(front, range), front.size());
}

std::vector<double> history_numbers(const std::string& line) {
  std::vector<double> numbers;
  const char *at = line.data(), *end = at + line.size();
  while (true) {
    double value = 0;
    const auto [stopped, code] = std::from_chars(at, end, value);
    if (code != std::errc() || (stopped != end && *stopped != ',')) {
      fail("history line \"{}\" has a field that is no number", line);
    }
    numbers.push_back(value);
    if (stopped == end) break;
    at = stopped + 1;
  }
  if (numbers.size() < 4) fail("history line \"{}\" has {} fields: four at least were expected", line, numbers.size());
  return numbers;
}

const char* history_header(const Setup& setup) {
  if (setup.range) return "generation,evaluations,hypervolume,networks";
  return labels_of(setup.problem, ImageSet::search) == Labels::given
             ? "generation,evaluations,best,median,worst,top1,diversity"
             : "generation,evaluations,best,median,worst,agreement,diversity";
}

std::string timing_line(int generation, double seconds, std::int64_t images, const EvaluatorTimes& times) {
  const double whole = std::max(seconds, 1e-9);
  return fmt::format("{},{:.4f},{:.1f},{:.4f},{:.4f},{:.4f}", generation, seconds, static_cast<double>(images) / whole,
                     times.quantise / whole, times.inference / whole, times.communication / whole);
}

}  // namespace vbq
