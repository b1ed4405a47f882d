#include "run/deliver.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/log.hpp"
#include "vbq/size.hpp"

namespace vbq {
namespace {

constexpr int kMostAttempts = 12, kCloseAttempts = 5;  // until a budget is kept; at all, once it is
constexpr int kHopeless = 3;  // after so many coarser steps that have saved next to nothing, none will
// Bits a weight that a step of twice the size saves: one at high rates, less at low ones.
constexpr double kSaved = 0.75;
// A budget that is used but for this share of it is used.
constexpr double kUnused = 0.004;

// Bits over the budget.
std::int64_t bits_over(const Setup& setup, const QuantisedNetwork& network, std::int64_t budget) {
  return coded_bits(weight_size(setup.problem.network, network), setup.problem.format.coding) - budget;
}

// Steps of all grids times 2^doublings.
Genome with_steps(Genome genome, double doublings) {
  for (Chromosome& genes : genome.chromosomes) genes.front() *= std::exp2(doublings);
  return genome;
}

// Steps times 2^doublings, and the bits a weight over the budget then.
struct Tried {
  double doublings = 0, over = 0;
};

// The steps to try next: between the finest that keep the budget and the coarsest that do not, or, as long as there is
// only one of the two, that way.
double next_doublings(const std::optional<Tried>& kept, const std::optional<Tried>& exceeds, double aim) {
  if (!exceeds) return kept->doublings + (kept->over - aim) / kSaved;
  if (!kept) return exceeds->doublings + (exceeds->over - aim) / kSaved;
  const double share = (exceeds->over - aim) / (exceeds->over - kept->over);
  return exceeds->doublings + std::clamp(share, 0.05, 0.95) * (kept->doublings - exceeds->doublings);
}

// Close to the budget, by interpolation from either side, since networks are compared at one size. None where the
// budget cannot be kept. Bits fall with the step but for small leaps.
std::optional<QuantisedNetwork> fitted(const Setup& setup, Evaluator& evaluator, const Genome& genome,
                                       std::int64_t bits) {
  const auto weights = static_cast<double>(weight_count(setup.problem.network));
  const double unused = kUnused * static_cast<double>(bits) / weights;
  std::optional<QuantisedNetwork> best;
  std::optional<Tried> kept, exceeds;
  Tried next;
  double first_over = 0, best_over = 0;
  for (int attempt = 0; attempt < (best ? kCloseAttempts : kMostAttempts); ++attempt) {
    QuantisedNetwork network = evaluator.network(with_steps(genome, next.doublings));
    next.over = static_cast<double>(bits_over(setup, network, bits)) / weights;
    if (attempt == 0) first_over = next.over;
    if (attempt == kHopeless && !best && next.over > 0.9 * first_over) return std::nullopt;
    if (next.over > 0) {
      if (!exceeds || next.doublings > exceeds->doublings) exceeds = next;
    } else {
      if (!kept || next.doublings < kept->doublings) kept = next;
      if (!best || next.over > best_over) {
        best = std::move(network);
        best_over = next.over;
      }
      if (-best_over <= unused) break;
    }
    next.doublings = next_doublings(kept, exceeds, -unused / 2);
  }
  return best;
}

}  // namespace

QuantisedNetwork deliver(const Setup& setup, Evaluator& evaluator, const Genome& genome) {
  if (setup.budget_bits && setup.problem.format.encoding == Encoding::grid) {
    if (auto network = fitted(setup, evaluator, genome, *setup.budget_bits)) return *std::move(network);
  }
  QuantisedNetwork network = evaluator.network(genome);
  const std::int64_t over = setup.budget_bits ? bits_over(setup, network, *setup.budget_bits) : 0;
  if (over > 0) {
    log::warning("the network that is delivered takes {} bits more than the budget of {}", over, *setup.budget_bits);
  }
  return network;
}

std::optional<QuantisedNetwork> deliver_within(const Setup& setup, Evaluator& evaluator, const Genome& genome,
                                               std::int64_t budget) {
  if (setup.problem.format.encoding == Encoding::grid) return fitted(setup, evaluator, genome, budget);
  QuantisedNetwork network = evaluator.network(genome);
  if (bits_over(setup, network, budget) > 0) return std::nullopt;
  return network;
}

}  // namespace vbq
