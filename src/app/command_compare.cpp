// vbq compare: formats that need no search, and the searches, on the same images, width after width.
#include <chrono>
#include <optional>
#include <utility>

#include "app/commands.hpp"
#include "config/names.hpp"
#include "config/unused.hpp"
#include "core/log.hpp"
#include "core/stop.hpp"
#include "json/json.hpp"
#include "quant/seeds.hpp"
#include "quant/widen.hpp"
#include "report/comparison.hpp"
#include "report/output.hpp"
#include "report/score_json.hpp"
#include "run/data_warnings.hpp"
#include "run/ranks.hpp"
#include "run/run_job.hpp"
#include "run/stopping.hpp"

namespace vbq {
namespace {

// A codebook that needs no search: one of seed_genomes().
struct Baseline {
  const char* name;
  Encoding encoding;
  bool symmetric;
  std::size_t seed;
};
// "k-means" is what is usually called so, Lloyd's iteration; the exact optimum is "least squares".
constexpr Baseline kBaselines[] = {{"uniform, min-max", Encoding::uniform, false, 3},
                                   {"uniform, least squares", Encoding::uniform, false, 0},
                                   {"uniform symmetric, l. sq.", Encoding::uniform, true, 0},
                                   {"power of two", Encoding::power_of_two, false, 0},
                                   {"float", Encoding::floating, false, 0},
                                   {"k-means", Encoding::values, false, 1},
                                   {"values, least squares", Encoding::values, false, 0}};

struct Searched {
  const char* name;
  Method method;
  Operators operators;
  bool published;  // with the published format and fitness: nearest, no scale, top-1
};
constexpr Searched kSearches[] = {{"search: random", Method::random, Operators::standard, false},
                                  {"search: nogami2018", Method::genetic, Operators::nogami2018, false},
                                  {"search: 2018-as-published", Method::genetic, Operators::nogami2018, true},
                                  {"search: standard", Method::genetic, Operators::standard, false}};

bool possible(const Baseline& baseline, int levels) {
  const bool power = (levels & (levels - 1)) == 0;
  if (baseline.encoding == Encoding::floating) return power && levels >= 4;
  if (baseline.encoding == Encoding::power_of_two) return levels >= 4 && levels % 2 == 0;
  return !baseline.symmetric || levels % 2 == 0;
}

// Without what belongs to another encoding alone.
void set_encoding(Format& format, Encoding encoding, bool symmetric) {
  format.encoding = encoding;
  format.symmetric = symmetric;
  if (encoding == Encoding::floating) return;
  format.exponent_bits = 0;
  format.exponent_bias.reset();
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// Rank 0's: all rows by one evaluator, which takes one format after the other.
class Comparison {
 public:
  Comparison(Evaluator& evaluator, const ComputeInfo& compute, Setup& base, const RunPlace& place,
             const CommonOptions& common)
      : evaluator_(evaluator),
        compute_(compute),
        base_(base),
        place_(place),
        common_(common),
        folder_(place.folder, place.start) {}

  // Exit code: 75 when asked to stop.
  int run() {
    folder_.write("job.toml", to_toml(base_.job));
    write_tables();  // which mark the folder as a comparison's
    keep_calibration(base_);
    try {
      if (!all_rows()) return kExitStopped;
    } catch (const Stopped&) {
      return kExitStopped;
    }
    if (common_.json) {
      print_json({{"run", place_.folder.string()}, {"formats", Json::parse(comparison_json(rows_))}});
    } else {
      print(comparison_text(rows_));
    }
    return 0;
  }

 private:
  // Whether it came to the end: a search that is asked to stop leaves a checkpoint.
  bool all_rows() {
    as_trained();
    const std::vector<int> widths = base_.job.sweep.empty() ? std::vector{base_.job.format.levels} : base_.job.sweep;
    for (const int levels : widths) {
      for (const Assignment assignment : {Assignment::nearest, Assignment::compensated, Assignment::sequential}) {
        for (const Matching matching : {Matching::never, Matching::always}) baselines(levels, assignment, matching);
      }
      for (const Searched& search : kSearches) {
        if (!searched(levels, search)) return false;
      }
    }
    return true;
  }

  void as_trained() {
    const auto start = std::chrono::steady_clock::now();
    ComparedFormat row{0, "as trained", "-", "-", {}, {}, weight_size(base_.problem.network, QuantisedNetwork()), 0, 0};
    row.search = evaluator_.as_trained(ImageSet::search);
    row.held_out = evaluator_.as_trained(ImageSet::held_out);
    add_warnings(base_.warnings, accuracy_warnings(base_.problem, ImageSet::search, row.search));
    row.seconds = seconds_since(start);
    add(std::move(row));
  }

  // All codebooks without a search under one assignment.
  void baselines(int levels, Assignment assignment, Matching matching) {
    for (const Baseline& baseline : kBaselines) {
      if (!possible(baseline, levels)) continue;
      Format format = job_of_width(base_.job, levels).format;
      format.assignment = assignment;
      format.matching = matching;
      set_encoding(format, baseline.encoding, baseline.symmetric);
      evaluator_.use(format);
      const auto start = std::chrono::steady_clock::now();
      const Genome genome = seed_genomes(base_.problem.network, format)[baseline.seed];
      const QuantisedNetwork network = evaluator_.network(genome);
      ComparedFormat row = row_of(format, baseline.name, network);
      row.search = evaluator_.score(ImageSet::search, network);
      row.held_out = evaluator_.score(ImageSet::held_out, network);
      row.evaluations = 1;
      row.seconds = seconds_since(start);
      add(std::move(row));
    }
  }

  // A search with the job's own population and generations, so that all have equal evaluations. false: it was asked to
  // stop.
  bool searched(int levels, const Searched& search) {
    Job job = job_of_width(base_.job, levels);
    job.search.method = search.method;
    job.search.operators = search.operators;
    if (search.operators == Operators::nogami2018) {
      const SearchOptions published;
      job.search.mutation = published.mutation;
      job.search.crossover = published.crossover;
      job.search.reproduction = published.reproduction;
    }
    if (search.published) {
      job.fitness = Fitness::top1;
      set_encoding(job.format, Encoding::values, false);
      job.format.scale = ScaleScope::none;
      job.format.assignment = Assignment::nearest;
      job.format.matching = Matching::never;
    }
    Setup setup = with_job(base_, job);
    const bool ours = std::string(search.name) == "search: standard";
    if (ours && before_) setup.starts = {widen(before_->first, before_->second, setup.problem.format)};
    RunPlace own = place_;
    own.folder /= width_name(levels) + "-" + std::string(search.name).substr(8);
    if (!std::filesystem::exists(own.folder)) own.start = Start::fresh;
    evaluator_.use(setup.problem.format);
    const JobOutcome outcome = lead_job(setup, evaluator_, compute_, own, common_);
    if (outcome.code != 0) return false;
    ComparedFormat row = row_of(setup.problem.format, search.name, outcome.result.network);
    row.search = outcome.result.quantised.search;
    row.held_out = outcome.result.quantised.held_out;
    row.evaluations = outcome.result.evaluations;
    row.seconds = outcome.result.seconds;
    add(std::move(row));
    base_.warnings = setup.warnings;
    if (ours) before_.emplace(outcome.result.best.genome, setup.problem.format);
    return true;
  }

  ComparedFormat row_of(const Format& format, const std::string& name, const QuantisedNetwork& network) const {
    return {format.levels,
            name,
            name_of<Assignment>(format.assignment, kAssignments),
            name_of<Matching>(format.matching, kMatchings),
            {},
            {},
            weight_size(base_.problem.network, network),
            0,
            0};
  }

  // The files are whole after every row.
  void add(ComparedFormat row) {
    rows_.push_back(std::move(row));
    write_tables();
    const ComparedFormat& last = rows_.back();
    log::info("{}, {}, matched {}: {:.2f} % of {} held-out images", last.codebook, last.assignment, last.matching,
              percent(last.held_out.top1, last.held_out.seen), last.held_out.seen);
  }

  void write_tables() const {
    folder_.write("compare.txt", comparison_text(rows_));
    folder_.write("compare.csv", comparison_csv(rows_));
    folder_.write("compare.json", comparison_json(rows_));
  }

  Evaluator& evaluator_;
  const ComputeInfo& compute_;
  Setup& base_;
  const RunPlace& place_;
  const CommonOptions& common_;
  RunFolder folder_;
  std::vector<ComparedFormat> rows_;
  std::optional<std::pair<Genome, Format>> before_;  // the default search's best at the width before
};

// Rows are codebooks of as many levels each.
void check_comparable(const Job& job) {
  if (job.budget && job.format.encoding != Encoding::grid) {
    fail(
        "format.budget is given: vbq compare sets codebooks of equally many levels side by side; vbq search shares a "
        "budget out");
  }
  if (job.format.encoding != Encoding::grid && job.format.rate == 0.0) return;
  fail(
      "format.encoding is \"grid\", or format.rate is not 0: vbq compare sets codebooks of equally many levels side by "
      "side; vbq search finds grids");
}

}  // namespace

int command_compare(const SearchArguments& arguments, const CommonOptions& common) {
  return on_all_ranks([&](Communicator& world) {
    heed_stops();
    const RunPlace place = share_place(world, "compare", arguments, common);
    const Job job = share_job(world, place.job, arguments.set);
    check_comparable(job);
    std::string network = share_network(world, job.network);
    Setup setup = agree(world, [&] { return make_setup(job, std::move(network), common.engine); });
    agree(world, [&] { check_workers(setup, worker_count(world)); });
    const Assignment asked = setup.problem.format.assignment;
    setup.problem.format.assignment = Assignment::compensated;  // some rows will need it
    find_calibration(world, setup, place.folder);
    setup.problem.format.assignment = asked;
    add_warnings(setup.warnings, unused_keys_of_compare(setup.job));
    setup.problem.population = setup.job.search.population;  // that of all searches, whatever the job's own method
    std::int64_t code = with_evaluator(world, setup.problem, [&](Evaluator& evaluator, const ComputeInfo& compute) {
      check_inputs(place.folder, {setup.job.network, setup.job.data, setup.job.calibration.value_or("")});
      return Comparison(evaluator, compute, setup, place, common).run();
    });
    world.broadcast(std::span(&code, 1));
    if (world.rank() == 0 && code == kExitStopped) tell_stopped(place, common);
    return static_cast<int>(code);
  });
}

}  // namespace vbq
