// One output channel of a layer: from sums to moments, to gain and shift. The same functions on host and device, so
// that engines cannot drift apart.
#pragma once

#include <cmath>

#include "core/both.hpp"

namespace vbq {

// Of a channel's values and of their squares.
struct ChannelSums {
  double sum = 0, square = 0;
  VBQ_BOTH ChannelSums& operator+=(const ChannelSums& other) {
    sum += other.sum;
    square += other.square;
    return *this;
  }
};

struct ChannelMoments {
  double mean = 0, variance = 0;
};

// y -> gain * y + shift.
struct ChannelMatching {
  float gain = 1, shift = 0;
};

// count: values that were summed; none count as one.
VBQ_BOTH inline ChannelMoments moments_of(const ChannelSums& sums, double count) {
  const double n = count > 1 ? count : 1.0;
  const double mean = sums.sum / n, variance = sums.square / n - mean * mean;
  return {mean, variance > 0 ? variance : 0.0};
}

// Of a layer's own outputs y, from those of y s + t (a batch norm folded into it); zeros where s is 0.
VBQ_BOTH inline ChannelMoments before_norm(const ChannelMoments& after, double s, double t) {
  if (s == 0) return {};
  return {(after.mean - t) / s, after.variance / (s * s)};
}

// (y - mean_now) sqrt(variance_then / variance_now) + mean_then. The gain is kept within 1/8..8, and is 1 for a channel
// that does not vary: then only the mean is matched. Gain 1 and shift 0 where moments are not finite.
VBQ_BOTH inline ChannelMatching matching_of(const ChannelMoments& now, const ChannelMoments& then) {
  constexpr double kMost = 8;  // a channel that would need more is broken, and more would not mend it
  // Below this, the variance is rounding: sums of squares are exact to about 1e-16 of the square.
  const double least = 1e-12 * (now.mean * now.mean + 1e-12);
  const bool varies = now.variance > least && then.variance > least;
  const double wanted = varies ? std::sqrt(then.variance / now.variance) : 1.0;
  const auto gain = static_cast<float>(wanted < 1 / kMost ? 1 / kMost : (kMost < wanted ? kMost : wanted));
  const double shift = then.mean - static_cast<double>(gain) * now.mean;
  // x - x is 0 for finite numbers alone.
  if (gain - gain != 0 || shift - shift != 0) return {};
  return {gain, static_cast<float>(shift)};
}

// What gain * y + shift before a batch norm adds after it: gain * (y' - t) + shift * s + t with y' = y s + t.
VBQ_BOTH inline float shift_after_norm(const ChannelMatching& matching, double s, double t) {
  return static_cast<float>(static_cast<double>(matching.shift) * s + t - t * static_cast<double>(matching.gain));
}

}  // namespace vbq
