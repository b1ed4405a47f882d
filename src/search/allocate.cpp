#include "search/allocate.hpp"

#include <algorithm>
#include <limits>
#include <tuple>
#include <utility>

#include "core/check.hpp"

namespace vbq {
namespace {

__extension__ using Wide = __int128;  // products of bits and harm

constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

struct Choice {
  Priced cost;
  std::size_t number = 0;  // among the layer's choices as they were given
};

// More bits for less harm; what a layer's convex hull is made of.
struct Step {
  std::int64_t bits, gain;  // > 0
  std::size_t layer;
};

// One whose gain a bit is greater.
bool steeper(const Step& a, const Step& b) { return Wide(a.gain) * b.bits > Wide(b.gain) * a.bits; }

// Ascending in bits, descending in harm: choices that another one undercuts in both are never taken.
std::vector<Choice> worthwhile(const std::vector<Priced>& all) {
  std::vector<Choice> sorted;
  for (std::size_t k = 0; k < all.size(); ++k) sorted.push_back({all[k], k});
  std::ranges::stable_sort(sorted, {}, [](const Choice& c) { return std::pair(c.cost.bits, c.cost.harm); });
  std::vector<Choice> kept;
  for (const Choice& choice : sorted) {
    if (kept.empty() || choice.cost.harm < kept.back().cost.harm) kept.push_back(choice);
  }
  return kept;
}

// The lower convex hull's steps, the steepest first.
std::vector<Step> hull_steps(const std::vector<Choice>& choices, std::size_t layer) {
  std::vector<Step> steps;
  for (std::size_t k = 1; k < choices.size(); ++k) {
    const Priced &from = choices[k - 1].cost, &to = choices[k].cost;
    Step step{to.bits - from.bits, from.harm - to.harm, layer};
    while (!steps.empty() && !steeper(steps.back(), step)) {  // the choice between them lies above the hull
      step.bits += steps.back().bits;
      step.gain += steps.back().gain;
      steps.pop_back();
    }
    steps.push_back(step);
  }
  return steps;
}

// Layers from one on: what they come to where each takes its smallest choice, and how their harm falls with more bits
// where choices may be mixed.
struct Rest {
  Priced least;
  std::vector<Step> steps;      // the steepest first
  std::vector<Priced> reached;  // [steps + 1], after so many of them: bits above the least, harm

  void sum_up() {
    reached.assign(1, {0, least.harm});
    for (const Step& step : steps) {
      reached.push_back({reached.back().bits + step.bits, reached.back().harm - step.gain});
    }
  }

  // No allocation of these layers in so many bits has less harm than this; kNever: there is none.
  std::int64_t least_harm(std::int64_t bits) const {
    const std::int64_t above = bits - least.bits;
    if (above < 0) return kNever;
    const auto after = std::ranges::upper_bound(reached, above, {}, &Priced::bits);
    const auto whole = static_cast<std::size_t>(after - reached.begin()) - 1;
    const Priced& at = reached[whole];
    if (whole == steps.size()) return at.harm;
    const Step& next = steps[whole];
    return at.harm - static_cast<std::int64_t>(Wide(next.gain) * (above - at.bits) / next.bits);
  }
};

struct PartialSum {
  Priced sum;
  std::size_t choice = 0;  // of the layer
  std::size_t before = 0;  // index of the sum without the layer
};

class Allocator {
 public:
  Allocator(std::span<const std::vector<Priced>> layers, std::int64_t budget, std::size_t most)
      : budget_(budget), most_(most), rest_(layers.size() + 1) {
    for (const std::vector<Priced>& all : layers) {
      if (all.empty()) fail_internal("a layer has no choices to allocate");
      layers_.push_back(worthwhile(all));
    }
    rest_.back().sum_up();
    for (std::size_t i = layers_.size(); i > 0; --i) {
      Rest& rest = rest_[i - 1];
      const Priced& least = layers_[i - 1].front().cost;
      rest.least = {rest_[i].least.bits + least.bits, rest_[i].least.harm + least.harm};
      const std::vector<Step> own = hull_steps(layers_[i - 1], i - 1);
      std::ranges::merge(own, rest_[i].steps, std::back_inserter(rest.steps), steeper);
      rest.sum_up();
    }
  }

  std::optional<Allocation> run() {
    if (rest_.front().least.bits > budget_) return std::nullopt;
    best_known_ = greedy();
    for (std::size_t i = 0; i < layers_.size(); ++i) extend(i);
    return traced();
  }

 private:
  // Harm of the steps that fit, the steepest first, whole ones only; a layer that lacks room for one takes no further.
  std::int64_t greedy() const {
    const Rest& all = rest_.front();
    std::int64_t left = budget_ - all.least.bits, harm = all.least.harm;
    std::vector<bool> ended(layers_.size());
    for (const Step& step : all.steps) {
      if (ended[step.layer] || step.bits > left) {
        ended[step.layer] = true;
        continue;
      }
      left -= step.bits;
      harm -= step.gain;
    }
    return harm;
  }

  // Whether a partial sum up to layer i may come to the best.
  std::int64_t bound(const Priced& sum, std::size_t i) const {
    const std::int64_t rest = rest_[i + 1].least_harm(budget_ - sum.bits);
    return rest == kNever ? kNever : sum.harm + rest;
  }

  void extend(std::size_t i) {
    static const std::vector<PartialSum> nothing(1);
    const std::vector<PartialSum>& before = i == 0 ? nothing : sums_.back();
    std::vector<PartialSum> made;
    for (std::size_t s = 0; s < before.size(); ++s) {
      for (std::size_t k = 0; k < layers_[i].size(); ++k) {
        const Priced& cost = layers_[i][k].cost;
        const Priced sum{before[s].sum.bits + cost.bits, before[s].sum.harm + cost.harm};
        if (bound(sum, i) <= best_known_) made.push_back({sum, k, s});
      }
    }
    std::ranges::sort(made, {},
                      [](const PartialSum& p) { return std::tuple(p.sum.bits, p.sum.harm, p.choice, p.before); });
    std::vector<PartialSum> kept;
    for (const PartialSum& one : made) {
      if (kept.empty() || one.sum.harm < kept.back().sum.harm) kept.push_back(one);
    }
    if (kept.size() > most_) keep_most_promising(kept, i);
    sums_.push_back(std::move(kept));
  }

  void keep_most_promising(std::vector<PartialSum>& sums, std::size_t i) {
    exact_ = false;
    best_known_ = kNever - 1;  // what it stands for may be gone: from here on all that fits is tried
    std::ranges::stable_sort(sums, {}, [&](const PartialSum& one) { return bound(one.sum, i); });
    sums.resize(most_);
    std::ranges::sort(sums, {}, [](const PartialSum& p) { return p.sum.bits; });
  }

  Allocation traced() const {
    Allocation found;
    found.exact = exact_;
    found.choices.resize(layers_.size());
    std::size_t at = sums_.back().size() - 1;  // the most bits, and so the least harm
    found.bits = sums_.back()[at].sum.bits;
    found.harm = sums_.back()[at].sum.harm;
    for (std::size_t i = layers_.size(); i > 0; --i) {
      const PartialSum& one = sums_[i - 1][at];
      found.choices[i - 1] = layers_[i - 1][one.choice].number;
      at = one.before;
    }
    return found;
  }

  std::int64_t budget_;
  std::size_t most_;
  std::vector<std::vector<Choice>> layers_;
  std::vector<Rest> rest_;  // [layers + 1], of the layers from there on
  std::int64_t best_known_ = 0;
  bool exact_ = true;
  std::vector<std::vector<PartialSum>> sums_;  // up to each layer, ascending in bits
};

}  // namespace

std::optional<Allocation> allocate(std::span<const std::vector<Priced>> layers, std::int64_t budget,
                                   std::size_t most_partial_sums) {
  if (layers.empty()) return budget < 0 ? std::nullopt : std::optional(Allocation{});
  return Allocator(layers, budget, most_partial_sums).run();
}

}  // namespace vbq
