#include "search/greedy.hpp"

#include <algorithm>
#include <tuple>

#include "core/check.hpp"

namespace vbq {
namespace {

struct Entry {
  std::size_t layer, choice;
  Priced cost;
};

std::vector<std::size_t> largest_choices(std::span<const std::vector<Priced>> layers) {
  std::vector<std::size_t> choices;
  for (const std::vector<Priced>& own : layers) {
    if (own.empty()) fail_internal("a layer has no choices to share a budget out among");
    choices.push_back(static_cast<std::size_t>(std::ranges::max_element(own, {}, &Priced::bits) - own.begin()));
  }
  return choices;
}

std::vector<Entry> sorted_list(std::span<const std::vector<Priced>> layers) {
  std::vector<Entry> list;
  for (std::size_t c = 0; c < layers.size(); ++c) {
    for (std::size_t k = 0; k < layers[c].size(); ++k) list.push_back({c, k, layers[c][k]});
  }
  std::ranges::stable_sort(
      list, {}, [](const Entry& one) { return std::tuple(one.cost.harm, one.cost.bits, one.layer, one.choice); });
  return list;
}

// After so many entries of the list.
std::vector<std::size_t> choices_after(std::span<const std::vector<Priced>> layers, std::span<const Entry> part) {
  std::vector<std::size_t> choices = largest_choices(layers);
  for (const Entry& one : part) {
    std::size_t& own = choices[one.layer];
    if (one.cost.bits < layers[one.layer][own].bits) own = one.choice;
  }
  return choices;
}

std::int64_t bits_of(std::span<const std::vector<Priced>> layers, const std::vector<std::size_t>& choices) {
  std::int64_t bits = 0;
  for (std::size_t c = 0; c < choices.size(); ++c) bits += layers[c][choices[c]].bits;
  return bits;
}

}  // namespace

std::optional<std::vector<std::size_t>> greedy_choices(std::span<const std::vector<Priced>> layers,
                                                       std::int64_t budget) {
  const std::vector<Entry> list = sorted_list(layers);
  const auto after = [&](std::size_t entries) { return choices_after(layers, std::span(list).first(entries)); };
  if (bits_of(layers, after(list.size())) > budget) return std::nullopt;
  std::size_t shortest = 0, longest = list.size();  // which keeps it
  while (shortest < longest) {
    const std::size_t middle = (shortest + longest) / 2;
    if (bits_of(layers, after(middle)) <= budget) {
      longest = middle;
    } else {
      shortest = middle + 1;
    }
  }
  return after(longest);
}

}  // namespace vbq
