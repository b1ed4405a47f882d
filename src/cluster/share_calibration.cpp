#include "cluster/share_calibration.hpp"

#include <string>
#include <utility>
#include <vector>

#include "cluster/agree.hpp"
#include "cluster/messages.hpp"
#include "cluster/prepare.hpp"
#include "evaluate/calibrate.hpp"

namespace vbq {

std::shared_ptr<const Calibration> share_calibration(Communicator& world, const Problem& problem) {
  const std::vector<int> layers = agree(world, [&] { return layers_to_calibrate(problem); });
  if (layers.empty()) return nullptr;
  auto result = std::make_shared<Calibration>();
  const bool alone = world.size() == 1;
  const EngineOptions options = prepare(world, problem);

  const auto workers = static_cast<std::size_t>(alone ? 1 : world.size() - 1);
  const auto own = static_cast<std::size_t>(alone ? 0 : world.rank() - 1);  // of rank 0 among others: none
  std::vector<int> mine;
  for (std::size_t i = own; i < layers.size() && (alone || world.rank() != 0); i += workers) mine.push_back(layers[i]);
  std::vector<LayerFactor> made = agree(world, [&] { return calibrate(problem, mine, options); });
  if (alone) {
    result->factors = std::move(made);
    return result;
  }
  // A layer at a time, which keeps each message below MPI's limit.
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const bool has = world.rank() != 0 && i % workers == own;
    const std::vector<std::string> all = world.gather(has ? pack(made[i / workers]) : std::string());
    std::string archive = world.rank() == 0 ? all[i % workers + 1] : std::string();
    world.broadcast(archive);
    result->factors.push_back(unpack<LayerFactor>(archive));
  }
  return result;
}

ActivationRanges share_activations(Communicator& world, const Problem& problem) {
  if (problem.format.activations == 0) return {};
  const bool finds = world.rank() + 1 == world.size();
  const std::vector<std::string> all =
      world.gather(agree(world, [&] { return finds ? pack(calibrate_activations(problem)) : std::string(); }));
  std::string archive = world.rank() == 0 ? all.back() : std::string();
  world.broadcast(archive);
  return unpack<ActivationRanges>(archive);
}

}  // namespace vbq
