#include "engine/common/moments.hpp"

#include <algorithm>
#include <cmath>

#include "core/check.hpp"

namespace vbq {

void MomentSums::add(const MomentSums& other) {
  for (std::size_t c = 0; c < sum.size(); ++c) {
    sum[c] += other.sum[c];
    square[c] += other.square[c];
  }
  count += other.count;
}

Moments MomentSums::moments() const {
  Moments result;
  const double n = std::max(count, 1.0);
  for (std::size_t c = 0; c < sum.size(); ++c) {
    const double mean = sum[c] / n;
    result.mean.push_back(mean);
    result.variance.push_back(std::max(0.0, square[c] / n - mean * mean));
  }
  return result;
}

void set_matching(const Moments& now, const Moments& then, LayerFormat& format) {
  constexpr double kMost = 8;  // a channel that would need more is broken, and more would not mend it
  if (now.mean.size() != then.mean.size()) {
    fail_internal("moments of {} and {} channels were to be matched", now.mean.size(), then.mean.size());
  }
  format.gain.clear();
  format.shift.clear();
  for (std::size_t c = 0; c < now.mean.size(); ++c) {
    // Below this, the variance is rounding: sums of squares are exact to about 1e-16 of the square.
    const double least = 1e-12 * (now.mean[c] * now.mean[c] + 1e-12);
    const bool varies = now.variance[c] > least && then.variance[c] > least;
    const double wanted = varies ? std::sqrt(then.variance[c] / now.variance[c]) : 1.0;
    const float gain = static_cast<float>(std::clamp(wanted, 1 / kMost, kMost));
    const double shift = then.mean[c] - static_cast<double>(gain) * now.mean[c];
    const bool finite = std::isfinite(gain) && std::isfinite(shift);
    format.gain.push_back(finite ? gain : 1.0F);
    format.shift.push_back(finite ? static_cast<float>(shift) : 0.0F);
  }
}

}  // namespace vbq
