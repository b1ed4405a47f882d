#include "run/front_points.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

namespace vbq {
namespace {

// points: places, the smallest network first.
std::size_t knee_of(std::span<const Judged> all, const std::vector<std::size_t>& points) {
  const Judged &smallest = all[points.front()], &largest = all[points.back()];
  const auto width = static_cast<double>(largest.bits - smallest.bits);
  const double height = smallest.harm - largest.harm;
  std::size_t knee = points.front();
  double most = -std::numeric_limits<double>::infinity();
  for (const std::size_t i : points) {
    if (!(width > 0 && height > 0)) break;
    const double along = static_cast<double>(all[i].bits - smallest.bits) / width;
    const double below = 1 - along - (all[i].harm - largest.harm) / height;
    if (below > most) knee = i;
    most = std::max(most, below);
  }
  return knee;
}

}  // namespace

FrontPoints front_points(std::span<const Judged> all) {
  std::vector<std::size_t> order(all.size()), points;
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) {
    return all[a].bits != all[b].bits ? all[a].bits < all[b].bits : all[a].fitness > all[b].fitness;
  });
  FrontPoints found{std::vector<int>(all.size(), 0), 0};
  for (const std::size_t i : order) {
    if (!points.empty() && all[i].fitness <= all[points.back()].fitness) continue;
    points.push_back(i);
    found.numbers[i] = static_cast<int>(points.size());
  }
  found.knee = knee_of(all, points);
  return found;
}

}  // namespace vbq
