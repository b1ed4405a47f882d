#include "app/ranks.hpp"

#include <algorithm>

#include "cluster/cluster_evaluator.hpp"
#include "cluster/worker.hpp"
#include "core/log.hpp"
#include "model/onnx.hpp"

namespace vbq {

int on_all_ranks(const std::function<int(Communicator&)>& body) {
  Environment environment;
  Communicator& world = environment.world();
  if (world.rank() != 0) log::set_level(log::Level::error);  // what all ranks would say, rank 0 says
  return run_ranks(world, [&] { return body(world); });
}

int worker_count(const Communicator& world) { return std::max(1, world.size() - 1); }

std::string share_network(Communicator& world, const std::filesystem::path& path) {
  std::string content = agree(world, [&] { return world.rank() == 0 ? read_onnx_content(path) : std::string(); });
  world.broadcast(content);
  return content;
}

int with_evaluator(Communicator& world, const Problem& problem,
                   const std::function<int(Evaluator&, const Machinery&)>& body) {
  if (world.rank() != 0) {
    serve(world, problem);
    return 0;
  }
  const Workforce force = make_evaluator(world, problem);
  Machinery machinery;
  machinery.engine = force.workers.front().engine;
  machinery.identity = engine_identity(machinery.engine);
  machinery.ranks = world.size();
  machinery.workers = static_cast<int>(force.workers.size());
  return body(*force.evaluator, machinery);
}

}  // namespace vbq
