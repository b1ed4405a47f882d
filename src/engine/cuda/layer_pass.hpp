// Passes from layer to layer on one GPU, several networks at once: one alone keeps it busy for a fraction of the time.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "engine/cuda/pass_lane.hpp"
#include "vbq/engine.hpp"

namespace vbq::cuda {

class LayerPass final : public DevicePass {
 public:
  // What a further lane is made of: as what the first one was, in these kernels.
  using Further = std::function<std::unique_ptr<Batch>(const Kernels& kernels)>;

  // first: a lane of device, the GPU, which is current. Further ones are made when there are networks for them, as long
  // as the GPU has memory to spare; what is found does not depend on their number.
  LayerPass(std::unique_ptr<PassLane> first, int device, Further further);

  std::vector<NetworkFormat> assign(std::span<const NetworkFormat> networks) override { return run(networks, false); }
  std::vector<NetworkFormat> match(std::span<const NetworkFormat> networks) override { return run(networks, true); }
  std::size_t lanes() const { return lanes_.size(); }

 private:
  std::vector<NetworkFormat> run(std::span<const NetworkFormat> networks, bool matched);
  // A further lane, in which this network has been started; null where there is to be none.
  PassLane* started_in_another(const NetworkFormat& formats, bool matched);

  int device_;
  Further further_;
  std::vector<std::unique_ptr<PassLane>> lanes_;
  bool full_ = false;  // there are to be no more of them
};

}  // namespace vbq::cuda
