// Images in, counts out: what happens before and after the network, for one item (a batch of a block).
#pragma once

#include <cmath>

#include "engine/cuda/plan/run.hpp"
#include "engine/cuda/plan/team.hpp"
#include "vbq/tally.hpp"

namespace vbq::cuda {

// The shard in device memory. All pointers: device (host in tests).
struct ShardView {
  const std::uint8_t* pixels = nullptr;  // [count, C, H, W]
  const float* input = nullptr;          // [count, C, H, W], already normalised: what infer() is given; else null
  const float* table = nullptr;          // [C, 256]: what a byte becomes
  const std::int32_t* labels = nullptr;  // [count]
  float* fp32_log_p = nullptr;           // [count, classes], as compared; null without divergence
  Comparison comparison;                 // what the divergence is
  std::int64_t count = 0, block = 1;     // images
};

struct Range {
  std::int64_t first, count;
};

// The images of an item: a block is run as ceil(block / batch) items of `batch` images, the last of them shorter.
VBQ_BOTH inline Range images_of(std::int64_t item, std::int64_t batch, std::int64_t block, std::int64_t count) {
  // A block is one batch as a rule; divisions of 64 bits would take a GPU longer than all else here.
  const std::int64_t parts = block <= batch ? 1 : (block + batch - 1) / batch;
  const std::int64_t number = parts == 1 ? item : item / parts;
  const std::int64_t start = number * block;
  const std::int64_t first = start + (item - number * parts) * batch;
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
  static constexpr bool kOneByOne = false;
  template <int width>
  VBQ_BOTH void operator()(Run<width>& run) const {
    const Range images = images_of(*item, batch, shard->block, shard->count);
    const int step = y.number_step();
    const std::int64_t at = (images.first + run.n) * plane * y.extent[0] + y.number_of(run.i);
    const int channel = run.i.at[0], next = y.channel == 0 ? 1 : 0;  // whose normalisation it is
    const int count = run.n < images.count ? run.count : 0;
    if (const float* input = shard->input) {
      each<width>([&](int k) { run.v[k] = k < count ? input[at + static_cast<std::int64_t>(k) * step] : 0.0F; });
      return;
    }
    const std::uint8_t* pixels = shard->pixels;
    const float* table = shard->table;
    int pixel[width];
    each<width>([&](int k) { pixel[k] = k < count ? pixels[at + static_cast<std::int64_t>(k) * step] : 0; });
    each<width>([&](int k) { run.v[k] = k < count ? table[(channel + k * next) * 256 + pixel[k]] : 0.0F; });
  }
};

// Outputs of one image by class; `y` lies as `layout` says.
struct ClassView {
  In y;
  const Layout* layout;
  std::int64_t first;  // place of the image
  int classes;
  VBQ_BOTH float operator[](int c) const {
    return y[first + (layout->channels() == classes ? c : layout->place_of_number(c))];
  }
};

VBQ_BOTH inline bool is_finite(float v) { return v - v == 0.0F; }

// As fixed_point() of engine/common/tally.hpp.
VBQ_BOTH inline std::int64_t to_fixed(double nats) {
  if (!(nats <= kLossLimit)) nats = kLossLimit;  // NaN, too
  if (nats < 0) nats = 0;
  return std::llround(nats * kLossUnit);
}

// How outputs become log p as they are compared, see LogP of engine/common/tally.cpp.
struct Softening {
  bool probabilities = false;
  Comparison comparison;
  VBQ_BOTH bool centred() const { return comparison.of == Comparison::Of::outputs; }
  VBQ_BOTH double scaled(float y) const {
    constexpr double kTiny = 1.1754943508222875e-38;  // keeps log(0) finite
    const double t = centred() ? 1 : comparison.temperature;
    if (!probabilities) return static_cast<double>(y) / t;
    return std::log(y > kTiny ? static_cast<double>(y) : kTiny) / t;
  }
};

// What log p is less than scaled y: log(sum(exp(scaled y))), 0 for probabilities as they are; or the mean of scaled y.
template <typename Team>
VBQ_BOTH double normaliser_of(Team team, const ClassView& y, const Softening& by) {
  double most = -INFINITY, sum = 0;
  if (by.centred()) {
    for (int c = team.rank(); c < y.classes; c += team.size()) sum += by.scaled(y[c]);
    return team.sum(sum) / y.classes;
  }
  if (by.probabilities && by.comparison.temperature == 1) return 0;
  for (int c = team.rank(); c < y.classes; c += team.size()) {
    const double v = by.scaled(y[c]);
    if (most < v) most = v;
  }
  most = team.largest(most);
  for (int c = team.rank(); c < y.classes; c += team.size()) sum += std::exp(by.scaled(y[c]) - most);
  return most + std::log(team.sum(sum));
}

// The class that is likeliest by the FP32 network's outputs, or, where they are not known, by y; of equal ones the
// lowest.
template <typename Team>
VBQ_BOTH int likeliest(Team team, const ClassView& y, const float* fp32_log_p) {
  double most = -INFINITY;
  for (int c = team.rank(); c < y.classes; c += team.size()) {
    const double value = fp32_log_p != nullptr ? fp32_log_p[c] : y[c];
    most = value > most ? value : most;
  }
  most = team.largest(most);
  double first = 1 - y.classes;  // minus the class; of outputs that are not finite there may be none
  for (int c = team.rank(); c < y.classes; c += team.size()) {
    const double value = fp32_log_p != nullptr ? fp32_log_p[c] : y[c];
    first = value >= most && -c > first ? -c : first;
  }
  return static_cast<int>(-team.largest(first));
}

// The rule of count_image() in engine/common/tally.hpp, shared by a team. Sums of classes are added in another order
// when the team is larger than one, so a loss may differ in its last digit, never from one run to the next.
template <typename Team>
VBQ_BOTH Tally count_outputs(Team team, const ClassView& y, std::int32_t label, const Softening& by,
                             const float* fp32_log_p) {
  Tally tally;
  tally.seen = 1;
  if (label < 0) label = likeliest(team, y, fp32_log_p);
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
  const Softening plain{by.probabilities, {}};
  double normaliser = normaliser_of(team, y, plain);
  tally.loss = to_fixed(-(plain.scaled(own) - normaliser));
  if (fp32_log_p == nullptr) return tally;
  if (by.centred() || by.comparison.temperature != 1) normaliser = normaliser_of(team, y, by);
  double divergence = 0;
  for (int c = team.rank(); c < y.classes; c += team.size()) {
    const double log_fp32 = fp32_log_p[c], off = log_fp32 - (by.scaled(y[c]) - normaliser);
    divergence += by.centred() ? off * off : std::exp(log_fp32) * off;
  }
  divergence = team.sum(divergence);
  tally.divergence = to_fixed(by.centred() ? divergence / y.classes : divergence);
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
    const Softening by{probabilities, shard->comparison};
    float* log_p = shard->fp32_log_p == nullptr ? nullptr : shard->fp32_log_p + image * classes;
    if (!record) {
      tally = count_outputs(team, of, shard->labels[image], by, log_p);
      return true;
    }
    const double normaliser = normaliser_of(team, of, by);
    for (int c = team.rank(); c < classes; c += team.size()) {
      log_p[c] = static_cast<float>(by.scaled(of[c]) - normaliser);
    }
    return false;
  }
};

}  // namespace vbq::cuda
