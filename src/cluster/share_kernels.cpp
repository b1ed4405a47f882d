#include "cluster/share_kernels.hpp"

#include <span>
#include <string>
#include <vector>

#include "cluster/agree.hpp"
#include "cluster/messages.hpp"

namespace vbq {

void broadcast(Communicator& world, Kernels& kernels) {
  std::string archive = world.rank() == 0 ? pack(kernels) : std::string();
  world.broadcast(archive);
  kernels = unpack<Kernels>(archive);
}

Kernels share_kernels(Communicator& world, const EngineOptions& options, const FirstEngine& first) {
  const bool has_choice = options.kind == EngineKind::cuda || options.kind == EngineKind::automatic;
  if (!has_choice || !options.tune || !options.kernels.empty()) return options.kernels;
  const bool is_first = world.rank() == 1;
  const std::vector<std::string> said = world.gather(is_first && first.measures(options) ? "yes" : "");
  std::int64_t measures = said.empty() ? 0 : static_cast<std::int64_t>(!said.at(1).empty());
  world.broadcast(std::span(&measures, 1));
  if (measures == 0) return {};
  const Kernels made = agree(world, [&] { return is_first ? first.make() : Kernels(); });
  const std::vector<std::string> archives = world.gather(is_first ? pack(made) : std::string());
  Kernels kernels;
  if (!archives.empty()) kernels = unpack<Kernels>(archives.at(1));
  broadcast(world, kernels);
  return kernels;
}

}  // namespace vbq
