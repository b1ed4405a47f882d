// Sensitivity: what becomes of a network where one layer alone takes one of its choices and all others stay FP32.
#pragma once

#include <cstdint>
#include <vector>

#include "search/allocate.hpp"
#include "search/fitness.hpp"
#include "vbq/tally.hpp"

namespace vbq {

struct Alone {
  Tally tally;            // over the search images; seen == 0: not measured yet
  std::int64_t bits = 0;  // that the layer's weights take, codebook and scales with them
  bool operator==(const Alone&) const = default;
};

struct Sensitivity {
  Tally as_trained;                        // nothing quantised
  std::vector<std::vector<Alone>> layers;  // [chromosomes][choices], the last is FP32
  bool operator==(const Sensitivity&) const = default;
};

// Harm of each choice as the fitness sees it, beyond that of the network as trained, in units of the tally: nats /
// kLossUnit, or images, summed over the search images; halved as often as it takes for all layers' to fit 55 bits,
// which leaves room for a factor of 64. Harms of several layers are taken to add up.
std::vector<std::vector<Priced>> priced(const Sensitivity& sensitivity, Fitness kind);

// What the fitness of a tally is made of, before it is divided by the images and turned round: less is better.
std::int64_t harm_of(const Tally& tally, Fitness kind);

}  // namespace vbq
