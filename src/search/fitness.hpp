// How a tally becomes the number that a search makes larger.
#pragma once

#include <string>

#include "vbq/tally.hpp"

namespace vbq {

enum class Fitness {
  top1,        // share of images whose label has the largest output, 0..1
  loss,        // minus the mean of -log p(label), nats
  divergence,  // minus the mean of KL(FP32 network || quantised network), nats; needs no labels
  outputs,     // minus the mean square of what tells the networks' outputs apart (Comparison::Of::outputs); likewise
};

// Larger is better; finite. 0 for an empty tally.
double fitness(const Tally& tally, Fitness kind);

// The same under a budget of bits a weight, of which the network takes `over` more (less: below 0): minus the logarithm
// of the harm (the divergence or square, the loss, the share of images that are wrong), since harm falls exponentially
// with bits, minus a price of bits. traded: bits below the budget are worth less than they cost in harm, those above it
// cost more. bound: of networks that can use all of a budget and need not exceed it: what is left over is worth
// nothing, and no accuracy makes up for more.
enum class Budgeting { traded, bound };
double fitness_within(const Tally& tally, Fitness kind, double over, Budgeting budgeting = Budgeting::traded);

// Leads by what the FP32 network gives, not by labels.
constexpr bool needs_labels(Fitness kind) { return kind == Fitness::top1 || kind == Fitness::loss; }

// "top1", "loss", "divergence" or "outputs"; Error that names the nearest otherwise.
Fitness parse_fitness(const std::string& name);
const char* fitness_name(Fitness kind);

}  // namespace vbq
