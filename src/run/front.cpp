#include "run/front.hpp"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <optional>
#include <utility>

#include "core/check.hpp"
#include "run/deliver.hpp"
#include "run/front_points.hpp"
#include "run/paired_gain.hpp"
#include "run/space.hpp"
#include "search/fitness.hpp"
#include "vbq/size.hpp"

namespace vbq {
namespace {

constexpr std::size_t kMostCandidates = 4;  // of the archive, for a budget
// Nats of harm by which a point may be worse than a straight line between its neighbours: those say then that there is
// more to be had.
constexpr double kDent = 0.1;

// Of the archive, which ascends, those next to the budget in size: of grids, whose steps are fitted, on either side; of
// others within it.
std::vector<Genome> candidates(const Setup& setup, const SearchMethod& search, std::int64_t budget) {
  const std::span<const Individual> archive = search.front();
  const auto end =
      static_cast<std::size_t>(std::ranges::upper_bound(archive, budget, {}, &Individual::bits) - archive.begin());
  std::vector<const Individual*> near;
  for (std::size_t k = 0; k < archive.size(); ++k) {
    if (k < end || setup.problem.format.encoding == Encoding::grid) near.push_back(&archive[k]);
  }
  std::ranges::stable_sort(near, {}, [&](const Individual* one) { return std::abs(one->bits - budget); });
  near.resize(std::min(near.size(), kMostCandidates));
  std::vector<Genome> genomes;
  genomes.reserve(near.size() + 1);
  if (std::optional<Genome> centre = search.centre_within(budget)) genomes.push_back(*std::move(centre));
  for (const Individual* one : near) genomes.push_back(one->genome);
  return genomes;
}

// What networks of a front are told apart by.
const Tally& judged_on(const FrontNetwork& one) {
  const Scores& scores = one.scored.scores;
  return scores.validation.seen > 0 ? scores.validation : scores.search;
}

bool start_is_delivered(const ScoredNetwork& searched, const ScoredNetwork& start, Fitness kind) {
  if (searched.validated.empty()) return fitness(searched.scores.search, kind) < fitness(start.scores.search, kind);
  return !paired_gain(start.validated, searched.validated, kind).beyond_chance();
}

// A network within a budget, and the genome that it is of.
struct Delivered {
  Genome genome;
  QuantisedNetwork network;
  std::int64_t bits = 0;
  Tally search;        // over the search's images
  double fitness = 0;  // minus the logarithm of the harm on those
};

// What may be delivered within a budget, the best first.
struct Size {
  std::vector<Genome> genomes;
  std::int64_t budget = 0;
};

class Delivery {
 public:
  Delivery(const Setup& setup, Evaluator& evaluator, const Scorer& scorer)
      : setup_(setup), evaluator_(evaluator), scorer_(scorer) {}

  // Of each size, of the first genome that can be; all sizes side by side.
  std::vector<std::optional<Delivered>> first(std::span<const Size> sizes) {
    std::vector<std::optional<Delivered>> found(sizes.size());
    for (std::size_t turn = 0;; ++turn) {
      std::vector<Wanted> wanted;
      std::vector<std::size_t> of;  // the size that each is wanted of
      for (std::size_t i = 0; i < sizes.size(); ++i) {
        if (found[i] || turn >= sizes[i].genomes.size()) continue;
        wanted.push_back({sizes[i].genomes[turn], sizes[i].budget});
        of.push_back(i);
      }
      if (wanted.empty()) return found;
      std::vector<std::optional<QuantisedNetwork>> networks = deliver_within(setup_, evaluator_, wanted);
      for (std::size_t k = 0; k < wanted.size(); ++k) {
        if (networks[k]) found[of[k]] = delivered(std::move(wanted[k].genome), *std::move(networks[k]));
      }
    }
  }

  // Where a size falls behind its neighbours, their genomes are tried there: an archive has gaps, and a network that
  // was lucky at its own size may not be at another.
  void fill_dents(std::vector<std::optional<Delivered>>& sizes, std::span<const std::int64_t> budgets) {
    for (std::size_t k = 0; k < sizes.size(); ++k) {
      std::optional<Delivered>& own = sizes[k];
      const std::optional<Delivered> none;
      const std::optional<Delivered>&below = k > 0 ? sizes[k - 1] : none,
            &above = k + 1 < sizes.size() ? sizes[k + 1] : none;
      if (!own || own->fitness >= expected(below, above, own->bits) - kDent) continue;
      for (const std::optional<Delivered>* neighbour : {&below, &above}) {
        if (!*neighbour) continue;
        const Size size{{(*neighbour)->genome}, budgets[k]};
        std::optional<Delivered> other = first({&size, 1}).front();
        if (other && other->fitness > own->fitness) own = std::move(other);
      }
    }
  }

  // Over all images.
  std::optional<ScoredNetwork> scored_whole(const std::optional<Delivered>& one) {
    if (!one) return std::nullopt;
    return scored(evaluator_, one->network, one->search, validate(setup_, evaluator_, one->network));
  }

 private:
  Delivered delivered(Genome genome, QuantisedNetwork network) {
    const std::int64_t bits = coded_bits(weight_size(setup_.problem.network, network), setup_.problem.format.coding);
    const Tally search = search_tally(evaluator_, scorer_, network);
    const double fitness = fitness_within(search, setup_.job.fitness, 0, Budgeting::bound);
    return {std::move(genome), std::move(network), bits, search, fitness};
  }
  // On the straight line between two neighbours in size; beyond the largest, no less than it has; below the smallest
  // anything, since nothing says what.
  static double expected(const std::optional<Delivered>& below, const std::optional<Delivered>& above,
                         std::int64_t bits) {
    if (!below) return std::numeric_limits<double>::infinity();
    if (!above || above->bits <= below->bits) return below->fitness + kDent;
    const double share = static_cast<double>(bits - below->bits) / static_cast<double>(above->bits - below->bits);
    return std::max(below->fitness + kDent, below->fitness + share * (above->fitness - below->fitness));
  }

  const Setup& setup_;
  Evaluator& evaluator_;
  const Scorer& scorer_;
};

// Numbers the points among the networks that may be points, and finds the knee.
void choose_points(const Setup& setup, Front& front, const std::vector<std::size_t>& candidates) {
  std::vector<Judged> judged;
  judged.reserve(candidates.size());
  for (const std::size_t i : candidates) {
    const FrontNetwork& one = front.networks[i];
    const WeightSize size = weight_size(setup.problem.network, one.scored.network);
    const Tally& tally = judged_on(one);
    judged.push_back(
        {coded_bits(size, setup.problem.format.coding), fitness(tally, setup.job.fitness), mean_divergence(tally)});
  }
  const FrontPoints found = front_points(judged);
  for (std::size_t k = 0; k < candidates.size(); ++k) front.networks[candidates[k]].point = found.numbers[k];
  front.knee = candidates[found.knee];
}

}  // namespace

Front deliver_front(const Setup& setup, Evaluator& evaluator, const Scorer& scorer, const SearchMethod& search,
                    const Starts& starts, Progress& progress) {
  const std::vector<std::int64_t> budgets = spaced_sizes(*setup.range, kFrontPoints);
  Delivery delivery(setup, evaluator, scorer);
  std::vector<std::optional<Delivered>> searched, begun;
  searched.reserve(budgets.size());
  begun.reserve(budgets.size());
  // As many at a time as keep the makers busy, so that what is done can be told.
  const std::size_t at_once = std::max<std::size_t>(1, evaluator.makers() / 2);
  for (std::size_t k = 0; k < budgets.size(); k += at_once) {
    std::vector<Size> sizes;  // the searched, the start's; the same of the next
    for (std::size_t i = k; i < std::min(k + at_once, budgets.size()); ++i) {
      sizes.push_back({candidates(setup, search, budgets[i]), budgets[i]});
      sizes.push_back({starts(budgets[i]), budgets[i]});
    }
    std::vector<std::optional<Delivered>> found = delivery.first(sizes);
    for (std::size_t i = 0; i < found.size(); ++i) (i % 2 == 0 ? searched : begun).push_back(std::move(found[i]));
    progress.show(fmt::format("front: {} of {} sizes", searched.size(), budgets.size()),
                  searched.size() == budgets.size() ? Progress::When::now : Progress::When::now_and_then);
  }
  delivery.fill_dents(searched, budgets);
  Front front;
  std::vector<std::size_t> chosen;  // places of those that may be points
  for (std::size_t k = 0; k < budgets.size(); ++k) {
    std::optional<ScoredNetwork> mine = delivery.scored_whole(searched[k]), start = delivery.scored_whole(begun[k]);
    const bool takes_start = start && (!mine || start_is_delivered(*mine, *start, setup.job.fitness));
    if (mine || start) chosen.push_back(front.networks.size() + (takes_start && mine ? 1 : 0));
    if (mine) front.networks.push_back({Origin::searched, budgets[k], *std::move(mine)});
    if (start) front.networks.push_back({Origin::start, budgets[k], *std::move(start)});
  }
  if (front.networks.empty()) {
    fail("no network keeps {}: a larger format.budget was expected", budget_text(setup.job));
  }
  choose_points(setup, front, chosen);
  return front;
}

}  // namespace vbq
