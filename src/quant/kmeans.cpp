#include "quant/kmeans.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>

namespace vbq {
namespace {

constexpr std::size_t kGroups = 4096;

// Ranks at which groups begin, and size() at the end: a group for each different weight, or, where they are too many,
// cut at 2,048 equal counts and 2,048 equal widths: fine both where weights are dense and in the tails. Equal weights
// stay together.
std::vector<std::size_t> group_starts(const SortedWeights& weights) {
  const std::vector<float>& w = weights.values();
  std::vector<std::size_t> starts{0};
  for (std::size_t i = 1; i < w.size(); ++i) {
    if (w[i] != w[i - 1]) starts.push_back(i);
  }
  if (starts.size() > kGroups) {
    starts.assign(1, 0);
    const double width = (weights.maximum() - weights.minimum()) / static_cast<double>(kGroups / 2);
    const double share = static_cast<double>(kGroups / 2) / static_cast<double>(w.size());
    const auto cell = [&](std::size_t i) { return std::floor((w[i] - weights.minimum()) / width); };
    const auto part = [&](std::size_t i) { return std::floor(static_cast<double>(i) * share); };
    for (std::size_t i = 1; i < w.size(); ++i) {
      if (w[i] == w[i - 1]) continue;
      if (cell(i) != cell(i - 1) || part(i) != part(starts.back())) starts.push_back(i);
    }
  }
  starts.push_back(w.size());
  return starts;
}

// cost[k][j] = min over i of cost[k-1][i] + error(i, j): the best i never decreases with j, so each row is filled by
// halving (divide and conquer), O(groups log groups).
class Partition {
 public:
  Partition(const SortedWeights& weights, const std::vector<std::size_t>& starts, std::size_t clusters)
      : weights_(weights), starts_(starts), groups_(starts.size() - 1), from_(clusters) {
    before_.resize(groups_ + 1, std::numeric_limits<double>::infinity());
    before_[0] = 0;
    for (std::size_t k = 0; k < clusters; ++k) {
      now_.assign(groups_ + 1, std::numeric_limits<double>::infinity());
      from_[k].assign(groups_ + 1, 0);
      fill(k, k + 1, groups_, k, groups_ - 1);
      before_.swap(now_);
    }
  }

  // Ranks at which clusters begin, and size() at the end.
  std::vector<std::size_t> cuts() const {
    std::vector<std::size_t> cuts(from_.size() + 1);
    std::size_t j = groups_;
    for (std::size_t k = from_.size(); k > 0; --k) {
      cuts[k] = starts_[j];
      j = from_[k - 1][j];
    }
    return cuts;
  }

 private:
  // Row k, columns low..high, whose best i lie in first..last.
  void fill(std::size_t k, std::size_t low, std::size_t high, std::size_t first, std::size_t last) {
    if (low > high) return;
    const std::size_t j = low + (high - low) / 2;
    std::size_t best = first;
    for (std::size_t i = first; i <= std::min(last, j - 1); ++i) {
      const double cost = before_[i] + weights_.error(starts_[i], starts_[j], weights_.mean(starts_[i], starts_[j]));
      if (cost < now_[j]) {
        now_[j] = cost;
        best = i;
      }
    }
    from_[k][j] = static_cast<std::uint32_t>(best);
    if (j > low) fill(k, low, j - 1, first, best);
    fill(k, j + 1, high, best, last);
  }

  const SortedWeights& weights_;
  const std::vector<std::size_t>& starts_;
  std::size_t groups_;
  std::vector<double> before_, now_;
  std::vector<std::vector<std::uint32_t>> from_;
};

std::vector<double> means(const SortedWeights& weights, const std::vector<std::size_t>& cuts) {
  std::vector<double> levels;
  for (std::size_t k = 0; k + 1 < cuts.size(); ++k) levels.push_back(weights.mean(cuts[k], cuts[k + 1]));
  return levels;
}

// Cuts of the sorted weights halfway between neighbouring levels.
std::vector<std::size_t> nearest_cuts(const SortedWeights& weights, const std::vector<double>& levels) {
  std::vector<std::size_t> cuts{0};
  for (std::size_t k = 1; k < levels.size(); ++k) cuts.push_back(weights.upper((levels[k - 1] + levels[k]) / 2));
  cuts.push_back(weights.values().size());
  return cuts;
}

bool any_empty(const std::vector<std::size_t>& cuts) {
  return std::adjacent_find(cuts.begin(), cuts.end(), std::greater_equal<>()) != cuts.end();
}

// Each step lowers the error or changes nothing, so it ends; the bound is for rounding's sake only. Stops where a
// cluster would run empty.
void lloyd(const SortedWeights& weights, std::vector<std::size_t>& cuts, std::vector<double>& levels) {
  for (int step = 0; step < 10000; ++step) {
    std::vector<std::size_t> next = nearest_cuts(weights, levels);
    if (any_empty(next) || next == cuts) return;
    cuts = std::move(next);
    levels = means(weights, cuts);
  }
}

}  // namespace

std::vector<double> kmeans_from_quantiles(const SortedWeights& weights, int clusters) {
  const std::vector<float>& w = weights.values();
  std::vector<double> levels;
  for (int k = 0; k < clusters; ++k) {
    const double rank = (k + 0.5) / clusters * static_cast<double>(w.size());
    levels.push_back(w[std::min(static_cast<std::size_t>(rank), w.size() - 1)]);
  }
  std::vector<std::size_t> cuts = nearest_cuts(weights, levels);
  if (any_empty(cuts)) return kmeans(weights, clusters);  // too few different weights
  levels = means(weights, cuts);
  lloyd(weights, cuts, levels);
  return levels;
}

std::vector<double> kmeans(const SortedWeights& weights, int clusters) {
  const std::vector<std::size_t> starts = group_starts(weights);
  const std::size_t count = std::min(static_cast<std::size_t>(clusters), starts.size() - 1);
  std::vector<std::size_t> cuts = Partition(weights, starts, count).cuts();
  std::vector<double> levels = means(weights, cuts);

  lloyd(weights, cuts, levels);

  while (levels.size() < static_cast<std::size_t>(clusters)) {
    std::size_t widest = 0;
    for (std::size_t k = 1; k + 1 < levels.size(); ++k) {
      if (levels[k + 1] - levels[k] > levels[widest + 1] - levels[widest]) widest = k;
    }
    const double spare = levels.size() == 1 ? levels[0] : levels[widest] + (levels[widest + 1] - levels[widest]) / 2;
    levels.insert(levels.begin() + static_cast<std::ptrdiff_t>(widest) + 1, spare);
  }
  return levels;
}

}  // namespace vbq
