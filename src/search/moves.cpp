#include "search/moves.hpp"

#include <cmath>
#include <numeric>

namespace vbq {
namespace {

constexpr double kShift = 0.3, kStretch = 0.3, kStretchAll = 0.2;

double mean_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

}  // namespace

Genome Moves::apply(const Genome& from, std::span<const double> numbers, double size) const {
  const std::size_t chromosomes = space_.chromosomes(), genes = space_.genes();
  const auto own = numbers.first(chromosomes * genes);
  const auto shift = numbers.subspan(own.size(), chromosomes),
             stretch = numbers.subspan(own.size() + chromosomes, chromosomes);
  Genome to = from;
  for (std::size_t c = 0; c < chromosomes; ++c) {
    Chromosome& chromosome = to.chromosomes[c];
    if (chromosome.empty()) continue;
    const std::vector<double> gaps = space_.gaps(chromosome, c);
    const double off = kShift * mean_of(gaps) * shift[c];
    const double factor = kStretch * stretch[c] + kStretchAll * numbers.back();
    for (std::size_t g = 0; g < chromosome.size(); ++g) {
      chromosome[g] += size * (gaps[g] * own[c * genes + g] + off + factor * chromosome[g]);
    }
    space_.repair(chromosome, c);
  }
  return to;
}

void Moves::move_one(Chromosome& genes, std::size_t c, double size, Random& random) const {
  if (genes.empty()) return;
  const std::vector<double> gaps = space_.gaps(genes, c);
  const double kind = random.uniform();
  if (kind < 0.6) {
    for (std::size_t g = 0; g < genes.size(); ++g) genes[g] += size * gaps[g] * random.normal();
  } else if (kind < 0.8) {
    const double off = size * mean_of(gaps) * random.normal();
    for (double& gene : genes) gene += off;
  } else {
    const double factor = std::exp(size * random.normal());
    for (double& gene : genes) gene *= factor;
  }
  space_.repair(genes, c);
}

void Moves::stretch_all(Genome& genome, double size, Random& random) const {
  const double factor = std::exp(size * random.normal());
  for (std::size_t c = 0; c < genome.chromosomes.size(); ++c) {
    for (double& gene : genome.chromosomes[c]) gene *= factor;
    space_.repair(genome.chromosomes[c], c);
  }
}

}  // namespace vbq
