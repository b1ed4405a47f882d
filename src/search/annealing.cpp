// Simulated annealing of companded codebooks, as Nogami et al. (IJCNN 2019) give it: one chromosome at a time is
// changed, a sweep changes each once, and the temperature falls from sweep to sweep. A generation is one candidate.
#include <algorithm>
#include <cmath>
#include <utility>

#include "core/check.hpp"
#include "search/recipe.hpp"

namespace vbq {
namespace {

constexpr double kCooling = 0.95, kSharpness = 100;
constexpr double kUnchangedSweeps = 30;  // after which it ends

class Annealing final : public Recipe {
 public:
  Annealing(const SearchOptions& options, const GeneSpace& space) : options_(options), space_(space) {
    if (space_.genes() != 2 || space_.start() == nullptr) {
      fail_internal("annealing was asked of chromosomes of {} genes; expected a and b, and a start", space_.genes());
    }
  }

  std::size_t population(const SearchOptions&) const override { return 1; }

  std::vector<Genome> newborns(const SearchState& state) const override {
    if (state.generation == 0) return {*space_.start()};
    Genome genome = state.population.front().genome;
    Chromosome& genes = genome.chromosomes[chromosome_at(state)];
    Random random = random_of(state);
    const double t = temperature(state);
    const double u = random.uniform(-0.5, 0.5), v = random.uniform(-0.5, 0.5);
    genes[0] += 2 * u * (1 - genes[0]) * t;
    genes[1] += v * genes[1] * t;
    space_.repair(genes, chromosome_at(state));
    return {std::move(genome)};
  }

  void select(SearchState& state, std::vector<Individual> newborns, std::span<const Objectives>) const override {
    Individual& candidate = newborns.front();
    if (state.generation == 0) {
      state.population = {std::move(candidate)};
      state.parameters = {0, 0};
      return;
    }
    const Individual& current = state.population.front();
    Random random = random_of(state);
    random.uniform(), random.uniform();  // the candidate's own
    const double drop = current.fitness - candidate.fitness;
    const bool accept = drop <= 0 || random.uniform() < std::exp(-kSharpness * drop / temperature(state));
    double& unchanged = state.parameters[0];
    double& changed_now = state.parameters[1];
    if (accept && candidate.genome != current.genome) changed_now = 1;
    if (accept) state.population.front() = std::move(candidate);
    if (chromosome_at(state) + 1 == space_.chromosomes()) {  // the sweep ends
      unchanged = changed_now == 0 ? unchanged + 1 : 0;
      changed_now = 0;
    }
  }

  bool finished(const SearchState& state) const override {
    return state.generation > 0 && state.parameters[0] >= kUnchangedSweeps;
  }

  void check(const SearchState& state) const override {
    if (state.parameters.size() != 2 || !(state.parameters[0] >= 0) ||
        (state.parameters[1] != 0 && state.parameters[1] != 1)) {
      fail("a saved annealing has parameters that are not its own: sweeps without change and a flag were expected");
    }
  }

 private:
  // Generation 0 is the start; the sweeps follow.
  std::size_t done(const SearchState& state) const { return static_cast<std::size_t>(state.generation - 1); }
  std::size_t chromosome_at(const SearchState& state) const { return done(state) % space_.chromosomes(); }
  double temperature(const SearchState& state) const {
    return std::pow(kCooling, static_cast<double>(done(state) / space_.chromosomes()));
  }
  Random random_of(const SearchState& state) const {
    return Random(options_.seed, static_cast<std::uint32_t>(state.generation), 0, Purpose::annealing);
  }

  const SearchOptions& options_;
  const GeneSpace& space_;
};

}  // namespace

std::unique_ptr<Recipe> annealing_recipe(const SearchOptions& options, const GeneSpace& space) {
  return std::make_unique<Annealing>(options, space);
}

}  // namespace vbq
