// A pass of moment matching over a plan with bare layers: which operations run, in which order, on which memory.
#pragma once

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "engine/cuda/plan/moments.hpp"
#include "engine/cuda/plan/operators.hpp"
#include "engine/cuda/plan/plan.hpp"
#include "vbq/format.hpp"
#include "vbq/network.hpp"

namespace vbq::cuda {

// What a pass works on; device (host in tests). Channels: those of all layer points, one after another.
struct MatchingMemory {
  ChannelSums* parts = nullptr;       // [MatchingPass::parts()]
  const float* norms = nullptr;       // [2, channels]: MatchingPass::norms()
  ChannelMoments* trained = nullptr;  // [channels]
  float* matching = nullptr;          // [3, channels]: gains, shifts, and what is added after a folded batch norm
};

// y * gain + add, [channels], in place.
Affine scaling(const Layout& layout, Out y, const float* gain, const float* add);

class MatchingPass {
 public:
  // plan: one with bare layers; outlives the pass.
  explicit MatchingPass(const Plan& plan);

  std::size_t channels() const { return channels_; }
  std::size_t parts() const;         // sums that the first stage keeps, of the largest layer
  std::vector<float> norms() const;  // of the batch norms folded into the layers: scales, then shifts

  // Runs the plan up to the last layer that is wanted (formats: one a layer, nullptr for those left alone; empty: all
  // are wanted, and their moments are recorded as those of the network as trained). `machine` has
  //   run(first, last)      steps first..last-1 of the plan
  //   layer(point)          what is to be done before the layer of this point runs, its inputs being there
  //   array(place)          the place's memory, as an Out
  //   sum(op)               a SumRows or MatchChannels
  //   apply(op, y)          an Affine over all images
  // and does, or queues, them in order. matched: else nothing is summed or applied.
  template <typename Machine>
  void run(std::span<const LayerFormat* const> formats, const MatchingMemory& memory, Machine& machine,
           bool matched = true) const;

  // trained: [channels], host, as a pass over the network as trained has left them. Error as check_trained().
  // first(point): called before a point is checked.
  template <typename First>
  void check(const Network& network, std::span<const ChannelMoments> trained, First first) const {
    for (std::size_t k = 0; k < first_.size(); ++k) {
      first(k);
      check_point(network, trained, k);
    }
  }

  // matching: [2, channels], gains and shifts that a pass has left; into the formats of the layers that were matched.
  void put(std::span<const float> matching, NetworkFormat& formats) const;

 private:
  void check_point(const Network& network, std::span<const ChannelMoments> trained, std::size_t point) const;
  SumRows sum_of(std::size_t point, Out y, const MatchingMemory& memory) const;
  MatchChannels match_of(std::size_t point, bool record, const MatchingMemory& memory) const;

  const Plan& plan_;
  std::vector<std::size_t> first_;  // of each layer point: its first channel
  std::size_t channels_ = 0;
};

template <typename Machine>
void MatchingPass::run(std::span<const LayerFormat* const> formats, const MatchingMemory& memory, Machine& machine,
                       bool matched) const {
  const bool record = formats.empty();
  std::size_t done = 0;
  for (std::size_t k = 0; k < plan_.layer_points.size(); ++k) {
    const Plan::LayerPoint& point = plan_.layer_points[k];
    if (!record && formats[static_cast<std::size_t>(point.layer)] == nullptr) continue;
    machine.run(std::exchange(done, point.before), point.before);
    machine.layer(k);
    if (!matched) continue;
    machine.run(std::exchange(done, point.after), point.after);
    const Out y = machine.array(point.output.place);
    machine.sum(sum_of(k, y, memory));
    machine.sum(match_of(k, record, memory));
    if (record) continue;
    const float* gain = memory.matching + first_[k];
    machine.apply(scaling(point.output.layout, y, gain, gain + 2 * channels_), y);
  }
}

}  // namespace vbq::cuda
