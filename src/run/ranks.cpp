#include "run/ranks.hpp"

#include <algorithm>
#include <span>

#include "cluster/cluster_evaluator.hpp"
#include "cluster/serve.hpp"
#include "cluster/threads.hpp"
#include "core/log.hpp"
#include "evaluate/memory.hpp"
#include "onnx/content.hpp"

namespace vbq {
namespace {

std::string name_of(const WorkerInfo& worker, const std::vector<WorkerInfo>& all) {
  const bool elsewhere = std::ranges::any_of(all, [&](const WorkerInfo& other) { return other.host != worker.host; });
  const std::string rank = all.size() > 1 || worker.rank > 0 ? fmt::format("worker {}  ", worker.rank) : "";
  return fmt::format("{}{}{}, {} thread{}", rank, elsewhere ? worker.host + "  " : "", worker.engine.device,
                     worker.engine.threads, worker.engine.threads == 1 ? "" : "s");
}

}  // namespace

int on_all_ranks(const std::function<int(Communicator&)>& body) {
  Environment environment;
  Communicator& world = environment.world();
  if (world.rank() != 0) log::set_level(log::Level::error);  // what all ranks would say, rank 0 says
  const int code = run_ranks(world, [&] { return body(world); });
  world.leave(code);
  return code;
}

int worker_count(const Communicator& world) { return std::max(1, world.size() - 1); }

std::string share_network(Communicator& world, const std::filesystem::path& path) {
  std::string content = agree(world, [&] { return world.rank() == 0 ? read_onnx_content(path) : std::string(); });
  // The text, what the reader makes of it, and the network: before anybody but rank 0 takes any of it.
  auto bytes = static_cast<std::int64_t>(content.size());
  world.broadcast(std::span(&bytes, 1));
  const HostPlace place = place_on_host(world, true);
  agree(world, [&] {
    check_reading("network " + path.string(), bytes, 3, place.count, "use fewer ranks here, or more machines");
  });
  world.broadcast(content);
  return content;
}

int with_evaluator(Communicator& world, const Problem& problem,
                   const std::function<int(Evaluator&, const ComputeInfo&)>& body) {
  if (world.rank() != 0) {
    serve(world, problem);
    return 0;
  }
  const Workforce force = make_evaluator(world, problem);
  ComputeInfo compute;
  compute.engine = force.workers.front().engine;
  compute.identity = engine_identity(compute.engine);
  compute.kernels = force.kernels;
  compute.ranks = world.size();
  compute.workers = static_cast<int>(force.workers.size());
  for (const WorkerInfo& worker : force.workers) {
    compute.worker_names.push_back(name_of(worker, force.workers));
    compute.worker_places.push_back({worker.rank, worker.host, worker.engine.device});
  }
  return body(*force.evaluator, compute);
}

}  // namespace vbq
