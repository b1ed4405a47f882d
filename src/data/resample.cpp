#include "data/resample.hpp"

#include <algorithm>
#include <cmath>

namespace vbq {
namespace {

constexpr int kBits =
    22;  // of the weights' fraction: 8 bits of pixel and 2 of headroom for bicubic's overshoot are left

double bilinear(double x) { return std::abs(x) < 1.0 ? 1.0 - std::abs(x) : 0.0; }

// Keys' kernel with a = -1/2.
double bicubic(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1;
  if (x < 2.0) return (((x - 5) * x + 8) * x - 4) * a;
  return 0.0;
}

// One output sample: input samples first.. and their weights, in 2^-kBits, which add up to about one.
struct Taps {
  std::int64_t first = 0;
  std::vector<std::int32_t> weights;
};

// The kernel is stretched by the factor of reduction (antialiasing), never shrunk, and cut at the borders.
std::vector<Taps> taps_of(std::int64_t from, std::int64_t to, Interpolation interpolation) {
  const auto kernel = interpolation == Interpolation::bilinear ? bilinear : bicubic;
  const double scale = static_cast<double>(from) / static_cast<double>(to), stretch = std::max(scale, 1.0);
  const double support = (interpolation == Interpolation::bilinear ? 1.0 : 2.0) * stretch;
  std::vector<Taps> all(static_cast<std::size_t>(to));
  std::vector<double> weights;
  for (std::int64_t i = 0; i < to; ++i) {
    const double centre = (static_cast<double>(i) + 0.5) * scale;
    const auto first = std::max<std::int64_t>(static_cast<std::int64_t>(centre - support + 0.5), 0);
    const auto end = std::min(static_cast<std::int64_t>(centre + support + 0.5), from);
    weights.clear();
    double sum = 0;
    for (std::int64_t x = first; x < end; ++x) {
      weights.push_back(kernel((static_cast<double>(x) - centre + 0.5) * (1.0 / stretch)));
      sum += weights.back();
    }
    Taps& taps = all[static_cast<std::size_t>(i)];
    taps.first = first;
    for (const double weight : weights) {
      const double fixed = weight * (sum == 0 ? 1.0 : 1.0 / sum) * (1 << kBits);
      taps.weights.push_back(static_cast<std::int32_t>(fixed < 0 ? fixed - 0.5 : fixed + 0.5));
    }
  }
  return all;
}

std::uint8_t rounded(std::int32_t sum) { return static_cast<std::uint8_t>(std::clamp(sum >> kBits, 0, 255)); }

// Samples of one output are `stride` apart.
std::uint8_t weighted(const Taps& taps, const std::uint8_t* in, std::int64_t stride) {
  std::int32_t sum = 1 << (kBits - 1);
  in += taps.first * stride;
  for (const std::int32_t weight : taps.weights) {
    sum += weight * *in;
    in += stride;
  }
  return rounded(sum);
}

Picture across(const Picture& in, std::int64_t width, Interpolation interpolation) {
  const std::vector<Taps> taps = taps_of(in.width, width, interpolation);
  Picture out{in.height, width, in.channels, {}};
  out.pixels.reserve(static_cast<std::size_t>(in.height * width * in.channels));
  for (std::int64_t y = 0; y < in.height; ++y) {
    const std::uint8_t* row = in.pixels.data() + y * in.width * in.channels;
    for (const Taps& tap : taps) {
      for (std::int64_t c = 0; c < in.channels; ++c) out.pixels.push_back(weighted(tap, row + c, in.channels));
    }
  }
  return out;
}

Picture down(const Picture& in, std::int64_t height, Interpolation interpolation) {
  const std::vector<Taps> taps = taps_of(in.height, height, interpolation);
  const std::int64_t row = in.width * in.channels;
  Picture out{height, in.width, in.channels, {}};
  out.pixels.reserve(static_cast<std::size_t>(height * row));
  std::vector<std::int32_t> sums(static_cast<std::size_t>(row));
  for (const Taps& tap : taps) {
    std::fill(sums.begin(), sums.end(), 1 << (kBits - 1));
    const std::uint8_t* line = in.pixels.data() + tap.first * row;
    for (const std::int32_t weight : tap.weights) {
      for (std::size_t x = 0; x < sums.size(); ++x) sums[x] += weight * line[x];
      line += row;
    }
    for (const std::int32_t sum : sums) out.pixels.push_back(rounded(sum));
  }
  return out;
}

}  // namespace

Picture resample(const Picture& picture, std::int64_t height, std::int64_t width, Interpolation interpolation) {
  Picture out = width == picture.width ? picture : across(picture, width, interpolation);
  return height == out.height ? out : down(out, height, interpolation);
}

}  // namespace vbq
