// What a search should be led by: how well fitness on the search's images ranks candidates as images do that nothing
// has seen. Spearman's rank correlations over candidates near a good solution.
//
//   bench_fitness JOB.toml [CANDIDATES] [SIZE] [SEED] [KEY=VALUE ...]
//
// CANDIDATES (40): the job's first seed, its genes moved by SIZE (0.06) of what the search's moves are, normally
// distributed, in directions that SEED (1) names. Take a job whose candidates are of one size (encoding "values", say):
// else sizes are what is ranked. KEY=VALUE: as `vbq search --set`. Each candidate is made once, as the job says, and
// run over the search's images as they are, shifted and mixed, with fitness "divergence" at temperatures 1 and 8 and
// "outputs", and over the held-out images. Prints a line of CSV for each fitness: its rank correlation with held-out
// divergence (best is 1) and with held-out top-1 (best is -1), and the time.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <exception>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "config/job.hpp"
#include "core/check.hpp"
#include "core/file.hpp"
#include "core/random.hpp"
#include "core/rank_correlation.hpp"
#include "evaluate/local_evaluator.hpp"
#include "run/setup.hpp"
#include "run/space.hpp"
#include "search/gene_space.hpp"
#include "search/moves.hpp"

namespace vbq {
namespace {

struct Arguments {
  std::string job;
  int candidates = 40;
  double size = 0.06;
  std::uint64_t seed = 1;
  std::vector<std::string> overrides;
};

Arguments parse(int argc, char** argv) {
  Arguments a;
  int number = 0;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (i == 1) {
      a.job = word;
    } else if (word.find('=') != std::string::npos) {
      a.overrides.push_back(word);
    } else if (++number == 1) {
      a.candidates = std::atoi(word.c_str());
    } else if (number == 2) {
      a.size = std::atof(word.c_str());
    } else {
      a.seed = std::strtoull(word.c_str(), nullptr, 10);
    }
  }
  if (a.job.empty() || a.candidates < 3 || !(a.size > 0)) {
    fail("usage: bench_fitness JOB.toml [CANDIDATES] [SIZE] [SEED] [KEY=VALUE ...], 3 candidates at least");
  }
  return a;
}

Genome moved(const Genome& from, const Moves& moves, const Arguments& arguments, int candidate) {
  Random random(arguments.seed, 0, static_cast<std::uint32_t>(candidate), Purpose::mutation);
  std::vector<double> numbers(moves.size());
  for (double& number : numbers) number = random.normal();
  return moves.apply(from, numbers, arguments.size);
}

// One way of looking at the search's images.
struct View {
  const char* name;
  Augment augment;
  Comparison comparison;
  std::unique_ptr<LocalEvaluator> evaluator = {};
  std::vector<double> divergence = {};  // of each candidate
};

void run(const Arguments& arguments) {
  const auto start = std::chrono::steady_clock::now();
  Job job = read_job(arguments.job, arguments.overrides);
  std::string network = read_file(job.network, "network", std::uint64_t{1} << 31);
  const Setup setup = make_setup(std::move(job), std::move(network), {});
  const GeneSpace space(make_space(setup));
  const Moves moves(space);

  constexpr Comparison kPlain, kSoftened{Comparison::Of::probabilities, 8}, kOutputs{Comparison::Of::outputs};
  std::array<View, 9> views{{{"as they are", Augment::none, kPlain},
                             {"as they are", Augment::none, kSoftened},
                             {"as they are", Augment::none, kOutputs},
                             {"shifted", Augment::shift, kPlain},
                             {"shifted", Augment::shift, kSoftened},
                             {"shifted", Augment::shift, kOutputs},
                             {"mixed", Augment::mix, kPlain},
                             {"mixed", Augment::mix, kSoftened},
                             {"mixed", Augment::mix, kOutputs}}};
  for (View& view : views) {
    Problem problem = setup.problem;
    problem.augment = view.augment;
    problem.comparison = view.comparison;
    view.evaluator = make_local_evaluator(std::move(problem));
  }
  std::vector<double> divergence, top1;
  for (int candidate = 0; candidate < arguments.candidates; ++candidate) {
    LocalEvaluator& maker = *views.front().evaluator;
    const QuantisedNetwork made = maker.network(moved(space.seeds().front(), moves, arguments, candidate));
    const Tally held_out = maker.score(ImageSet::held_out, made);
    divergence.push_back(mean_divergence(held_out));
    top1.push_back(static_cast<double>(held_out.top1));
    for (View& view : views) {
      view.divergence.push_back(mean_divergence(view.evaluator->score(ImageSet::search, made)));
    }
  }
  fmt::print("images,fitness,temperature,with_divergence,with_top1\n");
  for (const View& view : views) {
    const bool outputs = view.comparison.of == Comparison::Of::outputs;
    fmt::print("{},{},{},{:.3f},{:.3f}\n", view.name, outputs ? "outputs" : "divergence", view.comparison.temperature,
               rank_correlation(view.divergence, divergence), rank_correlation(view.divergence, top1));
  }
  fmt::print("held-out divergence itself,divergence,1,1.000,{:.3f}\n", rank_correlation(divergence, top1));
  const auto [least, most] = std::minmax_element(divergence.begin(), divergence.end());
  fmt::print("# {} candidates, held-out divergence {:.4g} to {:.4g}, {:.0f} s\n", divergence.size(), *least, *most,
             std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
}

}  // namespace
}  // namespace vbq

int main(int argc, char** argv) {
  try {
    vbq::run(vbq::parse(argc, argv));
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return 1;
  }
}
