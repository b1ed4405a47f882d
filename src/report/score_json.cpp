#include "report/score_json.hpp"

#include <cmath>

#include "core/check.hpp"
#include "report/interval.hpp"

namespace vbq {
namespace {

double two_decimals(double value) { return std::round(value * 100.0) / 100.0; }

Json share_json(std::int64_t correct, std::int64_t seen) {
  const Interval interval = wilson95(correct, seen);
  return {{"correct", correct},
          {"percent", percent(correct, seen)},
          {"interval95", {two_decimals(interval.low), two_decimals(interval.high)}}};
}

}  // namespace

double percent(std::int64_t correct, std::int64_t seen) {
  if (seen == 0) return 0;
  // 10000 correct / seen in integers, so that no binary fraction decides about a middle.
  const std::int64_t hundredths = (correct * 20000 + seen) / (seen * 2);
  return static_cast<double>(hundredths) / 100.0;
}

const char* share_name(Labels labels) { return labels == Labels::given ? "top-1" : "agreement with FP32"; }

std::string share_title(Labels labels) { return labels == Labels::given ? "Top-1" : "Agreement with FP32"; }

Labels labels_of(const Json& score) { return score.contains("agreement") ? Labels::of_fp32 : Labels::given; }

const Json& top1_of(const Json& score) { return score.at(labels_of(score) == Labels::given ? "top1" : "agreement"); }

const Json& top5_of(const Json& score) {
  return score.at(labels_of(score) == Labels::given ? "top5" : "agreement_top5");
}

Json score_json(const Tally& tally, Divergence divergence, Labels labels) {
  const bool given = labels == Labels::given;
  Json json;
  json["images"] = tally.seen;
  json[given ? "top1" : "agreement"] = share_json(tally.top1, tally.seen);
  json[given ? "top5" : "agreement_top5"] = share_json(tally.top5, tally.seen);
  if (given) json["loss"] = mean_loss(tally);
  if (divergence == Divergence::told) json["divergence"] = mean_divergence(tally);
  return json;
}

std::string percent_text(std::int64_t correct, std::int64_t seen) {
  const Interval interval = wilson95(correct, seen);
  return fmt::format("{:6.2f} %  (95 % interval {:.2f} to {:.2f}; {} of {})", percent(correct, seen),
                     two_decimals(interval.low), two_decimals(interval.high), correct, seen);
}

std::string interval_text(std::int64_t correct, std::int64_t seen) {
  const Interval interval = wilson95(correct, seen);
  return fmt::format("{:.2f} [{:.2f}, {:.2f}]", percent(correct, seen), two_decimals(interval.low),
                     two_decimals(interval.high));
}

}  // namespace vbq
