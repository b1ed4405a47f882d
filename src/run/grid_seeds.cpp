#include "run/grid_seeds.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include "quant/seed_grids.hpp"
#include "quant/seeds.hpp"
#include "quant/stand_in.hpp"
#include "run/space.hpp"
#include "vbq/size.hpp"

namespace vbq {
namespace {

constexpr double kLeastBits = 0.1;       // a weight, of levels and codebooks, however small the budget
constexpr std::size_t kFrontPowers = 3;  // of kGridPowers, in turn over the sizes of a front's seeds

// What seed_grid() must know of a network.
class Grids {
 public:
  explicit Grids(const Setup& setup)
      : format_(setup.problem.format),
        coded_(coded_weights(setup.problem.network, format_)),
        size_(weight_size(setup.problem.network, stand_in_format(setup.problem.network, setup.job.format))) {
    Format plain = format_;
    plain.scale = ScaleScope::none;
    for (const std::vector<float>& weights : coded_weights(setup.problem.network, plain)) {
      rms_.push_back(root_mean_square(weights));
    }
  }

  Genome by_weights(std::int64_t budget, double power) const {
    return within(budget, steps_by_power(coded_, rms_, power));
  }
  Genome by_harm(std::int64_t budget, const std::vector<double>& harms, double power) const {
    return within(budget, vbq::steps_by_harm(coded_, harms, power));
  }

 private:
  Genome within(std::int64_t budget, const std::vector<double>& steps) const {
    const double beside = static_cast<double>(size_.scale_bits + size_.shift_bits + size_.fp32_bits);
    double weights = 0;  // that are quantised
    for (const std::vector<float>& own : coded_) weights += static_cast<double>(own.size());
    const double left = (static_cast<double>(budget) - beside) / std::max(weights, 1.0);
    return seed_grid(coded_, steps, format_, std::max(left, kLeastBits));
  }

  const Format& format_;
  std::vector<std::vector<float>> coded_;
  WeightSize size_;  // its scales and shifts: the rest of a budget is for levels and codebooks
  std::vector<double> rms_;
};

std::vector<std::int64_t> sizes_of_seeds(const Setup& setup) {
  return spaced_sizes(searched_range(*setup.range), front_seeds(setup));
}

std::vector<double> harms_of(const Setup& setup, const Sensitivity& sensitivity) {
  std::vector<double> harms;
  for (const std::vector<Priced>& own : priced(sensitivity, setup.job.fitness)) {
    harms.push_back(static_cast<double>(own.front().harm));
  }
  return harms;
}

}  // namespace

Genome equal_steps(const Setup& setup, std::int64_t budget) { return Grids(setup).by_weights(budget, kEqualSteps); }

std::vector<Genome> grid_seeds(const Setup& setup) {
  const Grids grids(setup);
  std::vector<Genome> seeds;
  if (setup.range) {
    for (const std::int64_t budget : sizes_of_seeds(setup)) {
      seeds.push_back(grids.by_weights(budget, kGridPowers[seeds.size() % kFrontPowers]));
    }
  } else {
    for (const double power : kGridPowers) seeds.push_back(grids.by_weights(*setup.budget_bits, power));
  }
  return seeds;
}

Choices grid_choices(const Setup& setup) {
  const Format& format = setup.problem.format;
  if (format.encoding != Encoding::grid || format.scope != Scope::layer || !setup.budget_bits) return {};
  if (format.activations > 0) return {};  // theirs would be in every layer's harm
  const BitRange range = setup.range.value_or(BitRange{*setup.budget_bits, *setup.budget_bits});
  const Genome genome = equal_steps(setup, range.least + (range.most - range.least) / 2);
  Choices choices;
  choices.reserve(genome.chromosomes.size());
  for (const Chromosome& genes : genome.chromosomes) choices.push_back({genes, {}});
  return choices;
}

Genome steps_by_harm(const Setup& setup, const Sensitivity& sensitivity, std::int64_t budget) {
  return Grids(setup).by_harm(budget, harms_of(setup, sensitivity), kHarmPowers[0]);
}

void add_steps_by_harm(const Setup& setup, const Sensitivity& sensitivity, SearchSpace& space) {
  const Grids grids(setup);
  const std::vector<double> harms = harms_of(setup, sensitivity);
  if (!setup.range) {
    std::vector<Genome> seeds;
    for (const double power : kHarmPowers) {
      Genome seed = grids.by_harm(*setup.budget_bits, harms, power);
      if (std::ranges::find(space.seeds, seed) == space.seeds.end()) seeds.push_back(std::move(seed));
    }
    space.seeds.insert(space.seeds.begin(), seeds.begin(), seeds.end());
    return;
  }
  const std::vector<std::int64_t> sizes = sizes_of_seeds(setup);
  for (std::size_t k = 0; k < sizes.size(); k += 2) {
    space.seeds[k] = grids.by_harm(sizes[k], harms, kHarmPowers[k / 2 % std::size(kHarmPowers)]);
  }
}

}  // namespace vbq
