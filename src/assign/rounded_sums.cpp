#include "assign/rounded_sums.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <variant>

#include "quant/roundings.hpp"

namespace vbq {
namespace {

constexpr int kSteps = 257;  // that are tried
constexpr double kWider = 1.0 / (1 << 15);

const Node* node_of(const Network& network, ValueId value) {
  return value == kInputValue ? nullptr : &network.nodes[static_cast<std::size_t>(value) - 1];
}

std::optional<std::size_t> place_of(std::span<const ActivationPlace> places, ValueId value) {
  const auto found = std::ranges::find(places, value, &ActivationPlace::value);
  if (found == places.end()) return std::nullopt;
  return static_cast<std::size_t>(found - places.begin());
}

std::optional<std::size_t> operand(const Network& network, std::span<const ActivationPlace> places, ValueId value) {
  for (;;) {
    if (const auto place = place_of(places, value)) return place;
    const Node* node = node_of(network, value);
    if (node == nullptr || !only_moves(node->op)) return std::nullopt;
    value = node->inputs.front();
  }
}

// The sum that a value is, or is clipped from.
const Node* sum_behind(const Network& network, ValueId value) {
  const Node* node = node_of(network, value);
  if (node != nullptr && (std::holds_alternative<Relu>(node->op) || std::holds_alternative<Clip>(node->op))) {
    node = node_of(network, node->inputs.front());
  }
  const Binary* binary = node == nullptr ? nullptr : std::get_if<Binary>(&node->op);
  return binary != nullptr && binary->kind == Binary::Kind::add ? node : nullptr;
}

}  // namespace

std::vector<RoundedSum> rounded_sums(const Network& network, std::span<const ActivationPlace> places) {
  std::vector<RoundedSum> sums;
  for (std::size_t p = 0; p < places.size(); ++p) {
    const Node* node = sum_behind(network, places[p].value);
    if (node == nullptr) continue;
    const auto first = operand(network, places, node->inputs[0]), second = operand(network, places, node->inputs[1]);
    if (first && second) sums.push_back({*first, *second, p});
  }
  std::ranges::sort(sums, {}, [&](const RoundedSum& sum) { return places[sum.sum].value; });
  return sums;
}

double distance_from_halves(const ActivationRange& first, const ActivationRange& second, const ActivationRange& sum,
                            double enough) {
  const auto values = [](const ActivationRange& range) { return 1 << range.bits; };
  const double step = sum.scale, low = -sum.zero_point - 1.0, high = values(sum) - sum.zero_point;
  double least = 0.5;
  for (int a = 0; a < values(first); ++a) {
    const double x = (a - first.zero_point) * static_cast<double>(first.scale) / step;
    for (int b = 0; b < values(second); ++b) {
      const double v = x + (b - second.zero_point) * static_cast<double>(second.scale) / step;
      if (v < low || v > high) continue;
      least = std::min(least, std::abs(v - std::floor(v) - 0.5));
    }
    if (least < enough) return least;
  }
  return least;
}

void part_from_halves(std::span<const RoundedSum> sums, ActivationRanges& ranges) {
  for (const RoundedSum& sum : sums) {
    ActivationRange& range = ranges[sum.sum];
    ActivationRange best = range, tried = range;
    double most = -1;
    for (int k = 0; k < kSteps; ++k) {
      tried.scale = static_cast<float>(static_cast<double>(range.scale) * (1 + k * kWider));
      const double distance = distance_from_halves(ranges[sum.first], ranges[sum.second], tried, std::max(most, 0.0));
      if (distance <= most) continue;
      most = distance;
      best = tried;
    }
    range = best;
  }
}

}  // namespace vbq
