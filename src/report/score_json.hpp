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

// Whose labels a tally was counted by: those that came with the images, or, where none did, what the network as trained
// takes them for.
enum class Labels { given, of_fp32 };

// What a share of images is then: "top-1", "agreement with FP32".
const char* share_name(Labels labels);
// "Top-1", "Agreement with FP32".
std::string share_title(Labels labels);

// {"images": n, "top1": {"correct", "percent", "interval95"}, "top5": {...}, "loss": nats, "divergence": nats or
// absent} Percentages and intervals (Wilson) are rounded to two decimals. Of Labels::of_fp32 "agreement" stands for
// "top1", "agreement_top5" (how often the class that FP32 takes an image for is among the five likeliest) for "top5",
// and there is no loss.
Json score_json(const Tally& tally, Divergence divergence, Labels labels = Labels::given);

// The same read again.
Labels labels_of(const Json& score);
const Json& top1_of(const Json& score);
const Json& top5_of(const Json& score);

// "91.73 %  (95 % interval 91.18 to 92.26; 9155 of 9980)".
std::string percent_text(std::int64_t correct, std::int64_t seen);
// "91.73 [91.18, 92.26]".
std::string interval_text(std::int64_t correct, std::int64_t seen);

}  // namespace vbq
