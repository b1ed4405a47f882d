#include "search/fitness.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/check.hpp"
#include "core/text.hpp"

namespace vbq {

double fitness(const Tally& tally, Fitness kind) {
  if (tally.seen == 0) return 0.0;
  switch (kind) {
    case Fitness::top1:
      return static_cast<double>(tally.top1) / static_cast<double>(tally.seen);
    case Fitness::loss:
      return -mean_loss(tally);
    case Fitness::divergence:
    case Fitness::outputs:
      return -mean_divergence(tally);
  }
  fail_internal("fitness {} is not known", static_cast<int>(kind));
}

double fitness_within(const Tally& tally, Fitness kind, double over, Budgeting budgeting) {
  constexpr double kBelow = 1.0, kAbove = 6.0;  // nats a bit; measured harm: 1.4 to 1.9
  constexpr double kOver = 0.02;                // so that a network that keeps the budget is preferred
  constexpr double kOverBound = 100;            // more than the logarithm of any harm
  if (tally.seen == 0) return 0.0;
  const double images = static_cast<double>(tally.seen);
  const double harm = kind == Fitness::top1 ? 1 - fitness(tally, kind) + 0.5 / images : -fitness(tally, kind);
  const bool bound = budgeting == Budgeting::bound;
  const double price = over > 0 ? kOver + kAbove * over + (bound ? kOverBound : 0) : bound ? 0 : kBelow * over;
  return -std::log(std::max(harm, 1e-12)) - price;
}

Fitness parse_fitness(const std::string& name) {
  for (const Fitness kind : {Fitness::top1, Fitness::loss, Fitness::divergence, Fitness::outputs}) {
    if (name == fitness_name(kind)) return kind;
  }
  const std::array<std::string, 4> names{"top1", "loss", "divergence", "outputs"};
  const std::string nearest = nearest_name(name, names);
  fail("fitness \"{}\" is not known: top1, loss, divergence or outputs was expected{}", name,
       nearest.empty() ? nearest : fmt::format(" (did you mean {}?)", nearest));
}

const char* fitness_name(Fitness kind) {
  switch (kind) {
    case Fitness::top1:
      return "top1";
    case Fitness::loss:
      return "loss";
    case Fitness::divergence:
      return "divergence";
    case Fitness::outputs:
      return "outputs";
  }
  return "unknown";
}

}  // namespace vbq
