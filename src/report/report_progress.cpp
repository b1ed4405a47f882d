#include "report/report_progress.hpp"

#include <fmt/format.h>

#include "report/chart.hpp"
#include "report/score_json.hpp"

namespace vbq {
namespace {

Chart over_generations(const Table& history, std::string title, std::vector<Series> series) {
  return {std::move(title), "generation", history["generation"], std::move(series)};
}

}  // namespace

std::string progress_html(const Table& history, const Job& job) {
  if (job.front) {
    return "<h2>Search</h2>\n" +
           charts_html(
               {over_generations(history,
                                 "hypervolume: the mean over all sizes of minus the logarithm of the harm "
                                 "(higher is better)",
                                 {{"hypervolume", history["hypervolume"]}}),
                over_generations(history, "networks that no other undercuts", {{"networks", history["networks"]}})});
  }
  // Divergence and loss are stored negative, so that larger is better.
  const bool within = job.budget.has_value();
  const bool negative = job.fitness != Fitness::top1 && !within;
  const auto shown = [&](const char* name) {
    std::vector<double> values = history[name];
    for (double& v : values) v = negative ? -v : v;
    return values;
  };
  const std::string name = within ? fmt::format("fitness within the budget, of {} and size,", fitness_name(job.fitness))
                                  : fitness_name(job.fitness);
  const bool agreement = history.has("agreement");
  const std::string share = share_name(agreement ? Labels::of_fp32 : Labels::given);
  Chart best =
      over_generations(history, name + " on the search's images (" + (negative ? "lower" : "higher") + " is better)",
                       {{"best", shown("best")}, {"median of the population", shown("median")}});
  best.logarithmic = negative;
  return "<h2>Search</h2>\n" +
         charts_html({best,
                      over_generations(history, share + " of the best on the search's images, %",
                                       {{share, history[agreement ? "agreement" : "top1"]}}),
                      over_generations(history, "diversity: spread of the genes, as a share of a codebook's width",
                                       {{"diversity", history["diversity"]}})});
}

}  // namespace vbq
