// Moment matching as engine cuda does it, on the host: its pass, run by the functions that its kernels call.
#pragma once

#include <utility>
#include <vector>

#include "data/pixel_table.hpp"
#include "engine/common/shard.hpp"
#include "engine/common/weights.hpp"
#include "engine/compare.hpp"
#include "engine/cuda/plan/matching.hpp"
#include "engine/host_plan.hpp"

namespace vbq::test {

// A SumRows or MatchChannels as its kernel does it.
template <typename Op>
void sum_channels(const Op& op) {
  for (int block = 0; block < op.blocks(); ++block) {
    std::vector<ChannelSums> sums;
    for (int t = 0; t < cuda::kSumThreads; ++t) sums.push_back(op(block, t));
    cuda::sum_lanes(sums.data(), op.tiling.width, [](int count, auto work) {
      for (int t = 0; t < count; ++t) work(t);
    });
    for (int t = 0; t < op.tiling.width; ++t) op.finish(block, t, sums[static_cast<std::size_t>(t)]);
  }
}

class HostMatcher {
 public:
  HostMatcher(const Network& network, Shard images, cuda::Type pad_as)
      : network_(network),
        images_(std::move(images)),
        table_(pixel_table(images_.normalisation)),
        layers_(weight_layers(network)),
        plan_(network, images_.images.count, pad_as, HostPlan::Numbers::fp32, true),
        pass_(plan_.plan()),
        parts_(pass_.parts()),
        norms_(pass_.norms()),
        trained_(pass_.channels()),
        matching_(3 * pass_.channels(), std::nanf("")) {
    pass({}, {});
  }
  HostMatcher(const HostMatcher&) = delete;
  HostMatcher& operator=(const HostMatcher&) = delete;

  NetworkFormat match(const NetworkFormat& formats) {
    NetworkFormat result = with_levels(network_, formats);
    pass(result, formats_of(layers_, result));
    pass_.put(std::span(matching_).first(2 * pass_.channels()), result);
    return result;
  }

  std::size_t steps_run() const { return steps_run_; }  // in the last pass
  const cuda::Plan& plan() const { return plan_.plan(); }

  // What MatchingPass::run() wants of a machine.
  void run(std::size_t first, std::size_t last) {
    plan_.run(first, last);
    steps_run_ += last - first;
  }
  static void layer(std::size_t) {}
  cuda::Out array(const cuda::Place& place) { return plan_.out(place); }
  template <typename Op>
  void sum(const Op& op) const {
    sum_channels(op);
  }
  void apply(const cuda::Affine& op, cuda::Out y) { plan_.fill(op, y); }

 private:
  void pass(const NetworkFormat& formats, const std::vector<const LayerFormat*>& of_layers) {
    cuda::ShardView view;
    view.pixels = images_.images.pixels.data();
    view.table = table_.front().data();
    view.count = view.block = images_.images.count;
    plan_.quantise(formats);
    plan_.feed(view, 0);
    steps_run_ = 0;
    pass_.run(of_layers, {parts_.data(), norms_.data(), trained_.data(), matching_.data()}, *this);
  }

  const Network& network_;
  Shard images_;
  PixelTable table_;
  std::vector<int> layers_;
  HostPlan plan_;
  cuda::MatchingPass pass_;
  std::vector<ChannelSums> parts_;
  std::vector<float> norms_;
  std::vector<ChannelMoments> trained_;
  std::vector<float> matching_;
  std::size_t steps_run_ = 0;
};

}  // namespace vbq::test
