#include "run/space.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "quant/seeds.hpp"
#include "quant/width_choices.hpp"
#include "run/grid_seeds.hpp"
#include "vbq/size.hpp"

namespace vbq {
namespace {

// First steps change a step and a rate by a sixth, about.
constexpr double kGridGap = 1.5;
// Where a response surface is fitted, they change by these (natural logarithms): as far as it holds.
constexpr double kStepSpread = 0.22, kRateSpread = 0.9;

// The same choice in every layer: the one that comes closest to the budget without exceeding it, and the next closest.
// Of a front: all that lie in its range.
std::vector<Genome> uniform_widths(const Setup& setup, const std::vector<std::vector<Chromosome>>& choices) {
  struct Sized {
    std::int64_t over;  // bits
    Genome genome;
  };
  std::vector<Sized> all;
  const Decoder decoder(setup.problem.network, setup.problem.format);
  for (std::size_t k = 0; k < choices.front().size(); ++k) {
    Genome genome;
    for (const std::vector<Chromosome>& own : choices) genome.chromosomes.push_back(own[k]);
    const WeightSize size = weight_size(setup.problem.network, decoder(genome));
    const std::int64_t bits = coded_bits(size, setup.problem.format.coding);
    all.push_back({bits - setup.budget_bits.value_or(bits), std::move(genome)});
  }
  if (setup.range) {
    const std::int64_t least_over = searched_range(*setup.range).least - setup.range->most;
    std::erase_if(all, [&](const Sized& one) { return one.over > 0 || one.over < least_over; });
  }
  std::ranges::stable_sort(all, {}, [](const Sized& one) { return std::abs(one.over); });
  const auto first = std::ranges::find_if(all, [](const Sized& one) { return one.over <= 0; });
  if (first != all.end()) std::rotate(all.begin(), first, first + 1);
  std::vector<Genome> genomes;
  genomes.reserve(all.size());
  for (Sized& one : all) genomes.push_back(std::move(one.genome));
  if (!setup.range) genomes.resize(std::min<std::size_t>(genomes.size(), 2));
  return genomes;
}

}  // namespace

std::vector<std::int64_t> spaced_sizes(const BitRange& range, std::size_t count) {
  const std::int64_t first = (range.least + 7) / 8, last = range.most / 8;  // bytes
  const double between = static_cast<double>(last - first) / static_cast<double>(count - 1);
  std::vector<std::int64_t> sizes;
  sizes.reserve(count);
  for (std::size_t k = 0; k < count; ++k) sizes.push_back(8 * (first + std::llround(static_cast<double>(k) * between)));
  return sizes;
}

BitRange searched_range(const BitRange& front) {
  return {std::max<std::int64_t>(1, front.least - (front.most - front.least) / 10), front.most};
}

std::size_t front_seeds(const Setup& setup) {
  return std::max<std::size_t>(2, static_cast<std::size_t>(setup.job.search.population) / 2);
}

SearchSpace make_space(const Setup& setup) {
  const Network& network = setup.problem.network;
  const Format& format = setup.problem.format;
  const auto coded = coded_weights(network, format);
  SearchSpace space;
  space.chromosomes = static_cast<int>(coded.size());
  space.genes = gene_count(format);
  space.positive = positive_genes(format);
  space.sorted = ascending_genes(format);
  if (format.encoding == Encoding::grid) {
    space.relative_gap = kGridGap;
    space.log_spread = {kStepSpread, kRateSpread};
    space.log_spread.resize(static_cast<std::size_t>(space.genes));
  }
  space.budget = setup.budget_bits.value_or(0);
  if (format.widths == Widths::own) {
    space.choices = width_choices(coded, format);
    space.seeds = uniform_widths(setup, space.choices);
  } else if (format.encoding == Encoding::grid && setup.budget_bits) {
    space.seeds = grid_seeds(setup);
  } else {
    space.seeds = seed_genomes(coded, format);
  }
  if (setup.range) {
    space.range = searched_range(*setup.range);
    space.sizes = spaced_sizes(*setup.range, kFrontPoints);
  }
  if (setup.job.search.method == Method::annealing) {
    // Published for absolute weights; scaled ones are of another size, so there the fitted curve is the start.
    space.start = format.scale == ScaleScope::none
                      ? Genome{std::vector<Chromosome>(coded.size(), Chromosome{1.25, 0.05})}
                      : space.seeds.front();
  }
  space.seeds.insert(space.seeds.end(), setup.starts.begin(), setup.starts.end());
  space.magnitude = weight_magnitudes(coded);
  return space;
}

}  // namespace vbq
