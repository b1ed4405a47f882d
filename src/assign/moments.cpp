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

// The same of kBeside channels that lie side by side, in vectors: written once and compiled for each instruction set.
constexpr std::int64_t kBeside = 16;
using Doubles = double __attribute__((vector_size(64), aligned(8), may_alias));
using Floats = float __attribute__((vector_size(32), aligned(4), may_alias));  // as many

[[gnu::always_inline]] inline void sum_beside(const float* y, std::int64_t position, std::int64_t plane, double* sum,
                                              double* square) {
  Doubles sums[2] = {}, squares[2] = {};
  for (std::int64_t p = 0; p < plane; ++p, y += position) {
    const auto* from = reinterpret_cast<const Floats*>(y);
    const Doubles a = __builtin_convertvector(from[0], Doubles), b = __builtin_convertvector(from[1], Doubles);
    sums[0] += a, sums[1] += b;
    squares[0] += a * a, squares[1] += b * b;
  }
  auto *to = reinterpret_cast<Doubles*>(sum), *to_square = reinterpret_cast<Doubles*>(square);
  to[0] += sums[0], to[1] += sums[1];
  to_square[0] += squares[0], to_square[1] += squares[1];
}

using AddBeside = void (*)(const float* y, std::int64_t position, std::int64_t plane, double* sum, double* square);

void plain_beside(const float* y, std::int64_t position, std::int64_t plane, double* sum, double* square) {
  sum_beside(y, position, plane, sum, square);
}

#if defined(__x86_64__)
[[gnu::target("avx2")]] void avx2_beside(const float* y, std::int64_t position, std::int64_t plane, double* sum,
                                         double* square) {
  sum_beside(y, position, plane, sum, square);
}
[[gnu::target("avx512f")]] void avx512_beside(const float* y, std::int64_t position, std::int64_t plane, double* sum,
                                              double* square) {
  sum_beside(y, position, plane, sum, square);
}
#endif

AddBeside best_beside() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return avx512_beside;
  if (__builtin_cpu_supports("avx2")) return avx2_beside;
#endif
  return plain_beside;
}

}  // namespace

void MomentSums::add(const TapView& y) {
  constexpr std::int64_t kSome = 8;
  static const AddBeside add_beside = best_beside();
  for (std::int64_t c = 0; c < y.channels;) {
    const float* from = y.data + y.offset(c);
    double *to = &sum[static_cast<std::size_t>(c)], *squares = &square[static_cast<std::size_t>(c)];
    const std::int64_t left = y.channels - c;
    const std::int64_t beside = y.block == 1 ? 1 : std::min(left, y.block - c % y.block);
    if (y.block == 1 && left >= kSome) {
      add_channels<kSome>(from, y.plane, 1, y.plane, to, squares);
      c += kSome;
    } else if (beside >= kBeside) {
      add_beside(from, y.block, y.plane, to, squares);
      c += kBeside;
    } else if (beside >= kSome) {
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
