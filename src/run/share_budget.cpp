#include "run/share_budget.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "assign/weighted_error.hpp"
#include "core/check.hpp"
#include "search/allocate.hpp"
#include "search/greedy.hpp"
#include "vbq/size.hpp"

namespace vbq {
namespace {

constexpr int kMostAttempts = 6;    // that a budget is met in
constexpr double kUnused = 0.004;   // a budget that is used but for this share of it is used
constexpr double kMostHarm = 1e15;  // of all layers together, in integers

Sharing exact_sharing(std::vector<std::vector<Priced>> layers) {
  return [layers = std::move(layers)](std::int64_t budget) -> std::optional<std::vector<std::size_t>> {
    std::optional<Allocation> found = allocate(layers, budget);
    if (!found) return std::nullopt;
    return std::move(found->choices);
  };
}

// [layers][choices]; 0 of FP32.
std::vector<std::vector<double>> weighted_errors(const Setup& setup, const Choices& choices,
                                                 const Calibration& calibration) {
  const Network& network = setup.problem.network;
  const Decoder decoder(network, setup.problem.format);
  std::vector<std::vector<double>> errors(choices.size());
  if (calibration.factors.size() != choices.size()) fail_internal("a layer without a factor");
  for (std::size_t k = 0; k < choices.front().size(); ++k) {
    Genome genome;
    for (const std::vector<Chromosome>& own : choices) genome.chromosomes.push_back(own[k]);
    const NetworkFormat formats = decoder(genome);
    auto format = formats.begin();
    for (std::size_t c = 0; c < choices.size(); ++c) {
      const LayerFactor& factor = calibration.factors[c];
      const bool quantised = format != formats.end() && format->node == factor.node;
      const Tensor& weight = *weight_of(network.nodes[static_cast<std::size_t>(factor.node)]);
      errors[c].push_back(quantised ? weighted_error(weight.data, weight.shape.front(), *format, factor) : 0.0);
      if (quantised) ++format;
    }
  }
  return errors;
}

Genome genome_of(const Choices& choices, const std::vector<std::size_t>& taken) {
  Genome genome;
  for (std::size_t c = 0; c < choices.size(); ++c) genome.chromosomes.push_back(choices[c][taken[c]]);
  return genome;
}

}  // namespace

Sharing additive_sharing(const Setup& setup, const Sensitivity& sensitivity) {
  return exact_sharing(priced(sensitivity, setup.job.fitness));
}

Sharing greedy_sharing(const Setup& setup, const Sensitivity& sensitivity) {
  return
      [layers = priced(sensitivity, setup.job.fitness)](std::int64_t budget) { return greedy_choices(layers, budget); };
}

Sharing weighted_error_sharing(const Setup& setup, const Choices& choices, const Sensitivity& sensitivity,
                               const Calibration& calibration) {
  const std::vector<std::vector<double>> errors = weighted_errors(setup, choices, calibration);
  double most = 0;  // that layers may come to
  for (const std::vector<double>& own : errors) most += std::ranges::max(own);
  const double unit = most > 0 ? kMostHarm / most : 0;
  std::vector<std::vector<Priced>> layers = priced(sensitivity, setup.job.fitness);
  for (std::size_t c = 0; c < layers.size(); ++c) {
    for (std::size_t k = 0; k < layers[c].size(); ++k) {
      layers[c][k].harm = static_cast<std::int64_t>(std::llround(errors[c][k] * unit));
    }
  }
  return exact_sharing(std::move(layers));
}

std::optional<QuantisedNetwork> deliver_shared(const Setup& setup, Evaluator& evaluator, const Choices& choices,
                                               const Sharing& sharing) {
  const std::int64_t budget = *setup.budget_bits;
  const auto unused = static_cast<std::int64_t>(kUnused * static_cast<double>(budget));
  std::optional<QuantisedNetwork> best;
  std::int64_t best_bits = 0, asked = budget;
  std::vector<std::vector<std::size_t>> tried;
  for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
    std::optional<std::vector<std::size_t>> taken = sharing(asked);
    if (!taken) break;
    if (std::ranges::find(tried, *taken) != tried.end()) {
      if (best) break;
      asked -= std::max<std::int64_t>(1, budget / 50);
      continue;
    }
    QuantisedNetwork network = evaluator.network(genome_of(choices, *taken));
    tried.push_back(*std::move(taken));
    const std::int64_t bits = coded_bits(weight_size(setup.problem.network, network), setup.problem.format.coding);
    if (bits <= budget && (!best || bits > best_bits)) {
      best = std::move(network);
      best_bits = bits;
    }
    if (bits <= budget && budget - bits <= unused) break;
    asked += budget - bits - unused / 2;
  }
  return best;
}

}  // namespace vbq
