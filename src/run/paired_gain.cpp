#include "run/paired_gain.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "core/chance.hpp"
#include "core/check.hpp"
#include "core/random.hpp"

namespace vbq {
namespace {

// Of fitness, of each block. A last block that is less than half of the first one counts with the one before it.
std::vector<double> gains_of(std::span<const Tally> first, std::span<const Tally> second, Fitness kind) {
  if (first.size() != second.size()) fail_internal("{} blocks against {}", first.size(), second.size());
  std::vector<Tally> a(first.begin(), first.end()), b(second.begin(), second.end());
  if (a.size() > 1 && 2 * a.back().seen < a.front().seen) {
    for (std::vector<Tally>* of : {&a, &b}) {
      const Tally rest = of->back();
      of->pop_back();
      of->back() += rest;
    }
  }
  std::vector<double> gains;
  gains.reserve(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) gains.push_back(fitness(b[i], kind) - fitness(a[i], kind));
  return gains;
}

double mean_of(std::span<const double> gains) {
  double sum = 0;
  for (const double gain : gains) sum += gain;
  return gains.empty() ? 0 : sum / static_cast<double>(gains.size());
}

// Fewer blocks have too few ways to turn their signs.
constexpr std::size_t kLeastTurned = 8;
constexpr int kTurns = 10000;

}  // namespace

PairedGain paired_gain(std::span<const Tally> first, std::span<const Tally> second, Fitness kind) {
  const std::vector<double> gains = gains_of(first, second, kind);
  if (gains.size() < 2) return {};
  const auto count = static_cast<double>(gains.size());
  const double mean = mean_of(gains);
  double squares = 0;
  for (const double gain : gains) squares += (gain - mean) * (gain - mean);
  const double error = std::sqrt(squares / (count - 1) / count);
  if (!(error > 0)) return {mean, mean > 0 ? 0.0 : 1.0};
  return {mean, students_tail(mean / error, count - 1)};
}

PairedGain greatest_gain(std::span<const Tally> first, const std::vector<std::vector<Tally>>& others, Fitness kind) {
  if (others.empty()) return {};
  std::vector<std::vector<double>> gains;
  PairedGain best{-std::numeric_limits<double>::infinity(), 1};
  for (const std::vector<Tally>& other : others) {
    gains.push_back(gains_of(first, other, kind));
    if (mean_of(gains.back()) > best.gain) best = paired_gain(first, other, kind);
  }
  const std::size_t blocks = gains.front().size();
  if (others.size() == 1) return best;
  if (blocks < kLeastTurned) return {best.gain, std::min(1.0, best.p * static_cast<double>(others.size()))};
  int reached = 1;  // by the signs as they are
  for (int turn = 1; turn < kTurns; ++turn) {
    Random random(0, 0, static_cast<std::uint32_t>(turn), Purpose::chance);
    std::vector<double> signs(blocks);
    for (double& sign : signs) sign = random.below(2) == 0 ? 1 : -1;
    const bool reaches = std::ranges::any_of(gains, [&](const std::vector<double>& own) {
      double sum = 0;
      for (std::size_t i = 0; i < blocks; ++i) sum += signs[i] * own[i];
      return sum / static_cast<double>(blocks) >= best.gain * (1 - 1e-9);
    });
    reached += reaches ? 1 : 0;
  }
  return {best.gain, static_cast<double>(reached) / kTurns};
}

}  // namespace vbq
