#include "run/front_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <vector>

#include "json/json.hpp"
#include "report/interval.hpp"
#include "report/progress.hpp"
#include "report/score_json.hpp"
#include "vbq/size.hpp"

namespace vbq {
namespace {

const char* name_of_origin(Origin origin) { return origin == Origin::searched ? "searched" : "start"; }

// What both codings make of a network.
struct TwoSizes {
  std::int64_t fixed = 0, entropy = 0;  // bits
  double weights = 0;

  std::int64_t coded(Coding coding) const { return coding == Coding::fixed ? fixed : entropy; }
};

TwoSizes sizes_of(const Setup& setup, const FrontNetwork& one) {
  const WeightSize size = weight_size(setup.problem.network, one.scored.network);
  return {coded_bits(size, Coding::fixed), coded_bits(size, Coding::entropy), static_cast<double>(size.weights)};
}

std::int64_t bytes(std::int64_t bits) { return (bits + 7) / 8; }

std::string csv_line(const Setup& setup, const FrontNetwork& one) {
  const TwoSizes sizes = sizes_of(setup, one);
  const Scores& scores = one.scored.scores;
  const Tally& held_out = scores.held_out;
  const Interval interval = wilson95(held_out.top1, held_out.seen);
  const auto a_weight = [&](std::int64_t bits) { return static_cast<double>(bits) / sizes.weights; };
  const std::string validation =
      scores.validation.seen > 0 ? fmt::format("{:.9g}", mean_divergence(scores.validation)) : "";
  return fmt::format("{},{},{},{},{:.6f},{},{:.6f},{:.9g},{},{:.9g},{:.4f},{:.4f},{:.4f}\n",
                     one.point > 0 ? point_name(one.point) : "", name_of_origin(one.origin), bytes(one.budget),
                     bytes(sizes.fixed), a_weight(sizes.fixed), bytes(sizes.entropy), a_weight(sizes.entropy),
                     mean_divergence(scores.search), validation, mean_divergence(held_out),
                     percent(held_out.top1, held_out.seen), interval.low, interval.high);
}

// Its points, the smallest first.
std::vector<std::reference_wrapper<const FrontNetwork>> by_size(const Front& front) {
  std::vector<std::reference_wrapper<const FrontNetwork>> points;
  for (const FrontNetwork& one : front.networks) {
    if (one.point > 0) points.emplace_back(one);
  }
  std::ranges::sort(points, {}, [](const FrontNetwork& one) { return one.point; });
  return points;
}

// What the search began with at the same budget.
std::string start_text(const Setup& setup, const Front& front, const FrontNetwork& point) {
  if (point.origin == Origin::start) return "the same: a search's gain may be chance";
  for (const FrontNetwork& one : front.networks) {
    if (one.origin != Origin::start || one.budget != point.budget) continue;
    const TwoSizes sizes = sizes_of(setup, one);
    const Tally& held_out = one.scored.scores.held_out;
    return fmt::format("{:>7.3f}  {:>10.4g}  {:>5.2f}",
                       static_cast<double>(sizes.coded(setup.problem.format.coding)) / sizes.weights,
                       mean_divergence(held_out), percent(held_out.top1, held_out.seen));
  }
  return "none";
}

// Of columns.
std::string share_key(const Setup& setup) {
  return labels_of(setup.problem, ImageSet::held_out) == Labels::given ? "top1" : "agreement";
}

}  // namespace

std::string point_name(int point) { return fmt::format("{:02}", point); }

std::string front_csv(const Setup& setup, const Front& front) {
  std::string text = fmt::format(
      "point,network,budget_bytes,bytes_fixed,bits_fixed,bytes_entropy,bits_entropy,search,validation,held_out,{0},"
      "{0}_low,{0}_high\n",
      share_key(setup));
  for (const FrontNetwork& one : front.networks) text += csv_line(setup, one);
  return text;
}

Json front_json(const Setup& setup, const Front& front) {
  const std::string share = share_key(setup);
  Json json{{"knee", front.networks[front.knee].point}, {"networks", Json::array()}};
  for (const FrontNetwork& one : front.networks) {
    const TwoSizes sizes = sizes_of(setup, one);
    const Scores& scores = one.scored.scores;
    const Interval interval = wilson95(scores.held_out.top1, scores.held_out.seen);
    Json network{{"point", nullptr},
                 {"network", name_of_origin(one.origin)},
                 {"budget_bytes", bytes(one.budget)},
                 {"bytes_fixed", bytes(sizes.fixed)},
                 {"bits_fixed", static_cast<double>(sizes.fixed) / sizes.weights},
                 {"bytes_entropy", bytes(sizes.entropy)},
                 {"bits_entropy", static_cast<double>(sizes.entropy) / sizes.weights},
                 {"search", mean_divergence(scores.search)},
                 {"validation", nullptr},
                 {"held_out", mean_divergence(scores.held_out)},
                 {share, percent(scores.held_out.top1, scores.held_out.seen)},
                 {share + "_low", interval.low},
                 {share + "_high", interval.high}};
    if (one.point > 0) network["point"] = one.point;
    if (scores.validation.seen > 0) network["validation"] = mean_divergence(scores.validation);
    json["networks"].push_back(std::move(network));
  }
  return json;
}

std::string front_text(const Setup& setup, const Front& front) {
  std::string text = fmt::format("{:>48}      {}\n", "what is delivered", "the start, at the same budget");
  const bool agreement = labels_of(setup.problem, ImageSet::held_out) == Labels::of_fp32;
  text += fmt::format("point   bytes  bits a weight  divergence  {:<22}    bits  divergence  {}\n",
                      agreement ? "agrees (95 % interval)" : "top-1 (95 % interval)", agreement ? "agrees" : "top-1");
  for (const FrontNetwork& one : by_size(front)) {
    const TwoSizes sizes = sizes_of(setup, one);
    const std::int64_t bits = sizes.coded(setup.problem.format.coding);
    const Tally& held_out = one.scored.scores.held_out;
    text += fmt::format("{:>5} {:>7} {:>14.3f}  {:>10.4g}  {:<22}  {}{}\n", point_name(one.point),
                        thousands(bytes(bits)), static_cast<double>(bits) / sizes.weights, mean_divergence(held_out),
                        interval_text(held_out.top1, held_out.seen), start_text(setup, front, one),
                        &one == &front.networks[front.knee] ? "  (the knee)" : "");
  }
  return text +
         fmt::format(
             "Point NN is in front/NN/best.json, the knee in best.json; divergence and {} are of held-out images.\n",
             share_name(labels_of(setup.problem, ImageSet::held_out)));
}

}  // namespace vbq
