#include "run/summary.hpp"

#include <cmath>

#include "config/names.hpp"
#include "json/json.hpp"
#include "report/output.hpp"
#include "report/progress.hpp"
#include "report/score_json.hpp"
#include "run/front_text.hpp"
#include "vbq/version.hpp"

namespace vbq {
namespace {

Json scores_json(const Problem& problem, const Scores& scores, Divergence divergence) {
  const Labels search = labels_of(problem, ImageSet::search), held_out = labels_of(problem, ImageSet::held_out);
  Json json{{"search", score_json(scores.search, divergence, search)},
            {"held_out", score_json(scores.held_out, divergence, held_out)}};
  if (scores.validation.seen > 0) json["validation"] = score_json(scores.validation, divergence, search);
  return json;
}

Json beginning_json(const Problem& problem, const Beginning& beginning) {
  Json json{{"start", scores_json(problem, beginning.start, Divergence::told)},
            {"searched", scores_json(problem, beginning.searched, Divergence::told)},
            {"finalists", beginning.finalists},
            {"delivered", beginning.delivered ? "start" : "searched"}};
  if (beginning.gain) json["validation_gain"] = {{"fitness", beginning.gain->gain}, {"p", beginning.gain->p}};
  return json;
}

std::string beginning_text(const Beginning& beginning) {
  const auto divergence = [](const Scores& scores) { return mean_divergence(scores.held_out); };
  std::string text = fmt::format("Divergence from FP32's outputs there: {:.3g} searched, {:.3g} the start.\n",
                                 divergence(beginning.searched), divergence(beginning.start));
  if (!beginning.gain) return text;
  const std::string p =
      fmt::format("p = {:.2g} on {} validation images", beginning.gain->p, thousands(beginning.start.validation.seen));
  return text + (beginning.delivered
                     ? fmt::format("The search's gain over its start may be chance ({}): the start is delivered.\n", p)
                     : fmt::format("The searched network is better than the search's start ({}).\n", p));
}

}  // namespace

std::string summary_json(const Setup& setup, const ComputeInfo& compute, const SearchResult& result,
                         const Sizes& sizes) {
  const WeightSize& size = sizes.weights;
  Json json;
  json["vbq"] = kVersion;
  json["bits"] = static_cast<int>(std::ceil(std::log2(setup.job.format.levels)));
  json["levels"] = setup.job.format.levels;
  json["coding"] = name_of<Coding>(setup.job.format.coding, kCodings);
  json["bits_per_weight"] = size.bits_per_weight();
  json["entropy_bits_per_weight"] = size.entropy_bits_per_weight();
  json["weights"] = size.weights;
  json["bytes"] = size.bytes();
  json["sizes"] = sizes_json(sizes);
  json["fp32"] = scores_json(setup.problem, result.as_trained, Divergence::left_out);
  json["quantised"] = scores_json(setup.problem, result.quantised, Divergence::told);
  if (result.beginning) json["beginning"] = beginning_json(setup.problem, *result.beginning);
  if (result.front) json["front"] = front_json(setup, *result.front);
  if (result.foresight) json["foresight"] = *result.foresight;
  json["generations"] = result.generations;
  json["ended_by"] = result.ending ? Json(ending_name(*result.ending)) : Json(nullptr);
  json["evaluations"] = result.evaluations;
  if (!setup.job.cache.empty()) json["from_cache"] = result.from_cache;
  if (result.sensitivities > 0) json["sensitivity_evaluations"] = result.sensitivities;
  json["images_inferred"] = result.images;
  json["seconds"] = result.seconds;
  json["ranks"] = compute.ranks;
  json["workers"] = compute.workers;
  json["threads_per_worker"] = compute.engine.threads;
  json["engine"] = compute.engine.kind;
  json["precision"] = compute.engine.precision;
  json["device"] = compute.engine.device;
  json["instruction_set"] = compute.engine.isa;
  json["library"] = compute.engine.library;
  json["seed"] = setup.job.search.seed;
  json["network"] = setup.job.network.string();
  json["network_hash"] = setup.network_hash;
  json["data_hash"] = setup.data_hash;
  json["warnings"] = setup.warnings;
  return json_text(json, 2);
}

std::string summary_text(const Setup& setup, const SearchResult& result, const Sizes& sizes) {
  const Augment augment = setup.job.augment;
  const auto line = [](const std::string& what, const Tally& tally) {
    return fmt::format("  {:<34} {}\n", what, percent_text(tally.top1, tally.seen));
  };
  std::string text = result.front ? front_text(setup, *result.front) + "The knee:\n" : std::string();
  text += sizes_text(sizes);
  text += share_title(labels_of(setup.problem, ImageSet::held_out)) + " on images that the search never saw:\n";
  text += line("as trained (FP32)", result.as_trained.held_out);
  if (result.beginning) text += line("quantised, the search's start", result.beginning->start.held_out);
  text += line(result.beginning ? "quantised, searched" : "quantised",
               result.beginning ? result.beginning->searched.held_out : result.quantised.held_out);
  if (result.beginning) text += beginning_text(*result.beginning);
  const char* changed = augment == Augment::mix     ? ", each mixed with another"
                        : augment == Augment::shift ? ", shifted and mirrored"
                                                    : "";
  text += fmt::format("{} on the images that the search was led by{}:\n",
                      share_title(labels_of(setup.problem, ImageSet::search)), changed);
  text += line("as trained (FP32)", result.as_trained.search);
  text += line("quantised", result.quantised.search);
  text +=
      fmt::format("{} networks evaluated in {} generations, {} images inferred, {}\n", thousands(result.evaluations),
                  result.generations, thousands(result.images), duration_text(result.seconds));
  if (result.foresight)
    text += fmt::format("Its response surfaces foretold candidates' ranks with a correlation of {:.2f}.\n",
                        *result.foresight);
  return text;
}

}  // namespace vbq
