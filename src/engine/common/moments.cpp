#include "engine/common/moments.hpp"

#include "core/check.hpp"
#include "engine/common/channel.hpp"

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
