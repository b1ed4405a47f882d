#include "search/race.hpp"

#include <algorithm>
#include <cmath>

#include "core/chance.hpp"
#include "core/check.hpp"
#include "search/sensitivity.hpp"

namespace vbq {
namespace {

// Portions before the whole, in parts of it; smaller ones than this many images say too little of how harm scatters.
constexpr std::int64_t kParts[] = {16, 8, 4, 2};
constexpr std::int64_t kLeastImages = 100;

std::vector<std::int64_t> looks_of(const RaceRules& rules, bool drops) {
  const std::int64_t blocks = (rules.images + rules.block - 1) / rules.block;
  std::vector<std::int64_t> looks;
  for (const std::int64_t part : kParts) {
    const std::int64_t portion = (blocks + part - 1) / part;
    const bool more = looks.empty() || portion > looks.back();
    if (drops && more && portion < blocks && portion * rules.block >= kLeastImages) looks.push_back(portion);
  }
  looks.push_back(blocks);
  return looks;
}

}  // namespace

double fitness_of_harm(double harm, Fitness kind) { return kind == Fitness::top1 ? 1 - harm : -harm / kLossUnit; }

Race::Race(const RaceRules& rules, const std::vector<ImageHarms>& kept)
    : rules_(rules), looks_(looks_of(rules, !kept.empty())) {
  if (rules.images < 1 || rules.block < 1 || rules.survivors < 1 || !(rules.bound > 0)) {
    fail_internal("a race over {} images in blocks of {} for {} survivors, wrong with a chance of {}", rules.images,
                  rules.block, rules.survivors, rules.bound);
  }
  if (kept.empty()) return;
  control_.resize(static_cast<std::size_t>(rules.images));
  for (const ImageHarms& one : kept) {
    if (one.size() != control_.size()) fail_internal("a survivor has {} images of {}", one.size(), control_.size());
    double sum = 0;
    for (std::size_t i = 0; i < one.size(); ++i) {
      sum += static_cast<double>(one[i]);
      control_[i] += static_cast<double>(one[i]) / static_cast<double>(kept.size());
    }
    kept_.push_back(sum);
  }
  for (const double harm : control_) control_sum_ += harm;
}

void Race::begin(std::size_t candidates) {
  candidates_.assign(candidates, {});
  look_ = 0;
}

void Race::add(std::size_t candidate, std::int64_t block, std::span<const Tally> images) {
  Candidate& of = candidates_.at(candidate);
  if (of.harms.empty()) of.harms.resize(static_cast<std::size_t>(rules_.images));
  std::int64_t at = block * rules_.block;
  if (at < 0 || at + std::ssize(images) > rules_.images) {
    fail_internal("images {} to {} were run of {}", at, at + std::ssize(images), rules_.images);
  }
  for (const Tally& image : images) of.harms[static_cast<std::size_t>(at++)] = harm_of(image, rules_.fitness);
  of.seen += std::ssize(images);
}

ImageHarms Race::harms(std::size_t candidate) const {
  const Candidate& of = candidates_.at(candidate);
  return of.seen == rules_.images ? of.harms : ImageHarms();
}

// A portion may lack an image such as the one that is told apart most; so one more of them is counted in the scatter,
// which matters where harm has long tails, or where few images are told apart at all. Each newborn needs one end of its
// interval to hold: the lower one if it is a true survivor, else the upper one. Bounds are for those alone.
std::vector<Race::Interval> Race::intervals(std::int64_t images) const {
  const auto n = static_cast<double>(images), all = static_cast<double>(rules_.images);
  const double ends = static_cast<double>(candidates_.size()) * static_cast<double>(looks_.size() - 1);
  const double quantile = students_quantile(rules_.bound / ends, n - 1);
  std::vector<Interval> result;
  for (std::size_t c = 0; c < candidates_.size(); ++c) {
    const Candidate& of = candidates_[c];
    if (of.seen != images || of.foretold) continue;
    const auto apart = [&](std::size_t i) { return static_cast<double>(of.harms[i]) - control_[i]; };
    double mean = 0, squares = 0, most = 1;
    for (std::size_t i = 0; i < static_cast<std::size_t>(images); ++i) mean += apart(i) / n;
    for (std::size_t i = 0; i < static_cast<std::size_t>(images); ++i) {
      const double off = apart(i) - mean;
      squares += off * off;
      most = std::max(most, std::fabs(off));
    }
    const double error = std::sqrt((squares + most * most) / (n - 1) / n * (1 - n / all));
    result.push_back({c, control_sum_ + all * mean, quantile * all * error});
  }
  return result;
}

std::vector<std::size_t> Race::look() {
  std::vector<std::size_t> dropped;
  if (whole()) return dropped;
  const std::vector<Interval> racing = intervals(std::min(portion() * rules_.block, rules_.images));
  ++look_;
  std::vector<double> most = kept_;  // harm that each has at most
  for (const Interval& one : racing) most.push_back(one.middle + one.half);
  if (most.size() < rules_.survivors) return dropped;
  const auto last = most.begin() + static_cast<std::ptrdiff_t>(rules_.survivors) - 1;
  std::ranges::nth_element(most, last);
  for (const Interval& one : racing) {
    if (!(one.middle - one.half > *last)) continue;
    candidates_[one.candidate].foretold = one.middle / static_cast<double>(rules_.images);
    dropped.push_back(one.candidate);
  }
  return dropped;
}

}  // namespace vbq
