// The rows of vbq compare under a budget: ways to keep it, at the same bytes.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <optional>
#include <utility>

#include "app/comparison.hpp"
#include "core/check.hpp"
#include "core/log.hpp"
#include "quant/seeds.hpp"
#include "quant/width_choices.hpp"
#include "run/deliver.hpp"
#include "run/grid_seeds.hpp"
#include "run/sensitivity.hpp"
#include "run/share_budget.hpp"
#include "run/space.hpp"
#include "search/fitness.hpp"
#include "vbq/size.hpp"

namespace vbq {
namespace {

namespace fs = std::filesystem;

// Before they are made, entropies are only foreseen: numbers of levels up to this share above the budget are tried.
constexpr double kForeseen = 1.15;
constexpr const char* kSensitivityFile = "sensitivity.h5";

// One budget's rows.
class BudgetRows {
 public:
  BudgetRows(ComparedRows& comparison, const Job& job)
      : comparison_(comparison),
        job_(job),
        group_(budget_text(*job.budget)),
        grids_(with_job(comparison.base(), job_of_encoding(job, Encoding::grid))),
        values_(with_job(comparison.base(), job_of_encoding(job, Encoding::values))) {}

  // false: a search was asked to stop.
  bool all() {
    const bool uniform = uniform_widths(), start = rate_distortion();
    if (!uniform && !start) {
      fail("no network keeps format.budget = {}: equal widths take {} bytes or more; a larger budget was expected",
           group_, smallest_bytes_);
    }
    const bool measured_start = job_.format.encoding == Encoding::grid && steps_by_harm();
    const bool allocated = shared_out();
    if (job_.format.encoding == Encoding::grid ? start || measured_start : allocated) return searched();
    log::warning("nothing that a search could start from keeps {}: it is left out", group_);
    return true;
  }

 private:
  // The same number of levels in all layers: the most that fit, of the encoding that is best on the search's images.
  bool uniform_widths() {
    const RowWords begun{group_, ""};
    std::optional<std::pair<Setup, QuantisedNetwork>> best;
    std::string name;
    double best_fitness = 0;
    std::int64_t tried = 0;
    for (const Baseline& baseline : kBaselines) {
      std::optional<std::pair<Setup, QuantisedNetwork>> found = most_levels(baseline);
      if (!found) continue;
      ++tried;
      const double own = fitness(evaluator().score(ImageSet::search, found->second), job_.fitness);
      if (best && own <= best_fitness) continue;
      best = std::move(found);
      best_fitness = own;
      name = baseline.name;
    }
    if (!best) return false;
    RowWords words = begun;
    words.name = name + fmt::format(", {} levels", best->first.problem.format.levels);
    words.evaluations = tried;
    comparison_.add(best->first, words, best->second);
    return true;
  }

  std::optional<std::pair<Setup, QuantisedNetwork>> most_levels(const Baseline& baseline) {
    std::vector<int> counts = worthwhile_levels(job_.format.coding, 256);
    std::ranges::reverse(counts);
    for (const int levels : counts) {
      if (!possible(baseline, levels) || (levels > 2 && hopeless(levels))) continue;
      Job job = job_;
      job.format = values_.problem.format;
      job.format.widths = Widths::same;
      set_encoding(job.format, baseline.encoding, baseline.symmetric);
      job.format.levels = levels;
      Setup setup = with_job(comparison_.base(), job);
      setup.job.budget.reset();  // of which such a job knows nothing
      const Genome genome = seed_genomes(setup.problem.network, job.format)[baseline.seed];
      const NetworkFormat format = Decoder(setup.problem.network, job.format)(genome);
      const std::int64_t foreseen = coded_bits(weight_size(setup.problem.network, format), job.format.coding);
      if (static_cast<double>(foreseen) > kForeseen * static_cast<double>(*setup.budget_bits)) {
        smallest_bytes_ = std::min(smallest_bytes_, (foreseen + 7) / 8);
        continue;
      }
      evaluator().use(job.format);
      if (auto network = deliver_within(setup, evaluator(), genome, *setup.budget_bits)) {
        return std::pair(std::move(setup), *std::move(network));
      }
    }
    return std::nullopt;
  }

  // Many levels, of which even an uneven use would take more than the budget: not worth the time to find them.
  bool hopeless(int levels) const {
    const auto weights = static_cast<double>(weight_count(values_.problem.network));
    const double budget = static_cast<double>(*values_.budget_bits) / weights;
    if (job_.format.coding == Coding::fixed) return static_cast<double>(fixed_bits(levels)) > budget;
    return std::log2(static_cast<double>(levels)) > 2 * budget + 1;
  }

  // One of the grids that a search starts from. Where levels take whole bits each, a price of their entropies buys
  // nothing, so that it is no row unless the job itself asks for grids.
  bool rate_distortion() {
    if (job_.format.coding == Coding::fixed && job_.format.encoding != Encoding::grid) return false;
    const bool priced = grids_.problem.format.rate != 0.0;  // by a gene, or a number
    const RowWords words{group_, priced ? "rate-distortion, equal steps" : "grid, equal steps"};
    evaluator().use(grids_.problem.format);
    const std::int64_t budget = *grids_.budget_bits;
    const std::optional<QuantisedNetwork> network =
        deliver_within(grids_, evaluator(), equal_steps(grids_, budget), budget);
    if (network) comparison_.add(grids_, words, *network);
    return network.has_value();
  }

  // The other of them: steps by what each layer alone does, where layers have grids of their own.
  bool steps_by_harm() {
    const Choices choices = grid_choices(grids_);
    if (choices.empty()) return false;
    RowWords words{group_, "steps by measured harm"};
    evaluator().use(grids_.problem.format);
    fs::create_directories(search_folder());
    const Sensitivity sensitivity = measure(grids_, choices, search_folder());
    words.evaluations = measured(sensitivity) + 1;
    const std::int64_t budget = *grids_.budget_bits;
    const std::optional<QuantisedNetwork> network =
        deliver_within(grids_, evaluator(), vbq::steps_by_harm(grids_, sensitivity, budget), budget);
    if (network) {
      comparison_.add(grids_, words, *network);
    } else {
      log::warning("{}: no network keeps {}", words.name, group_);
    }
    return network.has_value();
  }

  // By measured sensitivities, exactly and greedily, and by H-weighted errors. Whether the first keeps the budget.
  bool shared_out() {
    RowWords words{group_, ""};
    evaluator().use(values_.problem.format);
    const Choices choices = make_space(values_).choices;
    const Sensitivity sensitivity = measure(values_, choices, comparison_.folder());
    const auto row = [&](const char* name, const Sharing& sharing, std::int64_t evaluations) {
      const std::optional<QuantisedNetwork> network = deliver_shared(values_, evaluator(), choices, sharing);
      words.name = name;
      words.evaluations = evaluations;
      if (network) {
        comparison_.add(values_, words, *network);
      } else {
        log::warning("{}: no network keeps {}", name, group_);
      }
      words.begun = ComparisonClock::now();
      return network.has_value();
    };
    const bool kept = row("additive allocation", additive_sharing(values_, sensitivity), measured(sensitivity) + 1);
    row("greedy list (as AIMET)", greedy_sharing(values_, sensitivity), measured(sensitivity) + 1);
    row("H-weighted error (as HAWQ)",
        weighted_error_sharing(values_, choices, sensitivity, *comparison_.base().problem.calibration), 1);
    return kept;
  }

  // The job's own search, in a folder of its own, with the sensitivities that are there.
  bool searched() {
    const fs::path folder = search_folder(), table = comparison_.folder() / kSensitivityFile;
    if (job_.format.widths == Widths::own && fs::exists(table)) {
      fs::create_directories(folder);
      fs::copy_file(table, folder / kSensitivityFile, fs::copy_options::overwrite_existing);
    }
    return comparison_.search(with_job(comparison_.base(), job_), {group_, "searched"}, folder.filename().string())
        .has_value();
  }

  Sensitivity measure(const Setup& setup, const Choices& choices, const fs::path& folder) {
    Progress progress(comparison_.common().quiet, comparison_.common().screen);
    return find_sensitivity(setup, choices, evaluator(), comparison_.compute(), folder, progress);
  }

  fs::path search_folder() const {
    const bool bits = job_.budget->unit == Budget::Unit::bits;
    return comparison_.folder() / fmt::format("{}{}-search", job_.budget->amount, bits ? "bits" : "bytes");
  }

  Evaluator& evaluator() { return comparison_.evaluator(); }

  ComparedRows& comparison_;
  Job job_;
  std::string group_;
  Setup grids_, values_;
  std::int64_t smallest_bytes_ = std::numeric_limits<std::int64_t>::max();
};

}  // namespace

bool compare_budgets(ComparedRows& comparison, const Job& job) {
  for (const Budget& budget : budgets_of(job)) {
    if (!BudgetRows(comparison, job_of_budget(job, budget)).all()) return false;
  }
  return true;
}

}  // namespace vbq
