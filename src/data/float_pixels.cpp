#include "data/float_pixels.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "core/check.hpp"
#include "data/dataset_checks.hpp"

namespace vbq {
namespace {

// each(value, place, channel) for all values, in order.
template <typename Each>
void each_value(std::span<const float> values, std::int64_t channels, std::int64_t plane, Each each) {
  const auto one = static_cast<std::size_t>(plane), all = static_cast<std::size_t>(channels);
  for (std::size_t i = 0; i < values.size(); ++i) each(values[i], i, i / one % all);
}

Normalisation of_ranges(std::span<const float> values, std::int64_t channels, std::int64_t plane,
                        const std::string& where) {
  const auto all = static_cast<std::size_t>(channels);
  std::vector<float> least(all, std::numeric_limits<float>::infinity()), most(all, -least.front());
  each_value(values, channels, plane, [&](float value, std::size_t, std::size_t c) {
    least[c] = std::min(least[c], value);
    most[c] = std::max(most[c], value);
  });
  Normalisation result;
  for (std::size_t c = 0; c < all; ++c) {
    const double range = static_cast<double>(most[c]) - static_cast<double>(least[c]);
    // A mean and a standard deviation are floats: of a range far from zero they would lose what lies in it.
    const double far = std::max(std::fabs(static_cast<double>(least[c])), std::fabs(static_cast<double>(most[c])));
    if (range > 0 && (range < 1e-30 || far > 1e4 * range)) {
      fail(
          "{} holds values from {} to {} in channel {}, too far from zero for so small a range: values as a network is "
          "fed them were expected",
          where, least[c], most[c], c);
    }
    if (range > 1e30)
      fail("{} holds values from {} to {} in channel {}: that is no image", where, least[c], most[c], c);
    const double std = range > 0 ? 1 / range : 1;
    result.std.push_back(static_cast<float>(std));
    result.mean.push_back(static_cast<float>(-static_cast<double>(least[c]) * std));
  }
  return result;
}

}  // namespace

FloatPixels pixels_of(std::span<const float> values, std::int64_t channels, std::int64_t plane, Normalisation given,
                      const std::string& where) {
  const auto one = static_cast<std::size_t>(channels * plane);
  each_value(values, channels, plane, [&](float value, std::size_t i, std::size_t) {
    if (!std::isfinite(value))
      fail("{}: image {} (counted from 0) holds {}: numbers were expected", where, i / one, value);
  });
  const bool known = !given.mean.empty() || !given.std.empty();
  FloatPixels result;
  result.normalisation =
      complete_normalisation(known ? std::move(given) : of_ranges(values, channels, plane, where), channels, where);
  result.pixels.resize(values.size());
  double squares = 0;
  each_value(values, channels, plane, [&](float value, std::size_t i, std::size_t c) {
    const double mean = result.normalisation.mean[c], std = result.normalisation.std[c];
    const double pixel = (static_cast<double>(value) * std + mean) * 255;
    if (pixel < -0.5 || pixel > 255.5) {
      fail(
          "{}: image {} (counted from 0) holds {} in channel {}, which is pixel {:.1f} under mean {} and standard "
          "deviation {}: pixels of 0 to 255 were expected; without --mean and --std the values' own range is taken",
          where, i / one, value, c, pixel, mean, std);
    }
    const double nearest = std::clamp(std::round(pixel), 0.0, 255.0);
    result.pixels[i] = static_cast<std::uint8_t>(nearest);
    squares += (pixel - nearest) * (pixel - nearest);
  });
  result.rounding = std::sqrt(squares / static_cast<double>(values.size()));
  return result;
}

}  // namespace vbq
