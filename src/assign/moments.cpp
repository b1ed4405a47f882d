#include "assign/moments.hpp"

#include <algorithm>
#include <cmath>

#include "assign/channel.hpp"
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
  for (std::size_t c = 0; c < sum.size(); ++c) {
    const ChannelMoments channel = moments_of({sum[c], square[c]}, count);
    result.mean.push_back(channel.mean);
    result.variance.push_back(channel.variance);
  }
  return result;
}

void check_trained(const Node& layer, std::span<const double> means) {
  if (std::ranges::all_of(means, [](double mean) { return std::isfinite(mean); })) return;
  fail(
      "layer \"{}\" of the network as trained gives outputs that are not finite (NaN or infinite): there is nothing to "
      "match or to assign for; check the images' mean and standard deviation, or take format.matching = \"never\" and "
      "another assignment than \"sequential\"",
      layer.name);
}

void set_matching(const Moments& now, const Moments& then, LayerFormat& format) {
  if (now.mean.size() != then.mean.size()) {
    fail_internal("moments of {} and {} channels were to be matched", now.mean.size(), then.mean.size());
  }
  format.gain.clear();
  format.shift.clear();
  for (std::size_t c = 0; c < now.mean.size(); ++c) {
    const ChannelMatching channel = matching_of({now.mean[c], now.variance[c]}, {then.mean[c], then.variance[c]});
    format.gain.push_back(channel.gain);
    format.shift.push_back(channel.shift);
  }
}

}  // namespace vbq
