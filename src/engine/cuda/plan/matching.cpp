#include "engine/cuda/plan/matching.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "assign/moments.hpp"

namespace vbq::cuda {
namespace {

constexpr std::int64_t kRowsOfLane = 32;  // fewer are not worth a thread
constexpr std::int64_t kMostParts = 512;  // beyond, lanes take more rows

// Threads that lie side by side read places that do, as far as there are channels.
ChannelBlocks tiling_of(const Layout& layout) {
  ChannelBlocks tiling;
  tiling.channels = layout.channels();
  while (tiling.width < std::min(tiling.channels, 32)) tiling.width *= 2;
  return tiling;
}

// A channel's values, over all images.
std::int64_t rows_of(const Plan& plan, const Layout& layout) { return plan.batch * (layout.image / layout.padded); }

// By the layer alone, so that sums are added in the same order on every GPU.
int parts_of(const Plan& plan, const Layout& layout) {
  const std::int64_t rows = kRowsOfLane * tiling_of(layout).lanes();
  return static_cast<int>(std::clamp<std::int64_t>((rows_of(plan, layout) + rows - 1) / rows, 1, kMostParts));
}

}  // namespace

Affine scaling(const Layout& layout, Out y, const float* gain, const float* add) {
  Affine op;
  op.y = layout;
  op.axis = layout.channel;
  op.clamp = {-INFINITY, INFINITY};
  op.in[0] = In{y.data, y.type};  // each place is read and written by one thread
  op.in[2] = In{gain, Type::fp32};
  op.in[3] = In{add, Type::fp32};
  return op;
}

MatchingPass::MatchingPass(const Plan& plan) : plan_(plan) {
  for (const Plan::LayerPoint& point : plan_.layer_points) {
    first_.push_back(channels_);
    channels_ += static_cast<std::size_t>(point.output.layout.channels());
  }
}

std::size_t MatchingPass::parts() const {
  std::size_t most = 0;
  for (const Plan::LayerPoint& point : plan_.layer_points) {
    const Layout& layout = point.output.layout;
    most =
        std::max(most, static_cast<std::size_t>(parts_of(plan_, layout)) * static_cast<std::size_t>(layout.channels()));
  }
  return most;
}

std::vector<float> MatchingPass::norms() const {
  std::vector<float> norms(2 * channels_, 0.0F);
  std::fill_n(norms.begin(), channels_, 1.0F);
  for (std::size_t k = 0; k < first_.size(); ++k) {
    const Layer& layer = plan_.layers[static_cast<std::size_t>(plan_.layer_points[k].layer)];
    const auto at = norms.begin() + static_cast<std::ptrdiff_t>(first_[k]);
    std::ranges::copy(layer.scale, at);
    std::ranges::copy(layer.shift, at + static_cast<std::ptrdiff_t>(channels_));
  }
  return norms;
}

SumRows MatchingPass::sum_of(std::size_t point, Out y, const MatchingMemory& memory) const {
  const Layout& layout = plan_.layer_points[point].output.layout;
  SumRows op;
  op.y = In{y.data, y.type};
  op.out = memory.parts;
  op.rows = rows_of(plan_, layout);
  op.padded = layout.padded;
  op.parts = parts_of(plan_, layout);
  op.tiling = tiling_of(layout);
  return op;
}

MatchChannels MatchingPass::match_of(std::size_t point, bool record, const MatchingMemory& memory) const {
  const Layout& layout = plan_.layer_points[point].output.layout;
  const std::size_t first = first_[point];
  MatchChannels op;
  op.in = memory.parts;
  op.parts = parts_of(plan_, layout);
  op.count = static_cast<double>(rows_of(plan_, layout));
  op.tiling = tiling_of(layout);
  op.norm_scale = memory.norms + first;
  op.norm_shift = memory.norms + channels_ + first;
  op.record = record;
  op.trained = memory.trained + first;
  op.gain = memory.matching + first;
  op.shift = memory.matching + channels_ + first;
  op.add = memory.matching + 2 * channels_ + first;
  return op;
}

void MatchingPass::check_point(const Network& network, std::span<const ChannelMoments> trained,
                               std::size_t point) const {
  const Plan::LayerPoint& layer = plan_.layer_points[point];
  const int node = plan_.layers[static_cast<std::size_t>(layer.layer)].node;
  std::vector<double> means;
  const auto channels = static_cast<std::size_t>(layer.output.layout.channels());
  for (const ChannelMoments& channel : trained.subspan(first_[point], channels)) means.push_back(channel.mean);
  check_trained(network.nodes[static_cast<std::size_t>(node)], means);
}

void MatchingPass::put(std::span<const float> matching, NetworkFormat& formats) const {
  for (std::size_t k = 0; k < first_.size(); ++k) {
    const Plan::LayerPoint& point = plan_.layer_points[k];
    const int node = plan_.layers[static_cast<std::size_t>(point.layer)].node;
    const auto format = std::ranges::find(formats, node, &LayerFormat::node);
    if (format == formats.end()) continue;
    const auto channels = static_cast<std::size_t>(point.output.layout.channels());
    const auto gains = matching.subspan(first_[k], channels),
               shifts = matching.subspan(channels_ + first_[k], channels);
    format->gain.assign(gains.begin(), gains.end());
    format->shift.assign(shifts.begin(), shifts.end());
  }
}

}  // namespace vbq::cuda
