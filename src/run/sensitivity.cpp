#include "run/sensitivity.hpp"

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

#include "core/hash.hpp"
#include "core/log.hpp"
#include "core/stop.hpp"
#include "run/scores.hpp"
#include "run/space.hpp"
#include "store/sensitivity_file.hpp"
#include "vbq/size.hpp"

namespace vbq {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSensitivityFile = "sensitivity.h5";
constexpr std::uint32_t kTableVersion = 1;            // of what is measured, and how
constexpr std::int64_t kMostBitsAWeight = 256;        // with codebook, scale, gain and shift of a layer of one weight
constexpr std::size_t kLeastAtOnce = 8;               // networks between two writings of the file
constexpr double kShares[] = {1.0, 0.98, 0.95, 0.9};  // of the budget, that allocations are made for

// Weights of each layer that has a chromosome.
std::vector<std::int64_t> layer_weights(const Problem& problem) {
  std::vector<std::int64_t> weights;
  for (const int node : quantised_layers(problem.network, problem.format)) {
    weights.push_back(std::ssize(weight_of(problem.network.nodes[static_cast<std::size_t>(node)])->data));
  }
  return weights;
}

std::string key_of(const Setup& setup, const Choices& choices, const ComputeInfo& compute) {
  Hasher hasher;
  hasher.value(kTableVersion);
  hash_scoring(hasher, setup, compute.identity);
  for (const std::vector<Chromosome>& own : choices) {
    hasher.value(static_cast<std::uint64_t>(own.size()));
    for (const Chromosome& genes : own) hasher.array(std::span(genes));
  }
  return hasher.hex();
}

bool fits(const Sensitivity& kept, const Sensitivity& wanted, const std::vector<std::int64_t>& weights) {
  if (kept.as_trained != wanted.as_trained || kept.layers.size() != wanted.layers.size()) return false;
  for (std::size_t c = 0; c < kept.layers.size(); ++c) {
    const std::vector<Alone>& own = kept.layers[c];
    if (own.size() != wanted.layers[c].size() || own.back() != wanted.layers[c].back()) return false;
    for (const Alone& one : own) {
      if (one == Alone{}) continue;  // not measured yet
      const bool sized = one.bits >= 0 && one.bits <= kMostBitsAWeight * weights[c];
      if (!sized || !is_tally(one.tally, wanted.as_trained.seen)) return false;
    }
  }
  return true;
}

// One layer's place in the table.
struct Place {
  std::size_t layer, choice;
};

std::vector<Place> missing(const Sensitivity& table) {
  std::vector<Place> places;
  for (std::size_t c = 0; c < table.layers.size(); ++c) {
    for (std::size_t k = 0; k < table.layers[c].size(); ++k) {
      if (table.layers[c][k].tally.seen == 0) places.push_back({c, k});
    }
  }
  return places;
}

Genome alone(const Choices& choices, const Place& place) {
  Genome genome{std::vector<Chromosome>(choices.size())};
  genome.chromosomes[place.layer] = choices[place.layer][place.choice];
  return genome;
}

// Measures what is missing in a table, a few networks at a time.
class Measurement {
 public:
  Measurement(const Problem& problem, const Choices& choices, Evaluator& evaluator, Sensitivity& table)
      : choices_(choices),
        evaluator_(evaluator),
        table_(table),
        weights_(layer_weights(problem)),
        all_fp32_(32 * weight_count(problem.network)) {}

  // Whether all of these places were measured; a wish to stop may have come first.
  bool measure(std::span<const Place> places) {
    std::vector<Genome> genomes;
    genomes.reserve(places.size());
    for (const Place& place : places) genomes.push_back(alone(choices_, place));
    const std::vector<Evaluated> found = evaluator_.evaluate(genomes, {});
    bool whole = true;
    for (std::size_t i = 0; i < places.size(); ++i) {
      const auto [layer, choice] = places[i];
      whole = whole && found[i].tally.seen > 0;
      if (found[i].tally.seen == 0) continue;
      const std::int64_t others = all_fp32_ - 32 * weights_[layer];
      table_.layers[layer][choice] = {found[i].tally, found[i].bits - others};
    }
    return whole;
  }

 private:
  const Choices& choices_;
  Evaluator& evaluator_;
  Sensitivity& table_;
  std::vector<std::int64_t> weights_;
  std::int64_t all_fp32_;  // bits
};

// Nothing is measured yet but the network as trained.
Sensitivity empty_table(const Problem& problem, const Choices& choices, Evaluator& evaluator) {
  Sensitivity table{evaluator.as_trained(ImageSet::search), {}};
  const std::vector<std::int64_t> weights = layer_weights(problem);
  for (std::size_t c = 0; c < choices.size(); ++c) {
    table.layers.emplace_back(choices[c].size()).back() = {table.as_trained, 32 * weights[c]};
  }
  return table;
}

}  // namespace

Sensitivity find_sensitivity(const Setup& setup, const Choices& choices, Evaluator& evaluator,
                             const ComputeInfo& compute, const fs::path& folder, Progress& progress) {
  const fs::path path = folder / kSensitivityFile;
  const std::string key = key_of(setup, choices, compute);
  Sensitivity table = empty_table(setup.problem, choices, evaluator);
  std::int64_t all = 0;
  for (const std::vector<Chromosome>& own : choices) all += std::ssize(own);
  if (std::optional<Sensitivity> kept = load_sensitivity(path, key, all)) {
    if (fits(*kept, table, layer_weights(setup.problem))) {
      table = *std::move(kept);
    } else {
      log::warning("{} does not fit the network; sensitivities are measured again", path.string());
    }
  }
  const std::vector<Place> places = missing(table);
  Measurement measurement(setup.problem, choices, evaluator, table);
  const std::size_t at_once = std::max(kLeastAtOnce, 4 * static_cast<std::size_t>(compute.workers));
  for (std::size_t first = 0; first < places.size(); first += at_once) {
    const std::size_t count = std::min(at_once, places.size() - first);
    const bool whole = measurement.measure(std::span(places).subspan(first, count));
    save_sensitivity(path, table, key);
    if (!whole) throw Stopped();
    const std::size_t done = first + count;
    progress.show(fmt::format("sensitivity: {} of {} networks", done, places.size()),
                  done == places.size() ? Progress::When::now : Progress::When::now_and_then);
  }
  if (!places.empty()) progress.end_line();
  evaluator.times();  // no generation's
  return table;
}

std::vector<Genome> allocated_genomes(const Setup& setup, const Choices& choices, const Sensitivity& sensitivity,
                                      const std::optional<std::int64_t>& budget) {
  std::vector<Genome> genomes;
  if (!budget) return genomes;
  const std::vector<std::vector<Priced>> layers = priced(sensitivity, setup.job.fitness);
  for (const double share : kShares) {
    const auto some = static_cast<std::int64_t>(share * static_cast<double>(*budget));
    const std::optional<Allocation> found = allocate(layers, some);
    if (!found) break;
    Genome genome;
    for (std::size_t c = 0; c < choices.size(); ++c) genome.chromosomes.push_back(choices[c][found->choices[c]]);
    if (std::ranges::find(genomes, genome) == genomes.end()) genomes.push_back(std::move(genome));
  }
  return genomes;
}

void add_allocations(const Setup& setup, const Sensitivity& sensitivity, SearchSpace& space) {
  space.prices = priced(sensitivity, setup.job.fitness);
  std::vector<Genome> seeds;
  if (!setup.range) seeds = allocated_genomes(setup, space.choices, sensitivity, setup.budget_bits);
  for (const std::int64_t size :
       setup.range ? spaced_sizes(searched_range(*setup.range), front_seeds(setup)) : std::vector<std::int64_t>()) {
    std::vector<Genome> own = allocated_genomes(setup, space.choices, sensitivity, size);
    if (!own.empty() && std::ranges::find(seeds, own.front()) == seeds.end()) seeds.push_back(std::move(own.front()));
  }
  seeds.insert(seeds.end(), space.seeds.begin(), space.seeds.end());
  space.seeds = std::move(seeds);
}

std::int64_t measured(const Sensitivity& sensitivity) {
  std::int64_t count = 0;
  for (const std::vector<Alone>& own : sensitivity.layers) count += std::ssize(own) - 1;
  return count;
}

}  // namespace vbq
