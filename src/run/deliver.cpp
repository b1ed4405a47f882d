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
// Bits a weight that a step of twice the size saves at so many: one at high rates, less at low ones (0.95 of ResNet-20
// at 2.3, 0.65 of the digits at 1).
double saved(double bits) { return std::clamp(0.45 + 0.22 * bits, 0.5, 1.0); }

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
double next_doublings(const std::optional<Tried>& kept, const std::optional<Tried>& exceeds, double aim, double slope) {
  if (!exceeds) return kept->doublings + (kept->over - aim) / slope;
  if (!kept) return exceeds->doublings + (exceeds->over - aim) / slope;
  const double share = (exceeds->over - aim) / (exceeds->over - kept->over);
  return exceeds->doublings + std::clamp(share, 0.05, 0.95) * (kept->doublings - exceeds->doublings);
}

// Close to the budget, by interpolation from either side, since networks are compared at one size. Bits fall with the
// step but for small leaps.
class Fitting {
 public:
  Fitting(const Setup& setup, const Wanted& wanted)
      : setup_(&setup),
        wanted_(&wanted),
        weights_(static_cast<double>(weight_count(setup.problem.network))),
        unused_(kUnused * static_cast<double>(wanted.budget) / weights_),
        slope_(saved(static_cast<double>(wanted.budget) / weights_)) {}

  bool done() const { return done_ || attempts_ >= (best_ ? kCloseAttempts : kMostAttempts); }
  // To be made next.
  Genome next() const { return with_steps(wanted_->genome, next_.doublings); }
  // What came of it.
  void made(QuantisedNetwork network) {
    const int attempt = attempts_++;
    next_.over = static_cast<double>(bits_over(*setup_, network, wanted_->budget)) / weights_;
    if (attempt == 0) first_over_ = next_.over;
    if (attempt == kHopeless && !best_ && next_.over > 0.9 * first_over_) {
      done_ = true;
      return;
    }
    if (next_.over > 0) {
      if (!exceeds_ || next_.doublings > exceeds_->doublings) exceeds_ = next_;
    } else {
      if (!kept_ || next_.doublings < kept_->doublings) kept_ = next_;
      if (!best_ || next_.over > best_over_) {
        best_ = std::move(network);
        best_over_ = next_.over;
      }
      done_ = -best_over_ <= unused_;
    }
    next_.doublings = next_doublings(kept_, exceeds_, -unused_ / 2, slope_);
  }
  // None where the budget cannot be kept.
  std::optional<QuantisedNetwork> result() && { return std::move(best_); }

 private:
  const Setup* setup_;
  const Wanted* wanted_;
  double weights_, unused_, slope_;  // unused: bits a weight
  std::optional<QuantisedNetwork> best_;
  std::optional<Tried> kept_, exceeds_;
  Tried next_;
  double first_over_ = 0, best_over_ = 0;
  int attempts_ = 0;
  bool done_ = false;
};

// All of them side by side, an attempt at a time.
std::vector<std::optional<QuantisedNetwork>> fitted(const Setup& setup, Evaluator& evaluator,
                                                    std::span<const Wanted> wanted) {
  std::vector<Fitting> fittings;
  fittings.reserve(wanted.size());
  for (const Wanted& one : wanted) fittings.emplace_back(setup, one);
  for (;;) {
    std::vector<Fitting*> open;
    std::vector<Genome> genomes;
    for (Fitting& one : fittings) {
      if (one.done()) continue;
      open.push_back(&one);
      genomes.push_back(one.next());
    }
    if (open.empty()) break;
    std::vector<QuantisedNetwork> made = evaluator.networks(genomes);
    for (std::size_t k = 0; k < open.size(); ++k) open[k]->made(std::move(made[k]));
  }
  std::vector<std::optional<QuantisedNetwork>> found;
  found.reserve(fittings.size());
  for (Fitting& one : fittings) found.push_back(std::move(one).result());
  return found;
}

}  // namespace

std::vector<QuantisedNetwork> deliver(const Setup& setup, Evaluator& evaluator, std::span<const Genome> genomes) {
  std::vector<std::optional<QuantisedNetwork>> found(genomes.size());
  if (setup.budget_bits && setup.problem.format.encoding == Encoding::grid) {
    std::vector<Wanted> wanted;
    for (const Genome& genome : genomes) wanted.push_back({genome, *setup.budget_bits});
    found = fitted(setup, evaluator, wanted);
  }
  std::vector<Genome> left;
  for (std::size_t k = 0; k < genomes.size(); ++k) {
    if (!found[k]) left.push_back(genomes[k]);
  }
  std::vector<QuantisedNetwork> as_they_are = evaluator.networks(left), networks;
  auto next = as_they_are.begin();
  for (std::optional<QuantisedNetwork>& one : found) {
    if (one) {
      networks.push_back(*std::move(one));
      continue;
    }
    networks.push_back(std::move(*next++));
    const std::int64_t over = setup.budget_bits ? bits_over(setup, networks.back(), *setup.budget_bits) : 0;
    if (over > 0) {
      log::warning("the network that is delivered takes {} bits more than the budget of {}", over, *setup.budget_bits);
    }
  }
  return networks;
}

std::vector<std::optional<QuantisedNetwork>> deliver_within(const Setup& setup, Evaluator& evaluator,
                                                            std::span<const Wanted> wanted) {
  if (setup.problem.format.encoding == Encoding::grid) return fitted(setup, evaluator, wanted);
  std::vector<Genome> genomes;
  genomes.reserve(wanted.size());
  for (const Wanted& one : wanted) genomes.push_back(one.genome);
  std::vector<QuantisedNetwork> networks = evaluator.networks(genomes);
  std::vector<std::optional<QuantisedNetwork>> found(wanted.size());
  for (std::size_t k = 0; k < wanted.size(); ++k) {
    if (bits_over(setup, networks[k], wanted[k].budget) <= 0) found[k] = std::move(networks[k]);
  }
  return found;
}

std::optional<QuantisedNetwork> deliver_within(const Setup& setup, Evaluator& evaluator, const Genome& genome,
                                               std::int64_t budget) {
  const Wanted wanted{genome, budget};
  return deliver_within(setup, evaluator, {&wanted, 1}).front();
}

}  // namespace vbq
