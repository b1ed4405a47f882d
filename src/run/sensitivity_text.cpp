// The table of sensitivities and the allocation, told.
#include <algorithm>

#include "core/check.hpp"
#include "json/json.hpp"
#include "report/progress.hpp"
#include "run/sensitivity.hpp"
#include "vbq/size.hpp"

namespace vbq {
namespace {

// One layer, as it is told.
struct Line {
  std::string name;
  std::int64_t weights = 0;
};

std::vector<Line> lines_of(const Setup& setup) {
  std::vector<Line> lines;
  const Network& network = setup.problem.network;
  for (const int index : quantised_layers(network, setup.problem.format)) {
    const Node& node = network.nodes[static_cast<std::size_t>(index)];
    lines.push_back({node.name, std::ssize(weight_of(node)->data)});
  }
  return lines;
}

// Mean harm an image: nats, or the share of images.
double mean_harm(const Setup& setup, const Sensitivity& sensitivity, const Tally& tally) {
  const Fitness kind = setup.job.fitness;
  const std::int64_t harm = harm_of(tally, kind) - harm_of(sensitivity.as_trained, kind);
  const double images = static_cast<double>(std::max<std::int64_t>(1, tally.seen));
  return static_cast<double>(harm) / images / (kind == Fitness::top1 ? 1.0 : kLossUnit);
}

std::optional<Allocation> allocation_of(const Setup& setup, const Sensitivity& sensitivity) {
  return setup.budget_bits ? allocate(priced(sensitivity, setup.job.fitness), *setup.budget_bits) : std::nullopt;
}

// What is added up to predict a whole network.
double predicted_harm(const Setup& setup, const Sensitivity& sensitivity, const Allocation& allocation) {
  double sum = 0;
  for (std::size_t c = 0; c < allocation.choices.size(); ++c) {
    sum += mean_harm(setup, sensitivity, sensitivity.layers[c][allocation.choices[c]].tally);
  }
  return sum;
}

std::string levels_text(const Chromosome& choice) {
  return choice.empty() ? std::string("FP32") : std::to_string(choice.size());
}

double bits_a_weight(std::int64_t bits, std::int64_t weights) {
  return weights == 0 ? 0 : static_cast<double>(bits) / static_cast<double>(weights);
}

}  // namespace

std::string sensitivity_text(const Setup& setup, const Choices& choices, const Sensitivity& sensitivity) {
  const std::optional<Allocation> found = allocation_of(setup, sensitivity);
  std::string text = fmt::format(
      "Each layer alone, all others FP32: bits a weight and {} for each number of levels; {} marks what the budget "
      "gives it\n\n",
      fitness_name(setup.job.fitness), "*");
  text += fmt::format("{:<32} {:>9}", "layer", "weights");
  for (const Chromosome& choice : choices.front()) text += fmt::format("  {:>15}", levels_text(choice));
  text += '\n';
  const std::vector<Line> lines = lines_of(setup);
  for (std::size_t c = 0; c < lines.size(); ++c) {
    text += fmt::format("{:<32} {:>9}", lines[c].name, thousands(lines[c].weights));
    for (std::size_t k = 0; k < choices[c].size(); ++k) {
      const Alone& one = sensitivity.layers[c][k];
      text += fmt::format("  {:>5.2f} {:>8.5f}{}", bits_a_weight(one.bits, lines[c].weights),
                          mean_harm(setup, sensitivity, one.tally), found && found->choices[c] == k ? '*' : ' ');
    }
    text += '\n';
  }
  if (!found) return text + "\nThe budget is less than the smallest choices take: there is no allocation\n";
  const std::int64_t all = weight_count(setup.problem.network);
  text += fmt::format("\nWithin {:.4f} bits a weight ({} bytes): {:.4f} ({} bytes), {} {:.5f} if layers add up{}\n",
                      bits_a_weight(*setup.budget_bits, all), thousands(*setup.budget_bits / 8),
                      bits_a_weight(found->bits, all), thousands((found->bits + 7) / 8),
                      fitness_name(setup.job.fitness), predicted_harm(setup, sensitivity, *found),
                      found->exact ? "" : " (near the best: there are too many choices to be sure)");
  return text;
}

Json sensitivity_json(const Setup& setup, const Choices& choices, const Sensitivity& sensitivity) {
  const std::optional<Allocation> found = allocation_of(setup, sensitivity);
  const std::vector<Line> lines = lines_of(setup);
  Json json{{"fitness", fitness_name(setup.job.fitness)},
            {"images", sensitivity.as_trained.seen},
            {"budget_bits", *setup.budget_bits},
            {"layers", Json::array()},
            {"allocation", nullptr}};
  for (std::size_t c = 0; c < lines.size(); ++c) {
    Json layer{{"name", lines[c].name}, {"weights", lines[c].weights}, {"choices", Json::array()}};
    for (std::size_t k = 0; k < choices[c].size(); ++k) {
      const Alone& one = sensitivity.layers[c][k];
      layer["choices"].push_back(
          {{"levels", choices[c][k].size()}, {"bits", one.bits}, {"harm", mean_harm(setup, sensitivity, one.tally)}});
    }
    json["layers"].push_back(std::move(layer));
  }
  if (!found) return json;
  Json levels = Json::array();
  for (std::size_t c = 0; c < lines.size(); ++c) levels.push_back(choices[c][found->choices[c]].size());
  json["allocation"] = {{"levels", std::move(levels)},
                        {"bits", found->bits},
                        {"harm", predicted_harm(setup, sensitivity, *found)},
                        {"exact", found->exact}};
  return json;
}

}  // namespace vbq
