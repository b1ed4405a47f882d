// The fixed, stratified cut of a dataset into what the search sees and what it never sees.
#include <algorithm>
#include <map>
#include <numeric>
#include <utility>
#include <vector>

#include "core/check.hpp"
#include "core/random.hpp"
#include "vbq/dataset.hpp"

namespace vbq {
namespace {

// The published paper's number, for no other reason than to be fixed: the split never depends on a search's seed.
constexpr std::uint64_t kSplitSeed = 232;
constexpr std::size_t kMostImages = std::size_t{1} << 31;  // count * size of a class then fits 63 bits

struct Class {
  std::int32_t label = 0;
  std::vector<std::int64_t> images;  // ascending
  std::int64_t share = 0;            // how many of them the search sees
  std::int64_t remainder = 0;        // of count * images.size() / all, before rounding; in 1 / all
};

std::vector<Class> by_label(std::span<const std::int32_t> labels) {
  std::map<std::int32_t, std::vector<std::int64_t>> found;
  for (std::size_t i = 0; i < labels.size(); ++i) found[labels[i]].push_back(static_cast<std::int64_t>(i));
  std::vector<Class> classes;
  classes.reserve(found.size());
  for (auto& [label, images] : found) classes.push_back({label, std::move(images), 0, 0});
  return classes;
}

// Largest remainder: share = floor(count * n / all), and one more for the classes with the largest remainders until the
// shares add up to count. Ties go to the smaller label. No share exceeds its class: where the remainder is above 0,
// floor(count * n / all) < n, and at least as many classes have one as there are images left to give.
void share_out(std::vector<Class>& classes, std::int64_t count, std::int64_t all) {
  std::int64_t left = count;
  for (Class& c : classes) {
    const std::int64_t exact = count * static_cast<std::int64_t>(c.images.size());
    c.share = exact / all;
    c.remainder = exact % all;
    left -= c.share;
  }
  std::vector<Class*> order;
  order.reserve(classes.size());
  for (Class& c : classes) order.push_back(&c);
  std::stable_sort(order.begin(), order.end(),
                   [](const Class* a, const Class* b) { return a->remainder > b->remainder; });
  for (std::int64_t i = 0; i < left; ++i) ++order[static_cast<std::size_t>(i)]->share;
}

}  // namespace

Split stratified_split(std::span<const std::int32_t> labels, std::int64_t count) {
  if (labels.size() > kMostImages)
    fail("a split of {} images was asked for: at most {} can be split", labels.size(), kMostImages);
  const auto all = static_cast<std::int64_t>(labels.size());
  if (count < 1 || count > all) fail("{} images were asked for the search: 1..{} was expected", count, all);
  std::vector<Class> classes = by_label(labels);
  share_out(classes, count, all);

  Split split;
  for (Class& c : classes) {
    // Fisher-Yates, as far as the share goes: its first entries are a uniform draw without replacement.
    Random random(kSplitSeed, 0, static_cast<std::uint32_t>(c.label), Purpose::split);
    const auto share = static_cast<std::size_t>(c.share);
    for (std::size_t i = 0; i < share; ++i) std::swap(c.images[i], c.images[i + random.below(c.images.size() - i)]);
    const auto middle = c.images.begin() + c.share;
    split.search.insert(split.search.end(), c.images.begin(), middle);
    split.held_out.insert(split.held_out.end(), middle, c.images.end());
  }
  std::sort(split.search.begin(), split.search.end());
  std::sort(split.held_out.begin(), split.held_out.end());
  return split;
}

void set_validation_apart(Split& split, std::span<const std::int32_t> labels, std::int64_t count) {
  std::vector<std::int32_t> own;
  own.reserve(split.search.size());
  for (const std::int64_t image : split.search) own.push_back(labels[static_cast<std::size_t>(image)]);
  const Split among = stratified_split(own, static_cast<std::int64_t>(own.size()) - count);
  std::vector<std::int64_t> left;
  left.reserve(among.search.size());
  split.validation.clear();
  for (const std::int64_t i : among.held_out) split.validation.push_back(split.search[static_cast<std::size_t>(i)]);
  for (const std::int64_t i : among.search) left.push_back(split.search[static_cast<std::size_t>(i)]);
  split.search = std::move(left);
}

}  // namespace vbq
