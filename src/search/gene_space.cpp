#include "search/gene_space.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "core/check.hpp"

namespace vbq {
namespace {

constexpr double kReach = 4;           // genes stay within this many magnitudes: a weight is never farther than one
constexpr double kLeastGap = 1e-3;     // of the magnitude
constexpr double kLeastGene = 1e-9;    // of the magnitude, where genes must be positive
constexpr double kNoMagnitude = 1e-6;  // for a layer of zeros
constexpr double kLimit = std::numeric_limits<float>::max();

}  // namespace

GeneSpace::GeneSpace(SearchSpace space) : space_(std::move(space)) {
  if (space_.chromosomes < 1 || space_.genes < 1) {
    fail_internal("a search space has {} chromosomes of {} genes", space_.chromosomes, space_.genes);
  }
  if (space_.magnitude.size() != chromosomes()) {
    fail_internal("a search space of {} chromosomes has {} magnitudes", chromosomes(), space_.magnitude.size());
  }
  if (own_widths() && space_.choices.size() != chromosomes()) {
    fail_internal("a search space of {} chromosomes has {} lists of choices", chromosomes(), space_.choices.size());
  }
  const auto as_many = [](const auto& prices, const auto& choices) { return prices.size() == choices.size(); };
  if (!space_.prices.empty() && !std::ranges::equal(space_.prices, space_.choices, as_many)) {
    fail_internal("a search space has prices that are not those of its choices");
  }
  if (range() && range()->least >= range()->most) {
    fail_internal("a search space ranges from {} to {} bits", range()->least, range()->most);
  }
  if (!space_.log_spread.empty() && (!positive() || space_.log_spread.size() != genes())) {
    fail_internal("a search space of {} genes has {} spreads", genes(), space_.log_spread.size());
  }
  magnitude_ = space_.magnitude;
  for (double magnitude : magnitude_) {
    if (!(magnitude >= 0 && magnitude <= kLimit)) fail_internal("a search space has magnitude {}", magnitude);
  }
  for (const Genome& seed : space_.seeds) check(seed, "a seed");
  for (const std::vector<Chromosome>& choices : space_.choices) {
    if (choices.size() < 2 || !choices.back().empty()) fail_internal("a search space lacks choices");
    for (const Chromosome& choice : choices) check(choice, "a choice");
  }
  if (start() != nullptr) check(*start(), "the start");
  for (std::size_t c = 0; c < chromosomes(); ++c) {
    for (const Genome& seed : space_.seeds) {
      for (double gene : seed.chromosomes[c]) magnitude_[c] = std::max(magnitude_[c], std::fabs(gene));
    }
    if (magnitude_[c] == 0) magnitude_[c] = kNoMagnitude;
  }
}

double GeneSpace::lowest(std::size_t c) const { return positive() ? kLeastGene * magnitude_[c] : -highest(c); }
double GeneSpace::highest(std::size_t c) const { return std::min(kReach * magnitude_[c], kLimit); }

std::vector<double> GeneSpace::gaps(const Chromosome& genes, std::size_t c) const {
  const double least = kLeastGap * magnitude_[c];
  std::vector<double> gaps;
  for (std::size_t i = 0; i < genes.size(); ++i) {
    double gap = space_.relative_gap * std::fabs(genes[i]);  // a gene without neighbours
    if (space_.sorted && genes.size() > 1) {
      const std::size_t low = i == 0 ? 0 : i - 1, high = std::min(i + 1, genes.size() - 1);
      gap = (genes[high] - genes[low]) / static_cast<double>(high - low);
    }
    gaps.push_back(std::max(gap, least));
  }
  return gaps;
}

void GeneSpace::repair(Chromosome& genes, std::size_t c) const {
  const double low = lowest(c), high = highest(c);
  for (double& gene : genes) gene = gene < low ? low : gene < high ? gene : high;  // a NaN becomes `high`
  if (space_.sorted) std::sort(genes.begin(), genes.end());
}

void GeneSpace::check(const Genome& genome, const char* what) const {
  if (genome.chromosomes.size() != chromosomes()) {
    fail("{} has {} chromosomes; expected {}", what, genome.chromosomes.size(), chromosomes());
  }
  for (const Chromosome& chromosome : genome.chromosomes) check(chromosome, what);
}

void GeneSpace::check(const Chromosome& chromosome, const char* what) const {
  const std::size_t count = chromosome.size();
  if (own_widths() && count != 0 && (count < 2 || count > genes())) {
    fail("{} has {} genes in a chromosome; expected none, or 2 to {}", what, count, genes());
  }
  if (!own_widths() && count != genes()) fail("{} has {} genes in a chromosome; expected {}", what, count, genes());
  for (double gene : chromosome) {
    if (!(std::fabs(gene) <= kLimit)) fail("{} has gene {}; expected a finite single-precision number", what, gene);
    if (positive() && !(gene > 0)) fail("{} has gene {}; expected genes above zero", what, gene);
  }
  if (space_.sorted && !std::is_sorted(chromosome.begin(), chromosome.end())) {
    fail("{} has genes that do not ascend", what);
  }
}

Genome GeneSpace::uniform_genome(Random& random) const {
  Genome genome;
  for (std::size_t c = 0; c < chromosomes(); ++c) {
    const double width = random.uniform(0.1, 0.7) * magnitude_[c];
    const std::size_t count = own_widths() ? choices(c)[random.below(choices(c).size())].size() : genes();
    Chromosome& chromosome = genome.chromosomes.emplace_back(count);
    for (double& gene : chromosome) gene = (positive() ? random.uniform() : random.uniform(-1, 1)) * width;
    repair(chromosome, c);
  }
  return genome;
}

}  // namespace vbq
