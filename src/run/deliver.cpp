#include "run/deliver.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/log.hpp"
#include "vbq/size.hpp"

namespace vbq {
namespace {

constexpr int kMostAttempts = 12;
// Bits a weight that a step of twice the size saves: one at high rates, less at low ones.
constexpr double kLeastSaved = 0.5, kMostSaved = 1;
// A budget that is used but for this share of it is used.
constexpr double kUnused = 0.002;

// Bits over the budget.
std::int64_t bits_over(const Setup& setup, const QuantisedNetwork& network) {
  return coded_bits(weight_size(setup.problem.network, network), setup.problem.format.coding) - *setup.budget_bits;
}

// Steps of all grids times 2^doublings.
Genome with_steps(Genome genome, double doublings) {
  for (Chromosome& genes : genome.chromosomes) genes.front() *= std::exp2(doublings);
  return genome;
}

// Grows the steps until the budget is kept, then shrinks them as long as it is.
QuantisedNetwork fitted(const Setup& setup, Evaluator& evaluator, const Genome& genome, QuantisedNetwork network) {
  const auto weights = static_cast<double>(weight_count(setup.problem.network));
  const double budget = static_cast<double>(*setup.budget_bits) / weights;
  double doublings = 0, over = static_cast<double>(bits_over(setup, network)) / weights;
  int attempt = 0;
  for (; over > 0 && attempt < kMostAttempts; ++attempt) {
    doublings += std::max(over, 1e-4) / kLeastSaved;
    network = evaluator.network(with_steps(genome, doublings));
    over = static_cast<double>(bits_over(setup, network)) / weights;
  }
  for (; - over > kUnused * budget && attempt < kMostAttempts; ++attempt) {
    const double finer = doublings + over / kMostSaved;
    QuantisedNetwork other = evaluator.network(with_steps(genome, finer));
    const double then = static_cast<double>(bits_over(setup, other)) / weights;
    if (then > 0) break;
    doublings = finer;
    over = then;
    network = std::move(other);
  }
  return network;
}

}  // namespace

QuantisedNetwork deliver(const Setup& setup, Evaluator& evaluator, const Genome& genome) {
  QuantisedNetwork network = evaluator.network(genome);
  if (!setup.budget_bits) return network;
  if (setup.problem.format.encoding == Encoding::grid) network = fitted(setup, evaluator, genome, std::move(network));
  if (const std::int64_t over = bits_over(setup, network); over > 0) {
    log::warning("the network that is delivered takes {} bits more than the budget of {}", over, *setup.budget_bits);
  }
  return network;
}

}  // namespace vbq
