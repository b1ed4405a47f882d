#include "engine/common/tally.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <variant>

namespace vbq {
namespace {

constexpr double kTiny = std::numeric_limits<float>::min();  // keeps log(0) finite

bool all_finite(std::span<const float> values) {
  return std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); });
}

// log(sum(exp(outputs))), shifted by the largest so that nothing overflows; 0 for probabilities.
double log_normaliser(std::span<const float> outputs, Outputs kind) {
  if (kind == Outputs::probabilities) return 0;
  const double largest = *std::max_element(outputs.begin(), outputs.end());
  double sum = 0;
  for (const float y : outputs) sum += std::exp(y - largest);
  return largest + std::log(sum);
}

double log_p(float output, Outputs kind, double normaliser) {
  return kind == Outputs::probabilities ? std::log(std::max<double>(output, kTiny)) : output - normaliser;
}

}  // namespace

Outputs outputs_of(const Network& network) {
  for (auto node = network.nodes.rbegin(); node != network.nodes.rend(); ++node) {
    if (std::holds_alternative<Reshape>(node->op)) continue;
    const auto* softmax = std::get_if<Softmax>(&node->op);
    return softmax != nullptr && softmax->form == Softmax::Form::share ? Outputs::probabilities : Outputs::logits;
  }
  return Outputs::logits;
}

void log_probabilities(std::span<const float> outputs, Outputs kind, std::span<float> result) {
  const double normaliser = log_normaliser(outputs, kind);
  for (std::size_t c = 0; c < outputs.size(); ++c) {
    result[c] = static_cast<float>(log_p(outputs[c], kind, normaliser));
  }
}

std::int64_t count_not_finite(std::span<const float> log_p, std::size_t classes) {
  std::int64_t count = 0;
  for (std::size_t first = 0; first < log_p.size(); first += classes) {
    count += all_finite(log_p.subspan(first, classes)) ? 0 : 1;
  }
  return count;
}

void count_image(std::span<const float> outputs, std::int32_t label, Outputs kind, std::span<const float> fp32_log_p,
                 Tally& tally) {
  tally.seen += 1;
  if (!all_finite(outputs)) {
    tally.loss += fixed_point(kLossLimit);
    if (!fp32_log_p.empty()) tally.divergence += fixed_point(kLossLimit);
    return;
  }
  const auto l = static_cast<std::size_t>(label);
  const float y = outputs[l];
  int better = 0;  // classes that beat the label
  for (std::size_t c = 0; c < l; ++c) better += outputs[c] >= y;
  for (std::size_t c = l + 1; c < outputs.size(); ++c) better += outputs[c] > y;
  tally.top1 += better < 1;
  tally.top5 += better < 5;

  const double normaliser = log_normaliser(outputs, kind);
  tally.loss += fixed_point(-log_p(y, kind, normaliser));
  if (fp32_log_p.empty()) return;
  double divergence = 0;
  for (std::size_t c = 0; c < outputs.size(); ++c) {
    const double log_fp32 = fp32_log_p[c];
    divergence += std::exp(log_fp32) * (log_fp32 - log_p(outputs[c], kind, normaliser));
  }
  tally.divergence += fixed_point(divergence);
}

std::int64_t fixed_point(double nats) {
  if (std::isnan(nats)) nats = kLossLimit;
  return std::llround(std::clamp(nats, 0.0, kLossLimit) * kLossUnit);
}

}  // namespace vbq
