// A stand-in for a network whose layers have a step and a rate each: layers that add up their harm, each of its own
// weight in it and in the size, and noise on every candidate that is as large as what a good step gains.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "core/random.hpp"
#include "search/search.hpp"
#include "vbq/error.hpp"

namespace vbq::support {

class Grids {
 public:
  static constexpr int kLayers = 20;
  static constexpr double kBudget = 1.5, kWeights = 1e5;  // bits a weight, weights

  // Of bits in what a search is told as fitness.
  enum class Pricing { at_budget, none };

  explicit Grids(std::uint64_t instance, double noise = 0.07, Pricing pricing = Pricing::at_budget)
      : instance_(instance), noise_(noise), pricing_(pricing) {
    Random random(instance, 0, 0, Purpose::test);
    for (int c = 0; c < kLayers; ++c) {
      harm_.push_back(std::exp(0.8 * random.normal()));
      share_.push_back(std::exp(1.2 * random.normal()));
    }
    const auto sum = [](const std::vector<double>& of) {
      double all = 0;
      for (const double one : of) all += one;
      return all;
    };
    const double harm = sum(harm_), share = sum(share_);
    for (double& one : harm_) one /= harm;
    for (double& one : share_) one /= share;
  }

  // Log harm, without noise: errors grow with the square of the step, and a little with the rate.
  double harm(const Genome& genome) const {
    double all = 0;
    for (std::size_t c = 0; c < harm_.size(); ++c) {
      const Chromosome& genes = genome.chromosomes[c];
      all += harm_[c] * genes[0] * genes[0] * (0.7 + 0.3 * genes[1] * genes[1]);
    }
    return std::log(0.02 * all);
  }

  double bits(const Genome& genome) const {  // a weight
    double all = 0;
    for (std::size_t c = 0; c < share_.size(); ++c) {
      const Chromosome& genes = genome.chromosomes[c];
      all += share_[c] * std::max(0.02, kBudget - std::log2(genes[0]) - 0.15 * std::log(genes[1]));
    }
    return all;
  }

  // Harm of the genome with its steps made to fit the budget, which is what networks are compared by.
  double harm_within(Genome genome, double budget = kBudget) const {
    for (int i = 0; i < 60; ++i) {
      const double over = bits(genome) - budget;
      for (Chromosome& genes : genome.chromosomes) genes[0] *= std::exp2(over);
    }
    return harm(genome);
  }

  Objectives objectives(const Genome& genome, std::uint32_t evaluation) const {
    Random random(instance_, evaluation, 1, Purpose::test);
    const double unpriced = -harm(genome) + noise_ * random.normal(), over = bits(genome) - kBudget;
    const double price = pricing_ == Pricing::none ? 0 : (over > 0 ? 6 : 1) * over;
    return {unpriced - price, std::llround(bits(genome) * kWeights), unpriced};
  }

  SearchSpace space() const {
    SearchSpace space;
    space.chromosomes = kLayers;
    space.genes = 2;
    space.positive = true;
    space.sorted = false;
    space.log_spread = {0.22, 0.9};
    space.relative_gap = 1.5;
    space.budget = std::llround(kBudget * kWeights);
    space.magnitude.assign(kLayers, 2.0);
    for (const double step : {1.0, 1.07, 0.93}) {
      space.seeds.push_back({std::vector<Chromosome>(kLayers, Chromosome{step, 1})});
    }
    return space;
  }

 private:
  std::uint64_t instance_;
  double noise_;
  Pricing pricing_;
  std::vector<double> harm_, share_;  // [layers]
};

// Whether a search refuses its own state once `spoil` has changed it, and goes on as if nothing had been tried.
template <typename Spoil>
bool refuses(SearchMethod& search, Spoil spoil) {
  const SearchState good = search.state();
  SearchState state = good;
  spoil(state);
  try {
    search.restore(state);
  } catch (const Error&) {
    return search.state() == good;
  }
  return false;
}

// Asks and tells once.
inline void generation(SearchMethod& search, const Grids& grids) {
  std::vector<Objectives> told;
  auto evaluation = static_cast<std::uint32_t>(1000 * search.state().generation);
  for (const Genome& genome : search.ask()) told.push_back(grids.objectives(genome, ++evaluation));
  search.tell(told);
}

}  // namespace vbq::support
