// Tally: what inference counted; adds exactly, in any order.
#pragma once

#include <cstdint>

#include "vbq/label.hpp"

namespace vbq {

// Losses are summed as 64-bit fixed point with this many units a nat, so that a sum does not depend on its order.
// A single image's loss is clamped to kLossLimit nats: two million images stay below 2^63.
inline constexpr double kLossUnit = 4294967296.0;  // 2^32
inline constexpr double kLossLimit = 1024.0;       // nats

// How far a network's outputs for one image are from the FP32 network's: what a tally counts as divergence.
struct Comparison {
  enum class Of {
    probabilities,  // KL(FP32 network || this network), nats, of softmax(logits / temperature)
    outputs,        // mean over classes of the square of the difference of logits, each less their mean over classes
  };
  Of of = Of::probabilities;
  double temperature = 1;  // of probabilities; outputs have none
  bool operator==(const Comparison&) const = default;
};

// Integers only. Layout is fixed (five consecutive int64), because ranks add tallies with one MPI_Reduce.
struct Tally {
  std::int64_t seen = 0;        // images
  std::int64_t top1 = 0;        // images whose label has the largest output
  std::int64_t top5 = 0;        // images whose label is among the five largest outputs
  std::int64_t loss = 0;        // sum of -log p(label), in 1 / kLossUnit nats
  std::int64_t divergence = 0;  // sum of what a Comparison says, in 1 / kLossUnit; 0 when not asked for

  Tally& operator+=(const Tally& other) {
    seen += other.seen;
    top1 += other.top1;
    top5 += other.top5;
    loss += other.loss;
    divergence += other.divergence;
    return *this;
  }
  bool operator==(const Tally&) const = default;
};
static_assert(sizeof(Tally) == 5 * sizeof(std::int64_t));

// Of one image.
struct ImageTally {
  Tally tally;
  std::int32_t taken_for = kNoLabel;  // class_of() in engine/common/tally.hpp
  bool operator==(const ImageTally&) const = default;
};

// Means over the images seen, in nats (of Comparison::Of::outputs: squares); 0 for an empty tally.
inline double mean_loss(const Tally& t) {
  return t.seen == 0 ? 0.0 : static_cast<double>(t.loss) / kLossUnit / static_cast<double>(t.seen);
}
inline double mean_divergence(const Tally& t) {
  return t.seen == 0 ? 0.0 : static_cast<double>(t.divergence) / kLossUnit / static_cast<double>(t.seen);
}

}  // namespace vbq
