#include "search/sensitivity.hpp"

#include <algorithm>
#include <cmath>

#include "core/check.hpp"

namespace vbq {

std::int64_t harm_of(const Tally& tally, Fitness kind) {
  switch (kind) {
    case Fitness::top1:
      return tally.seen - tally.top1;
    case Fitness::loss:
      return tally.loss;
    case Fitness::divergence:
    case Fitness::outputs:
      return tally.divergence;
  }
  fail_internal("fitness {} is not known", static_cast<int>(kind));
}

std::vector<std::vector<Priced>> priced(const Sensitivity& sensitivity, Fitness kind) {
  const std::int64_t before = harm_of(sensitivity.as_trained, kind);
  std::vector<std::vector<Priced>> all;
  double most = 0;  // that layers may come to
  for (const std::vector<Alone>& choices : sensitivity.layers) {
    double worst = 0;
    std::vector<Priced>& own = all.emplace_back();
    for (const Alone& one : choices) {
      own.push_back({one.bits, harm_of(one.tally, kind) - before});
      worst = std::max(worst, std::fabs(static_cast<double>(own.back().harm)));
    }
    most += worst;
  }
  std::int64_t unit = 1;
  while (most / static_cast<double>(unit) > std::ldexp(1.0, 55)) unit *= 2;
  for (std::vector<Priced>& choices : all) {
    for (Priced& one : choices) one.harm /= unit;
  }
  return all;
}

}  // namespace vbq
