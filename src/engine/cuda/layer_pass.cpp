#include "engine/cuda/layer_pass.hpp"

#include <deque>
#include <utility>

#include "core/log.hpp"
#include "vbq/error.hpp"

namespace vbq::cuda {
namespace {

// A further lane takes this part of the free memory at most: something is left for images that are still to be loaded.
constexpr std::size_t kLeastOfFree = 8;

}  // namespace

LayerPass::LayerPass(std::unique_ptr<PassLane> first, int device, Further further)
    : device_(device), further_(std::move(further)) {
  lanes_.push_back(std::move(first));
  log::debug("engine cuda: {} MiB for a pass of one network", lanes_.front()->bytes() >> 20);
}

PassLane* LayerPass::started_in_another(const NetworkFormat& formats, bool matched) {
  const PassLane& first = *lanes_.front();
  full_ = full_ || std::ssize(lanes_) >= kPassesAtOnce || first.bytes() > free_memory() / kLeastOfFree;
  if (full_) return nullptr;
  try {  // the first start, too, takes memory
    auto lane = std::make_unique<PassLane>(first, further_(first.kernels()));
    lane->start(formats, matched);
    lanes_.push_back(std::move(lane));
    return lanes_.back().get();
  } catch (const Error& error) {
    if (error.fault() == Fault::internal) throw;
    log::debug("engine cuda: no more than {} networks in a pass at once: {}", lanes(), error.what());
    full_ = true;
    return nullptr;
  }
}

std::vector<NetworkFormat> LayerPass::run(std::span<const NetworkFormat> networks, bool matched) {
  use_device(device_);
  std::vector<NetworkFormat> found;
  found.reserve(networks.size());
  std::deque<PassLane*> busy;  // in the order in which they were started
  for (const NetworkFormat& formats : networks) {
    const std::size_t number = found.size() + busy.size();
    PassLane* lane = nullptr;
    if (number >= lanes()) lane = started_in_another(formats, matched);
    if (lane == nullptr) {
      if (number < lanes()) {
        lane = lanes_[number].get();
      } else {
        lane = busy.front();
        busy.pop_front();
        found.push_back(lane->finish());
      }
      lane->start(formats, matched);
    }
    busy.push_back(lane);
  }
  for (PassLane* lane : busy) found.push_back(lane->finish());
  return found;
}

}  // namespace vbq::cuda
