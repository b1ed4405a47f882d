// A tally as people and programs read it.
#pragma once

#include <cstdint>
#include <string>

#include "json/json.hpp"
#include "vbq/tally.hpp"

namespace vbq {

// 100 correct / seen rounded to two decimals, the middle upwards: exactly, and the same wherever it is shown. 0 of
// none.
double percent(std::int64_t correct, std::int64_t seen);

enum class Divergence { left_out, told };

// {"images": n, "top1": {"correct", "percent", "interval95"}, "top5": {...}, "loss": nats, "divergence": nats or
// absent} Percentages and intervals (Wilson) are rounded to two decimals.
Json score_json(const Tally& tally, Divergence divergence);

// "91.73 %  (95 % interval 91.18 to 92.26; 9155 of 9980)".
std::string percent_text(std::int64_t correct, std::int64_t seen);
// "91.73 [91.18, 92.26]".
std::string interval_text(std::int64_t correct, std::int64_t seen);

}  // namespace vbq
