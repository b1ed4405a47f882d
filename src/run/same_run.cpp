#include "run/same_run.hpp"

#include <string>

#include "core/check.hpp"
#include "core/log.hpp"

namespace vbq {
namespace {

// Hashes tell that files differ; a user knows them by their names.
std::string other_network(const Job& now, const Job& then) {
  if (now.network_output != then.network_output) {
    return fmt::format("network.output is \"{}\", another output than the run's, \"{}\"", now.network_output,
                       then.network_output);
  }
  if (now.network == then.network) {
    return fmt::format("network.path is {}, as the run's, but its weights or layers have changed",
                       now.network.string());
  }
  return fmt::format("network.path is {}, another network than the run's, {}", now.network.string(),
                     then.network.string());
}

std::string other_images(const Job& now, const Job& then) {
  const std::string mine = now.calibration ? now.calibration->string() : "not set";
  const std::string theirs = then.calibration ? then.calibration->string() : "not set";
  if (now.data != then.data) {
    return fmt::format("data.path is {}, with other images than the run's, {}", now.data.string(), then.data.string());
  }
  if (mine != theirs) return fmt::format("data.calibration is {}, with other images than the run's, {}", mine, theirs);
  return fmt::format("data.path is {}{}, as the run's, but its images have changed", now.data.string(),
                     now.calibration ? " and data.calibration " + mine : "");
}

}  // namespace

void check_same_run(const RunState& state, const Setup& setup, const ComputeInfo& compute) {
  const Job then = parse_job(state.job, "/", "the checkpoint's job", {});
  const std::string difference = job_difference(setup.job, then);
  if (!difference.empty()) fail("--resume: {}", difference);
  if (setup.network_hash != state.network_hash) fail("--resume: {}", other_network(setup.job, then));
  if (setup.data_hash != state.data_hash) fail("--resume: {}", other_images(setup.job, then));
  if (compute.identity != state.engine) {
    const bool gpu = compute.identity.find("cuDNN") != std::string::npos;
    fail(
        "--resume: this machine computes with {}, the run did with {}, and results could differ: --engine, --precision "
        "and a machine as before were expected{}",
        compute.identity, state.engine,
        gpu ? ", and the run's kernels.h5, or VBQ_CUDA_TUNE=0 where it began without one" : "");
  }
  const int generations = setup.job.generations;
  if (generations < state.search.generation) {
    fail("--resume: search.generations is {}, the run has done {} already", generations, state.search.generation);
  }
  if (generations != then.generations) {
    log::warning("search.generations is {}, where the run's job has said {}: it now ends after generation {}",
                 generations, then.generations, generations);
  }
}

}  // namespace vbq
