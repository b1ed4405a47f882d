// Moments of a layer's outputs, and the gain and shift that give one network's outputs those of another.
#pragma once

#include <span>
#include <vector>

#include "vbq/format.hpp"
#include "vbq/layer_runner.hpp"
#include "vbq/network.hpp"

namespace vbq {

// Of each output channel over all images and positions.
struct Moments {
  std::vector<double> mean, variance;
};

// Sums of which moments are made; those of parts are added in a fixed order.
struct MomentSums {
  std::vector<double> sum, square;
  double count = 0;  // values of a channel
  explicit MomentSums(std::size_t channels = 0) : sum(channels), square(channels) {}
  void add(const MomentSums& other);
  void add(const TapView& y);  // an image more
  Moments moments() const;
};

// Error that names the layer unless the moments that it has as trained are finite.
void check_trained(const Node& layer, std::span<const double> means);

// matching_of() (channel.hpp) of every channel, as gain and shift of format. Error (internal) where sizes differ.
void set_matching(const Moments& now, const Moments& then, LayerFormat& format);

}  // namespace vbq
