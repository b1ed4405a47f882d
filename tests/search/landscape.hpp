// A cheap stand-in for a network's divergence under quantisation, to compare searches on: 20 chromosomes of 8 genes
// around k-means-like codebooks, an ill-conditioned quadratic around an unknown optimum (mostly wider codebooks, as
// real networks want), coupling between chromosomes, ruggedness, and values rounded like a count.
#pragma once

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "core/random.hpp"
#include "search/search.hpp"
#include "search/tell.hpp"

namespace vbq::support {

class Landscape {
 public:
  explicit Landscape(std::uint64_t instance, int chromosomes = 20, double roughness = 0.15)
      : chromosomes_(chromosomes), roughness_(roughness) {
    Random random(instance, 0, 0, Purpose::test);
    const double shape[kGenes] = {-1.75, -1.05, -0.6, -0.2, 0.2, 0.6, 1.1, 1.9};
    for (int c = 0; c < chromosomes; ++c) {
      const double width = std::pow(10.0, random.uniform(-1.5, -0.3)), off = 0.1 * random.normal();
      Chromosome genes;
      for (double level : shape) genes.push_back(width * (level * (1 + 0.1 * random.normal()) + off));
      std::sort(genes.begin(), genes.end());
      const double stretch = 0.15 * (1 + 0.5 * random.normal());
      for (int g = 0; g < kGenes; ++g) {
        gap_.push_back(gap(genes, g));
        optimum_.push_back(stretch * genes[static_cast<std::size_t>(g)] / gap_.back() + 0.25 * random.normal());
      }
      seed_.chromosomes.push_back(std::move(genes));
    }
    const std::size_t n = gap_.size();
    // Rows of the quadratic's root: a dense block a chromosome, one of its rows stressing the common shift; then
    // couplings.
    for (int c = 0; c < chromosomes; ++c) {
      const double weight = std::pow(10.0, random.uniform(-0.6, 0.4)),
                   shift = std::pow(10.0, random.uniform(-0.6, 0.4));
      for (int r = 0; r < kGenes; ++r) {
        std::vector<double> row(n, 0.0);
        for (int g = 0; g < kGenes; ++g) {
          row[static_cast<std::size_t>(c * kGenes + g)] =
              weight * (0.5 * random.normal() + (r == g ? 1 : 0)) + (r == 0 ? shift : 0);
        }
        rows_.push_back(std::move(row));
      }
    }
    for (int r = 0; r < 3 * chromosomes; ++r) {
      std::vector<double> row(n);
      for (double& x : row) x = 0.3 * random.normal();
      rows_.push_back(std::move(row));
    }
    for (int w = 0; w < kWaves; ++w) {
      std::vector<double> row(n);
      for (double& x : row) x = 1.5 * random.normal();
      waves_.push_back(std::move(row));
      phases_.push_back(random.uniform(0, 2 * std::numbers::pi));
    }
    factor_ = 1;
    factor_ = 1.2 / quadratic(std::vector<double>(n, 0.0));
  }

  // About -1.3 at the seed, about -0.1 at the optimum; larger is better.
  double fitness(const Genome& genome) const {
    std::vector<double> y;
    for (std::size_t c = 0; c < seed_.chromosomes.size(); ++c) {
      for (std::size_t g = 0; g < kGenes; ++g) {
        y.push_back((genome.chromosomes[c][g] - seed_.chromosomes[c][g]) / gap_[c * kGenes + g]);
      }
    }
    double rough = 0;
    for (std::size_t w = 0; w < waves_.size(); ++w) rough += std::cos(dot(waves_[w], y) + phases_[w]);
    const double value = (0.1 + quadratic(y)) * std::exp(roughness_ * std::sqrt(2.0 / kWaves) * rough);
    return -std::floor(value * 2000 + 0.5) / 2000;
  }

  // The k-means-like seed first, then a linear and a logarithmic one, much worse, as real ones are.
  SearchSpace space() const {
    SearchSpace space;
    space.chromosomes = chromosomes_;
    space.genes = kGenes;
    Genome linear = seed_, logarithmic = seed_;
    for (std::size_t c = 0; c < seed_.chromosomes.size(); ++c) {
      const Chromosome& genes = seed_.chromosomes[c];
      space.magnitude.push_back(1.5 * std::max(-genes.front(), genes.back()));
      for (std::size_t g = 0; g < kGenes; ++g) {
        linear.chromosomes[c][g] = space.magnitude[c] * (static_cast<double>(g) / 3.5 - 1);
        const double power = std::exp2(g < 4 ? -static_cast<double>(g) : static_cast<double>(g) - 7);
        logarithmic.chromosomes[c][g] = space.magnitude[c] * (g < 4 ? -power : power);
      }
    }
    space.seeds = {seed_, std::move(linear), std::move(logarithmic)};
    return space;
  }

 private:
  static constexpr int kGenes = 8, kWaves = 100;

  static double gap(const Chromosome& genes, int g) {
    const std::size_t low = static_cast<std::size_t>(std::max(g - 1, 0)),
                      high = static_cast<std::size_t>(std::min(g + 1, kGenes - 1));
    return (genes[high] - genes[low]) / static_cast<double>(high - low);
  }
  static double dot(const std::vector<double>& a, const std::vector<double>& b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
    return sum;
  }
  double quadratic(std::vector<double> y) const {
    for (std::size_t i = 0; i < y.size(); ++i) y[i] -= optimum_[i];
    double sum = 0;
    for (const std::vector<double>& row : rows_) sum += std::pow(dot(row, y), 2);
    return factor_ * sum;
  }

  int chromosomes_;
  double roughness_, factor_ = 1;
  Genome seed_;
  std::vector<double> gap_, optimum_;  // per gene; the optimum in gaps from the seed
  std::vector<std::vector<double>> rows_, waves_;
  std::vector<double> phases_;
};

// Best fitness after at most `evaluations` (whole generations).
inline double best_after(SearchMethod& search, const Landscape& landscape, std::size_t evaluations) {
  std::size_t done = 0;
  for (;;) {
    const std::vector<Genome> asked = search.ask();
    if (done + asked.size() > evaluations) return search.state().best.fitness;
    std::vector<double> fitness;
    for (const Genome& genome : asked) fitness.push_back(landscape.fitness(genome));
    done += asked.size();
    tell(search, fitness);
  }
}

}  // namespace vbq::support
