// What commands that run under mpirun have in common: start-up in step, then rank 0 leads and the others serve.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "cluster/agree.hpp"
#include "cluster/communicator.hpp"
#include "evaluate/evaluator.hpp"
#include "evaluate/problem.hpp"
#include "run/search_run.hpp"

namespace vbq {

// Runs body on every rank (one rank alone without a launcher) and gives the exit code. Other ranks than 0 log errors
// only.
int on_all_ranks(const std::function<int(Communicator&)>& body);

// Ranks that compute: all but rank 0, or the one that is alone.
int worker_count(const Communicator& world);

// Collective. The ONNX file's content everywhere, read by rank 0 alone: a thousand ranks do not ask one disk for it.
std::string share_network(Communicator& world, const std::filesystem::path& path);

// Rank 0: runs body with an evaluator over all workers, or over this process when it is alone. Other ranks: serve until
// it ends, and give 0. Collective.
int with_evaluator(Communicator& world, const Problem& problem,
                   const std::function<int(Evaluator&, const ComputeInfo&)>& body);

}  // namespace vbq
