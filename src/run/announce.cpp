#include "run/announce.hpp"

#include "core/log.hpp"
#include "evaluate/memory.hpp"
#include "search/recipe.hpp"

namespace vbq {

std::string format_text(const Job& job) {
  const char* most = job.format.widths == Widths::own ? "2 to " : job.budget ? "up to " : "";
  const std::string within = job.budget ? " within " + budget_text(job) : "";
  return fmt::format("{}{} levels{}", most, job.format.levels, within);
}

std::string images_text(const Problem& problem) {
  const std::size_t validation = problem.split.validation.size();
  const std::size_t some = problem.fitness_images.size();
  return fmt::format("{} to search on{}, {}{} held out", problem.split.search.size(),
                     some > 0 ? fmt::format(" (candidates on {})", some) : "",
                     validation > 0 ? fmt::format("{} to validate on, ", validation) : "",
                     problem.split.held_out.size());
}

std::int64_t networks_planned(const Job& job) {
  const std::int64_t population = job.search.population;
  if (job.search.method == Method::annealing) return job.generations;
  if (job.front) return population * job.generations;
  return population + (job.generations - 1) * (population - static_cast<std::int64_t>(survivor_count(job.search)));
}

std::string expected_time_text(const Job& job, double inference_seconds) {
  if (job.seconds > 0) return fmt::format("{} of search, or less", duration_text(job.seconds));
  if (inference_seconds <= 0) return "told by the first networks";
  const std::int64_t networks = networks_planned(job);
  return fmt::format("about {} of inference ({} networks); making them is measured first",
                     duration_text(static_cast<double>(networks) * inference_seconds), thousands(networks));
}

void announce(const Setup& setup, const ComputeInfo& compute, const RunFolder& folder) {
  const Problem& problem = setup.problem;
  const Job& job = setup.job;
  log::info("network   {} ({} layers quantised)", job.network.string(),
            quantised_layers(problem.network, problem.format).size());
  log::info("images    {}", images_text(problem));
  log::info("format    {}, {} generations of {}", format_text(job), job.generations, job.search.population);
  log::info("machine   {}, {} worker{} of {} thread{} on {}", compute.identity, compute.workers,
            compute.workers == 1 ? "" : "s", compute.engine.threads, compute.engine.threads == 1 ? "" : "s",
            compute.engine.device);
  const WorkerMemory need = worker_memory(problem, {0, compute.workers});
  log::info("memory    about {} MiB a worker{}", thousands(need.total() >> 20),
            need.kept == 0
                ? ""
                : fmt::format(", and up to {} MiB of what it has made (run.memory)", thousands(need.kept >> 20)));
  log::info("results   {}", folder.path().string());
}

}  // namespace vbq
