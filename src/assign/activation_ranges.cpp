#include "assign/activation_ranges.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>

#include "assign/rounded_sums.hpp"
#include "core/check.hpp"

namespace vbq {
namespace {

constexpr int kEnds = 40;         // tried on each side
constexpr double kShrink = 0.96;  // from one to the next

struct Ends {
  float low = 0, high = 0;
};

// Sum over the histogram of count * (x - rounded x)^2, x a bin's middle.
double squared_error(const ActivationHistogram& histogram, double scale, double zero_point, double most) {
  const double width = (static_cast<double>(histogram.high) - histogram.low) / ActivationHistogram::kBins;
  double sum = 0;
  for (int i = 0; i < ActivationHistogram::kBins; ++i) {
    const std::int64_t count = histogram.counts[static_cast<std::size_t>(i)];
    if (count == 0) continue;
    const double x = histogram.low + (i + 0.5) * width;
    const double q = std::clamp(std::nearbyint(x / scale) + zero_point, 0.0, most);
    const double error = x - (q - zero_point) * scale;
    sum += static_cast<double>(count) * error * error;
  }
  return sum;
}

// each(place, image, x) for all images and places, a place's images on several threads.
using Each = std::function<void(std::size_t place, std::int64_t image, const TapView& x)>;
void show_all(LayerRunner& runner, const CalibrationImages& images, std::int64_t at_once,
              const std::vector<ActivationPlace>& places, const Each& each,
              const std::function<void(std::size_t place)>& done) {
  for (std::int64_t first = 0; first < images.count; first += at_once) {
    runner.load(images.read(first, std::min(at_once, images.count - first)));
    for (std::size_t i = 0; i < places.size(); ++i) {
      const auto tap = [&](std::int64_t image, const TapView& x) { each(i, image, x); };
      if (places[i].side == ActivationRange::Side::input) {
        runner.inputs(places[i].layer, tap);
      } else {
        runner.outputs(places[i].layer, tap);
      }
      done(i);
    }
  }
}

}  // namespace

ActivationRange fit_range(const ActivationHistogram& histogram, ActivationRange range) {
  const int most = (1 << range.bits) - 1;
  double least = -1;
  double low = histogram.low;
  for (int i = 0; i < (histogram.low < 0 ? kEnds : 1); ++i, low *= kShrink) {
    double high = histogram.high;
    for (int k = 0; k < (histogram.high > 0 ? kEnds : 1); ++k, high *= kShrink) {
      const auto scale = static_cast<float>((high - low) / most);
      if (!std::isnormal(scale)) continue;  // nothing but zeros was seen, or what is as good as zero
      const double zero_point = std::clamp(std::nearbyint(-low / scale), 0.0, static_cast<double>(most));
      const double error = squared_error(histogram, scale, zero_point, most);
      if (least >= 0 && error >= least) continue;
      least = error;
      range.scale = scale;
      range.zero_point = static_cast<int>(zero_point);
    }
  }
  return range;
}

ActivationRanges calibrate_activations(const Network& network, std::span<const int> layers, int bits, Engine& engine,
                                       const CalibrationImages& images) {
  const std::vector<ActivationPlace> places = activation_places(network, layers);
  const std::int64_t at_once = images.at_once(network);
  const std::unique_ptr<LayerRunner> runner = engine.open(at_once);
  std::vector<ActivationHistogram> histograms(places.size());
  const auto name_of_layer = [&](std::size_t i) {
    return network.nodes[static_cast<std::size_t>(places[i].layer)].name;
  };

  std::vector<Ends> ends(static_cast<std::size_t>(at_once));  // of each image at one place
  show_all(
      *runner, images, at_once, places,
      [&](std::size_t, std::int64_t image, const TapView& x) {
        Ends& own = ends[static_cast<std::size_t>(image)] = {};
        for (const float v : x.all()) {
          own.low = v < own.low ? v : own.low;
          own.high = v > own.high || v != v ? v : own.high;  // a NaN stays
        }
      },
      [&](std::size_t i) {
        for (Ends& one : ends) {
          if (!std::isfinite(one.low) || !std::isfinite(one.high)) {
            fail(
                "the network as trained gives values that are not finite at layer \"{}\": its activations cannot be "
                "quantised",
                name_of_layer(i));
          }
          histograms[i].low = std::min(histograms[i].low, one.low);
          histograms[i].high = std::max(histograms[i].high, one.high);
          one = {};
        }
      });

  constexpr int kBins = ActivationHistogram::kBins;
  std::vector<std::vector<std::int32_t>> counts(static_cast<std::size_t>(at_once), std::vector<std::int32_t>(kBins));
  show_all(
      *runner, images, at_once, places,
      [&](std::size_t i, std::int64_t image, const TapView& x) {
        const double low = histograms[i].low, width = (histograms[i].high - low) / kBins;
        std::vector<std::int32_t>& own = counts[static_cast<std::size_t>(image)];
        for (const float v : x.all()) {
          if (v == 0) continue;
          ++own[static_cast<std::size_t>(std::clamp((v - low) / width, 0.0, kBins - 1.0))];
        }
      },
      [&](std::size_t i) {
        for (std::vector<std::int32_t>& one : counts) {
          for (int b = 0; b < kBins; ++b)
            histograms[i].counts[static_cast<std::size_t>(b)] += std::exchange(one[static_cast<std::size_t>(b)], 0);
        }
      });

  ActivationRanges ranges(places.size());
  engine.parallel(std::ssize(places), [&](std::int64_t item) {
    const auto i = static_cast<std::size_t>(item);
    ranges[i] = fit_range(histograms[i], {name_of_layer(i), places[i].side, activation_bits(places[i], bits), 1, 0});
  });
  part_from_halves(rounded_sums(network, places), ranges);
  return ranges;
}

}  // namespace vbq
