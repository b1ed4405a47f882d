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

std::size_t likeliest(std::span<const float> values) {
  return static_cast<std::size_t>(std::max_element(values.begin(), values.end()) - values.begin());
}

// log p of one image's classes, as they are compared.
class LogP {
 public:
  LogP(std::span<const float> outputs, Outputs kind, const Comparison& comparison) : outputs_(outputs), kind_(kind) {
    if (comparison.of == Comparison::Of::outputs) {
      for (std::size_t c = 0; c < outputs.size(); ++c) normaliser_ += scaled(c);
      normaliser_ /= static_cast<double>(outputs.size());
      return;
    }
    temperature_ = comparison.temperature;
    if (kind == Outputs::probabilities && temperature_ == 1) return;
    // Shifted by the largest, so that nothing overflows.
    double largest = scaled(0), sum = 0;
    for (std::size_t c = 1; c < outputs.size(); ++c) largest = std::max(largest, scaled(c));
    for (std::size_t c = 0; c < outputs.size(); ++c) sum += std::exp(scaled(c) - largest);
    normaliser_ = largest + std::log(sum);
  }
  double operator()(std::size_t c) const { return scaled(c) - normaliser_; }

 private:
  double scaled(std::size_t c) const {
    const double y = outputs_[c];
    return (kind_ == Outputs::probabilities ? std::log(std::max(y, kTiny)) : y) / temperature_;
  }

  std::span<const float> outputs_;
  Outputs kind_;
  double temperature_ = 1;
  double normaliser_ = 0;  // log(sum(exp(scaled))), or the mean
};

double distance(const LogP& log_p, std::span<const float> fp32_log_p, const Comparison& comparison) {
  const bool squares = comparison.of == Comparison::Of::outputs;
  double sum = 0;
  for (std::size_t c = 0; c < fp32_log_p.size(); ++c) {
    const double log_fp32 = fp32_log_p[c], off = log_fp32 - log_p(c);
    sum += squares ? off * off : std::exp(log_fp32) * off;
  }
  return squares ? sum / static_cast<double>(fp32_log_p.size()) : sum;
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

void log_probabilities(std::span<const float> outputs, Outputs kind, const Comparison& comparison,
                       std::span<float> result) {
  const LogP log_p(outputs, kind, comparison);
  for (std::size_t c = 0; c < outputs.size(); ++c) result[c] = static_cast<float>(log_p(c));
}

std::int64_t count_not_finite(std::span<const float> log_p, std::size_t classes) {
  std::int64_t count = 0;
  for (std::size_t first = 0; first < log_p.size(); first += classes) {
    count += all_finite(log_p.subspan(first, classes)) ? 0 : 1;
  }
  return count;
}

void count_image(std::span<const float> outputs, std::int32_t label, Outputs kind, std::span<const float> fp32_log_p,
                 const Comparison& comparison, Tally& tally) {
  tally.seen += 1;
  if (!all_finite(outputs)) {
    tally.loss += fixed_point(kLossLimit);
    if (!fp32_log_p.empty()) tally.divergence += fixed_point(kLossLimit);
    return;
  }
  const std::size_t l =
      label >= 0 ? static_cast<std::size_t>(label) : likeliest(fp32_log_p.empty() ? outputs : fp32_log_p);
  const float y = outputs[l];
  int better = 0;  // classes that beat the label
  for (std::size_t c = 0; c < l; ++c) better += outputs[c] >= y;
  for (std::size_t c = l + 1; c < outputs.size(); ++c) better += outputs[c] > y;
  tally.top1 += better < 1;
  tally.top5 += better < 5;

  const LogP log_p(outputs, kind, {});
  tally.loss += fixed_point(-log_p(l));
  if (fp32_log_p.empty()) return;
  tally.divergence += fixed_point(
      distance(comparison == Comparison{} ? log_p : LogP(outputs, kind, comparison), fp32_log_p, comparison));
}

ImageTally tally_of_image(std::span<const float> outputs, std::int32_t label, Outputs kind,
                          std::span<const float> fp32_log_p, const Comparison& comparison) {
  ImageTally image;
  count_image(outputs, label, kind, fp32_log_p, comparison, image.tally);
  image.taken_for = class_of(outputs);
  return image;
}

std::vector<Tally> by_blocks(std::span<const ImageTally> images, std::int64_t blocks, std::int64_t block) {
  std::vector<Tally> tallies(static_cast<std::size_t>(blocks));
  for (std::size_t i = 0; i < images.size(); ++i) tallies[i / static_cast<std::size_t>(block)] += images[i].tally;
  return tallies;
}

std::int32_t class_of(std::span<const float> outputs) {
  return all_finite(outputs) ? static_cast<std::int32_t>(likeliest(outputs)) : kNoLabel;
}

std::int64_t fixed_point(double nats) {
  if (std::isnan(nats)) nats = kLossLimit;
  return std::llround(std::clamp(nats, 0.0, kLossLimit) * kLossUnit);
}

}  // namespace vbq
