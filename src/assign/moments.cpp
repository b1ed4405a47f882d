#include "assign/moments.hpp"

#include <algorithm>
#include <cmath>

#include "assign/channel.hpp"
#include "core/check.hpp"

namespace vbq {
namespace {

// Of `some` channels, element (k, p) of which lies at y[k * channel + p * position]. Each channel's sums are in order;
// several channels at a time hide how long an addition takes.
template <std::int64_t some>
void add_channels(const float* y, std::int64_t channel, std::int64_t position, std::int64_t plane, double* sum,
                  double* square) {
  double sums[some] = {}, squares[some] = {};
  for (std::int64_t p = 0; p < plane; ++p, y += position) {
    for (std::int64_t k = 0; k < some; ++k) {
      const double v = y[k * channel];
      sums[k] += v;
      squares[k] += v * v;
    }
  }
  for (std::int64_t k = 0; k < some; ++k) {
    sum[k] += sums[k];
    square[k] += squares[k];
  }
}

}  // namespace

void MomentSums::add(const TapView& y) {
  constexpr std::int64_t kSome = 8;
  for (std::int64_t c = 0; c < y.channels;) {
    const float* from = y.data + y.offset(c);
    double *to = &sum[static_cast<std::size_t>(c)], *squares = &square[static_cast<std::size_t>(c)];
    const std::int64_t left = y.channels - c;
    if (y.block == 1 && left >= kSome) {
      add_channels<kSome>(from, y.plane, 1, y.plane, to, squares);
      c += kSome;
    } else if (y.block > 1 && std::min(left, y.block - c % y.block) >= kSome) {
      add_channels<kSome>(from, 1, y.block, y.plane, to, squares);
      c += kSome;
    } else {
      add_channels<1>(from, 1, y.block, y.plane, to, squares);
      ++c;
    }
  }
  count += static_cast<double>(y.plane);
}

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
