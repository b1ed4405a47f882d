// Images in, counts out: what happens before and after the network, for one item (a batch of a block).
#pragma once

#include <cmath>

#include "engine/cuda/plan/team.hpp"
#include "vbq/tally.hpp"

namespace vbq::cuda {

// The shard in device memory. All pointers: device (host in tests).
struct ShardView {
  const std::uint8_t* pixels = nullptr;  // [count, C, H, W]
  const float* input = nullptr;          // [count, C, H, W], already normalised: what infer() is given; else null
  const float* table = nullptr;          // [C, 256]: what a byte becomes
  const std::int32_t* labels = nullptr;  // [count]
  float* fp32_log_p = nullptr;           // [count, classes]; null without divergence
  std::int64_t count = 0, block = 1;     // images
};

struct Range {
  std::int64_t first, count;
};

// The images of an item: a block is run as ceil(block / batch) items of `batch` images, the last of them shorter.
VBQ_BOTH inline Range images_of(std::int64_t item, std::int64_t batch, std::int64_t block, std::int64_t count) {
  const std::int64_t parts = (block + batch - 1) / batch;
  const std::int64_t start = item / parts * block;
  const std::int64_t first = start + item % parts * batch;
  std::int64_t end = first + batch;
  if (end > start + block) end = start + block;
  if (end > count) end = count;
  return {first, end > first ? end - first : 0};
}

// The network's input of a whole batch; images beyond the item's are zeros.
struct Normalise {
  Layout y;  // of the network's input
  std::int64_t batch = 1;
  int plane = 1;                       // H * W
  const ShardView* shard = nullptr;    // device
  const std::int64_t* item = nullptr;  // device: which item is next
  VBQ_BOTH bool operator()(std::int64_t n, std::int64_t place, float& v) const {
    const Range images = images_of(*item, batch, shard->block, shard->count);
    Index i;
    v = 0;
    if (n >= images.count || !y.index_of(place, i)) return true;
    const std::int64_t number = y.number_of(i);
    const std::int64_t at = (images.first + n) * plane * (y.extent[0]) + number;
    v = shard->input != nullptr ? shard->input[at]
                                : shard->table[static_cast<int>(number) / plane * 256 + shard->pixels[at]];
    return true;
  }
};

// Outputs of one image by class; `y` lies as `layout` says.
struct ClassView {
  In y;
  const Layout* layout;
  std::int64_t first;  // place of the image
  int classes;
  VBQ_BOTH float operator[](int c) const { return y[first + layout->place_of_number(c)]; }
};

VBQ_BOTH inline bool is_finite(float v) { return v - v == 0.0F; }

// As fixed_point() of engine/common/tally.hpp.
VBQ_BOTH inline std::int64_t to_fixed(double nats) {
  if (!(nats <= kLossLimit)) nats = kLossLimit;  // NaN, too
  if (nats < 0) nats = 0;
  return std::llround(nats * kLossUnit);
}

// log(sum(exp(y))); 0 for probabilities.
template <typename Team>
VBQ_BOTH double log_sum_exp(Team team, const ClassView& y, bool probabilities) {
  if (probabilities) return 0;
  double most = -INFINITY, sum = 0;
  for (int c = team.rank(); c < y.classes; c += team.size()) {
    if (most < y[c]) most = y[c];
  }
  most = team.largest(most);
  for (int c = team.rank(); c < y.classes; c += team.size()) sum += std::exp(y[c] - most);
  return most + std::log(team.sum(sum));
}

VBQ_BOTH inline double log_of(float y, bool probabilities, double normaliser) {
  constexpr double kTiny = 1.1754943508222875e-38;  // keeps log(0) finite
  if (!probabilities) return y - normaliser;
  return std::log(y > kTiny ? static_cast<double>(y) : kTiny);
}

// The rule of count_image() in engine/common/tally.hpp, shared by a team. Sums of classes are added in another order
// when the team is larger than one, so a loss may differ in its last digit, never from one run to the next.
template <typename Team>
VBQ_BOTH Tally count_outputs(Team team, const ClassView& y, std::int32_t label, bool probabilities,
                             const float* fp32_log_p) {
  Tally tally;
  tally.seen = 1;
  const float own = y[label];
  double broken = 0, better = 0;
  for (int c = team.rank(); c < y.classes; c += team.size()) {
    const float v = y[c];
    broken += is_finite(v) ? 0 : 1;
    better += c < label ? v >= own : (c > label && v > own);
  }
  if (team.sum(broken) > 0) {
    tally.loss = to_fixed(kLossLimit);
    if (fp32_log_p != nullptr) tally.divergence = to_fixed(kLossLimit);
    return tally;
  }
  better = team.sum(better);
  tally.top1 = better < 1;
  tally.top5 = better < 5;
  const double normaliser = log_sum_exp(team, y, probabilities);
  tally.loss = to_fixed(-log_of(own, probabilities, normaliser));
  if (fp32_log_p == nullptr) return tally;
  double divergence = 0;
  for (int c = team.rank(); c < y.classes; c += team.size()) {
    const double log_fp32 = fp32_log_p[c];
    divergence += std::exp(log_fp32) * (log_fp32 - log_of(y[c], probabilities, normaliser));
  }
  tally.divergence = to_fixed(team.sum(divergence));
  return tally;
}

// What the last kernel of an item does with image n.
struct Count {
  Layout y;  // of the network's output
  int classes = 1;
  bool probabilities = false, record = false;  // record: keeps log p instead of counting
  std::int64_t batch = 1;
  In outputs;
  const ShardView* shard = nullptr;
  const std::int64_t* item = nullptr;

  // False where the item has no image n; tally is then left as it is, and always with `record`.
  template <typename Team>
  VBQ_BOTH bool operator()(Team team, std::int64_t n, Tally& tally) const {
    const Range images = images_of(*item, batch, shard->block, shard->count);
    if (n >= images.count) return false;
    const std::int64_t image = images.first + n;
    const ClassView of{outputs, &y, n * y.image, classes};
    float* log_p = shard->fp32_log_p == nullptr ? nullptr : shard->fp32_log_p + image * classes;
    if (!record) {
      tally = count_outputs(team, of, shard->labels[image], probabilities, log_p);
      return true;
    }
    const double normaliser = log_sum_exp(team, of, probabilities);
    for (int c = team.rank(); c < classes; c += team.size()) {
      log_p[c] = static_cast<float>(log_of(of[c], probabilities, normaliser));
    }
    return false;
  }
};

}  // namespace vbq::cuda
