#include "search/grid_steps.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/check.hpp"
#include "core/rank_correlation.hpp"
#include "search/response_surface.hpp"

namespace vbq {
namespace {

constexpr std::size_t kMostSurfaceGenes = 512;
constexpr double kCrossover = 0.7, kMoved = 0.2;    // shares: of children with two parents, of chromosomes that move
constexpr double kReach = 0.6;                      // of a centre's moves, in units of the space's spread
constexpr SurfacePrior kHarmPrior{12, 77, 0.006};   // measured on ResNet-20; noise 7 %, slopes 2 %
constexpr SurfacePrior kSizePrior{0.04, 0.4, 0.0};  // sizes have next to no noise

// [told][genes], seen from `around`.
std::vector<std::vector<double>> points_of(const GeneSpace& space, std::span<const Individual> told,
                                           const Genome& around) {
  std::vector<std::vector<double>> points;
  points.reserve(told.size());
  for (const Individual& one : told) points.push_back(numbers_between(space, around, one.genome));
  return points;
}

std::vector<double> harms_of(std::span<const Individual> told) {
  std::vector<double> harms;
  harms.reserve(told.size());
  for (const Individual& one : told) harms.push_back(-one.fitness);
  return harms;
}

}  // namespace

double price_of(std::span<const Individual> told) {
  double bits = 0, harm = 0, products = 0, squares = 0;
  const auto count = static_cast<double>(told.size());
  for (const Individual& one : told) {
    bits += static_cast<double>(one.bits) / count;
    harm -= one.fitness / count;
  }
  for (const Individual& one : told) {
    const double more = static_cast<double>(one.bits) - bits;
    products += more * (-one.fitness - harm);
    squares += more * more;
  }
  return squares > 0 ? products / squares : 0;
}

bool surfaces_suit(const GeneSpace& space) {
  return !space.log_spread().empty() && !space.seeds().empty() &&
         space.chromosomes() * space.genes() <= kMostSurfaceGenes;
}

Genome moved(const GeneSpace& space, Genome genome, std::span<const double> numbers) {
  auto number = numbers.begin();
  for (std::size_t c = 0; c < genome.chromosomes.size(); ++c) {
    Chromosome& genes = genome.chromosomes[c];
    for (std::size_t g = 0; g < genes.size(); ++g) genes[g] *= std::exp(space.log_spread()[g] * *number++);
    space.repair(genes, c);
  }
  return genome;
}

std::vector<double> numbers_between(const GeneSpace& space, const Genome& from, const Genome& to) {
  std::vector<double> numbers;
  numbers.reserve(space.chromosomes() * space.genes());
  for (std::size_t c = 0; c < from.chromosomes.size(); ++c) {
    for (std::size_t g = 0; g < from.chromosomes[c].size(); ++g) {
      numbers.push_back(std::log(to.chromosomes[c][g] / from.chromosomes[c][g]) / space.log_spread()[g]);
    }
  }
  return numbers;
}

std::array<Genome, 2> mirrored_pair(const GeneSpace& space, const Genome& middle, Random& random) {
  std::vector<double> numbers(space.chromosomes() * space.genes());
  for (double& number : numbers) number = random.normal();
  Genome one = moved(space, middle, numbers);
  for (double& number : numbers) number = -number;
  return {std::move(one), moved(space, middle, numbers)};
}

Genome mixed(const Genome& mother, const Genome& father, Random& random) {
  Genome made = mother;
  if (random.uniform() < kCrossover) {
    for (std::size_t c = 0; c < made.chromosomes.size(); ++c) {
      if (random.below(2) == 0) made.chromosomes[c] = father.chromosomes[c];
    }
  }
  return made;
}

Genome some_moved(const GeneSpace& space, Genome genome, Random& random) {
  const std::size_t certain = random.below(space.chromosomes());
  std::vector<double> numbers;
  numbers.reserve(space.chromosomes() * space.genes());
  for (std::size_t c = 0; c < space.chromosomes(); ++c) {
    const bool moves = random.uniform() < kMoved || c == certain;
    for (std::size_t g = 0; g < space.genes(); ++g) numbers.push_back(moves ? random.normal() : 0);
  }
  return moved(space, std::move(genome), numbers);
}

std::vector<double> genes_of(const Genome& genome) {
  std::vector<double> all;
  for (const Chromosome& genes : genome.chromosomes) all.insert(all.end(), genes.begin(), genes.end());
  return all;
}

Genome genome_of(const GeneSpace& space, std::span<const double> genes) {
  Genome genome;
  for (std::size_t c = 0; c < space.chromosomes(); ++c) {
    const std::span<const double> own = genes.subspan(c * space.genes(), space.genes());
    genome.chromosomes.emplace_back(own.begin(), own.end());
  }
  return genome;
}

void check_candidates(const GeneSpace& space, std::span<const Individual> told) {
  for (const Individual& one : told) {
    space.check(one.genome, "a candidate of a saved search");
    if (!std::isfinite(one.fitness)) fail("a candidate of a saved search has fitness {}", one.fitness);
    if (one.bits < 1) fail("a candidate of a saved search has {} bits", one.bits);
  }
}

Genome least_harmful(const GeneSpace& space, std::span<const Individual> told, std::span<const double> weights,
                     const Genome& around, std::int64_t budget) {
  const std::vector<std::vector<double>> points = points_of(space, told, around);
  std::vector<double> sizes;
  sizes.reserve(told.size());
  for (const Individual& one : told) sizes.push_back(static_cast<double>(one.bits) / static_cast<double>(budget));
  const Surface harm = fit_surface(points, harms_of(told), weights, kHarmPrior),
                size = fit_surface(points, sizes, weights, kSizePrior);
  const std::vector<double> move = least_harm(harm, size, 1, kReach);
  const bool finite = std::ranges::all_of(move, [](double number) { return std::isfinite(number); });
  return finite ? moved(space, around, move) : around;  // numbers so large that no surface can be fitted
}

std::optional<double> foresight_of(const GeneSpace& space, std::span<const Individual> told, std::size_t first,
                                   std::size_t each) {
  std::size_t begin = first;
  while (begin + (kForesightGenerations + 1) * each <= told.size()) begin += each;
  double sum = 0;
  int generations = 0;
  for (; begin + each <= told.size(); begin += each) {
    const std::span<const Individual> known = told.first(begin), next = told.subspan(begin, each);
    const Genome& around = next.front().genome;
    const Surface surface = fit_surface(points_of(space, known, around), harms_of(known), {}, kHarmPrior);
    const double price = price_of(known);
    std::vector<double> foretold, came = harms_of(next);
    for (std::size_t i = 0; i < next.size(); ++i) {
      const double size = price * static_cast<double>(next[i].bits);
      foretold.push_back(surface.at(numbers_between(space, around, next[i].genome)) - size);
      came[i] -= size;
    }
    if (!std::ranges::all_of(foretold, [](double harm) { return std::isfinite(harm); })) continue;
    sum += rank_correlation(foretold, came);
    ++generations;
  }
  if (generations == 0) return std::nullopt;
  return sum / generations;
}

}  // namespace vbq
