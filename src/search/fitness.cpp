#include "search/fitness.hpp"

#include <array>

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
      return -mean_divergence(tally);
  }
  fail_internal("fitness {} is not known", static_cast<int>(kind));
}

Fitness parse_fitness(const std::string& name) {
  for (const Fitness kind : {Fitness::top1, Fitness::loss, Fitness::divergence}) {
    if (name == fitness_name(kind)) return kind;
  }
  const std::array<std::string, 3> names{"top1", "loss", "divergence"};
  const std::string nearest = nearest_name(name, names);
  fail("fitness \"{}\" is not known: top1, loss or divergence was expected{}", name,
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
  }
  return "unknown";
}

}  // namespace vbq
