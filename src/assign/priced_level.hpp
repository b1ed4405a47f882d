// The choice of a level where telling it has a price. The same function on host and device, so that engines cannot
// drift apart.
#pragma once

#include "core/both.hpp"

namespace vbq {

// Of `count` ascending levels those within two of the nearest, and `zero` if it is 0: the one with the least
// (x - level)^2 importance + costs[level]; the nearest, then the lower, where two are as good. See RateChooser.
VBQ_BOTH inline int cheapest_level(float x, float importance, const float* levels, int count, const float* costs,
                                   int nearest, int zero) {
  const auto cost_of = [&](int k) {
    const float off = x - levels[k];
    return off * off * importance + costs[k];
  };
  int best = nearest;
  float least = cost_of(nearest);
  const auto consider = [&](int k) {
    const float cost = cost_of(k);
    if (cost < least) {
      least = cost;
      best = k;
    }
  };
  for (int k = nearest < 2 ? 0 : nearest - 2; k <= nearest + 2 && k < count; ++k) consider(k);
  if (levels[zero] == 0.0F) consider(zero);
  return best;
}

}  // namespace vbq
