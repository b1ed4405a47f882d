#include "app/score_json.hpp"

#include <cmath>

#include "core/check.hpp"
#include "evaluate/interval.hpp"

namespace vbq {
namespace {

double two_decimals(double value) { return std::round(value * 100.0) / 100.0; }

double percent(std::int64_t correct, std::int64_t seen) {
  return seen == 0 ? 0.0 : 100.0 * static_cast<double>(correct) / static_cast<double>(seen);
}

nlohmann::ordered_json share_json(std::int64_t correct, std::int64_t seen) {
  const Interval interval = wilson95(correct, seen);
  return {{"correct", correct},
          {"percent", two_decimals(percent(correct, seen))},
          {"interval95", {two_decimals(interval.low), two_decimals(interval.high)}}};
}

}  // namespace

nlohmann::ordered_json score_json(const Tally& tally, bool with_divergence) {
  nlohmann::ordered_json json;
  json["images"] = tally.seen;
  json["top1"] = share_json(tally.top1, tally.seen);
  json["top5"] = share_json(tally.top5, tally.seen);
  json["loss"] = mean_loss(tally);
  if (with_divergence) json["divergence"] = mean_divergence(tally);
  return json;
}

std::string percent_text(std::int64_t correct, std::int64_t seen) {
  const Interval interval = wilson95(correct, seen);
  return fmt::format("{:6.2f} %  (95 % interval {:.2f} to {:.2f}; {} of {})", percent(correct, seen), interval.low,
                     interval.high, correct, seen);
}

}  // namespace vbq
