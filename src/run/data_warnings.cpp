#include "run/data_warnings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <string_view>

#include "core/log.hpp"
#include "report/interval.hpp"

namespace vbq {
namespace {

constexpr float kLargestLikely = 10;  // of numbers of x/255; those of x are mostly above it

bool is_split_name(std::string name) {
  constexpr std::array<std::string_view, 10> kSplits{"train", "training", "trainset",   "test", "testing",
                                                     "val",   "valid",    "validation", "eval", "testset"};
  for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return std::ranges::find(kSplits, name) != kSplits.end();
}

// Guessing is right once in `classes`. A network is doubted up to twice that, or up to a tenth of the way from there to
// always right, whichever is less: 55 % of two classes, 19 % of ten, 0.2 % of a thousand.
bool near_chance(double share, double chance) { return share <= std::min(2 * chance, chance + 0.1 * (1 - chance)); }

}  // namespace

std::vector<std::string> normalisation_warnings(const Normalisation& normalisation, const std::string& where) {
  const auto& [mean, std] = normalisation;
  const auto large = [](float x) { return std::abs(x) > kLargestLikely; };
  if (std::ranges::any_of(mean, large) || std::ranges::any_of(std, large)) {
    return {
        fmt::format("{} has mean [{}] and standard deviation [{}]: both are of x/255, so of pixels from 0 to 1; are "
                    "these of pixels "
                    "from 0 to 255?",
                    where, fmt::join(mean, ", "), fmt::join(std, ", "))};
  }
  if (std::ranges::all_of(mean, [](float x) { return x == 0; }) &&
      std::ranges::all_of(std, [](float x) { return x == 1; })) {
    return {
        fmt::format("images of {} are not normalised (mean 0, standard deviation 1): check that the network takes "
                    "pixels from 0 to 1 "
                    "as they are; if not, give --mean and --std at the import",
                    where)};
  }
  return {};
}

std::vector<std::string> validation_warnings(std::int64_t images, std::int64_t block) {
  constexpr std::int64_t kFew = 6;
  const std::int64_t blocks = (images + block - 1) / block;
  if (images == 0 || blocks >= kFew) return {};
  return {
      fmt::format("{} validation images in {} blocks of {} hardly tell a gain from chance: six blocks at least were "
                  "expected; use smaller ones (data.block) or more images (data.validation)",
                  images, blocks, block)};
}

std::vector<std::string> class_warnings(const DatasetInfo& info) {
  if (info.class_names.empty() || !std::ranges::all_of(info.class_names, is_split_name)) return {};
  return {
      fmt::format("the classes of {} are {}: check that these are classes, and not the parts of a dataset, which are "
                  "imported one by "
                  "one",
                  info.origin, fmt::join(info.class_names, ", "))};
}

std::vector<std::string> emptied_class_warnings(const DatasetInfo& info, const std::vector<std::int64_t>& images,
                                                const std::vector<bool>& expected) {
  constexpr std::size_t kShown = 5;
  std::vector<std::string> emptied;
  for (std::size_t c = 0; c < images.size(); ++c) {
    if (images[c] != 0 || !expected[c]) continue;
    emptied.push_back(c < info.class_names.size() ? fmt::format("{} {}", c, info.class_names[c])
                                                  : fmt::format("{}", c));
  }
  if (emptied.empty()) return {};
  const std::size_t shown = std::min(kShown, emptied.size());
  return {fmt::format("{} of {} classes {} no image left: {}{}; labels are numbered as if there were some",
                      emptied.size(), info.classes, emptied.size() == 1 ? "has" : "have",
                      fmt::join(emptied.begin(), emptied.begin() + static_cast<std::ptrdiff_t>(shown), ", "),
                      shown < emptied.size() ? ", ..." : "")};
}

std::vector<std::string> accuracy_warnings(const Problem& problem, ImageSet set, const Tally& as_trained) {
  const std::int64_t classes = source_of(problem, set).info().classes;
  if (as_trained.seen == 0 || classes < 2) return {};
  const double share = static_cast<double>(as_trained.top1) / static_cast<double>(as_trained.seen);
  const double chance = 1.0 / static_cast<double>(classes);
  if (!near_chance(share, chance)) return {};
  return {fmt::format(
      "the network as trained is right on {:.2f} % of the images of {}, where guessing among {} classes is right on "
      "{:.2f} %: check mean and standard deviation, the order of the classes, and how the images were resized and "
      "cropped",
      100 * share, source_of(problem, set).info().origin, classes, 100 * chance)};
}

std::vector<std::string> difference_warnings(const Tally& search, const Tally& held_out) {
  constexpr double kClear = 5;  // points between the two 95 % intervals
  const Interval led = wilson95(search.top1, search.seen), other = wilson95(held_out.top1, held_out.seen);
  if (led.high + kClear >= other.low) return {};
  const auto percent = [](const Tally& tally) {
    return 100 * static_cast<double>(tally.top1) / static_cast<double>(tally.seen);
  };
  return {fmt::format(
      "the network as trained is right on {:.2f} % of the images that the search was led by and on {:.2f} % of the "
      "held-out ones: check that both were normalised, resized and labelled alike",
      percent(search), percent(held_out))};
}

void add_warnings(std::vector<std::string>& known, const std::vector<std::string>& more) {
  for (const std::string& warning : more) {
    if (std::ranges::find(known, warning) != known.end()) continue;
    log::warning("{}", warning);
    known.push_back(warning);
  }
}

}  // namespace vbq
