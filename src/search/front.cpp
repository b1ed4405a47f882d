#include "search/front.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <numeric>

namespace vbq {
namespace {

// Bits by which a size lies outside the range.
std::int64_t violation(const Objectives& one, const BitRange& range) {
  return std::max<std::int64_t>({0, one.bits - range.most, range.least - one.bits});
}

std::vector<std::size_t> indices(std::size_t count) {
  std::vector<std::size_t> all(count);
  std::iota(all.begin(), all.end(), std::size_t{0});
  return all;
}

}  // namespace

std::vector<std::size_t> front_numbers(std::span<const Objectives> all, const BitRange& range) {
  std::vector<std::size_t> order = indices(all.size()), numbers(all.size());
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) {
    const std::int64_t va = violation(all[a], range), vb = violation(all[b], range);
    if (va != vb) return va < vb;
    return all[a].bits != all[b].bits ? all[a].bits < all[b].bits : all[a].fitness > all[b].fitness;
  });
  // In order of size: a network belongs to the first front whose last one, the largest so far, has less fitness. The
  // fronts' last fitnesses descend, so that front is found by halving (as Jensen 2003 does for two objectives).
  std::vector<double> last;
  std::size_t at = 0;
  for (; at < order.size() && violation(all[order[at]], range) == 0; ++at) {
    const double fitness = all[order[at]].fitness;
    const auto front = std::ranges::partition_point(last, [&](double most) { return most >= fitness; });
    numbers[order[at]] = static_cast<std::size_t>(front - last.begin());
    if (front == last.end()) {
      last.push_back(fitness);
    } else {
      *front = fitness;
    }
  }
  std::size_t number = last.size();
  for (std::size_t i = at; i < order.size(); ++i) {
    if (i > at && violation(all[order[i]], range) > violation(all[order[i - 1]], range)) ++number;
    numbers[order[i]] = number;
  }
  return numbers;
}

std::vector<double> crowding_distances(std::span<const Objectives> all, std::span<const std::size_t> fronts) {
  std::map<std::size_t, std::vector<std::size_t>> members;
  for (std::size_t i = 0; i < all.size(); ++i) members[fronts[i]].push_back(i);
  std::vector<double> distances(all.size(), 0.0);
  const auto add = [&](std::vector<std::size_t>& front, const auto& objective) {
    std::ranges::stable_sort(front, {}, [&](std::size_t i) { return objective(all[i]); });
    const double extent = objective(all[front.back()]) - objective(all[front.front()]);
    distances[front.front()] = distances[front.back()] = std::numeric_limits<double>::infinity();
    for (std::size_t k = 1; extent > 0 && k + 1 < front.size(); ++k) {
      distances[front[k]] += (objective(all[front[k + 1]]) - objective(all[front[k - 1]])) / extent;
    }
  };
  for (auto& [number, front] : members) {
    add(front, [](const Objectives& one) { return static_cast<double>(one.bits); });
    add(front, [](const Objectives& one) { return one.fitness; });
  }
  return distances;
}

std::vector<std::size_t> best_of_front_first(std::span<const Objectives> all, const BitRange& range) {
  const std::vector<std::size_t> fronts = front_numbers(all, range);
  const std::vector<double> distances = crowding_distances(all, fronts);
  std::vector<std::size_t> order = indices(all.size());
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) {
    return fronts[a] != fronts[b] ? fronts[a] < fronts[b] : distances[a] > distances[b];
  });
  return order;
}

bool add_to_archive(std::vector<Individual>& archive, const Individual& one, const BitRange& range) {
  if (violation({one.fitness, one.bits}, range) > 0) return false;
  const auto larger = std::ranges::upper_bound(archive, one.bits, {}, &Individual::bits);
  if (larger != archive.begin() && std::prev(larger)->fitness >= one.fitness) return false;
  const auto first = larger != archive.begin() && std::prev(larger)->bits == one.bits ? std::prev(larger) : larger;
  auto end = larger;
  while (end != archive.end() && end->fitness <= one.fitness) ++end;
  archive.insert(archive.erase(first, end), one);
  return true;
}

double hypervolume(std::span<const Individual> archive, const BitRange& range) {
  double sum = 0;
  for (std::size_t i = 0; i < archive.size(); ++i) {
    const std::int64_t next = i + 1 < archive.size() ? archive[i + 1].bits : range.most;
    sum += std::max(0.0, archive[i].fitness) * static_cast<double>(next - archive[i].bits);
  }
  return sum / static_cast<double>(range.most - range.least);
}

}  // namespace vbq
