#include "quant/sorted_weights.hpp"

#include <cmath>

#include "core/check.hpp"

namespace vbq {

SortedWeights::SortedWeights(std::vector<float> weights) : values_(std::move(weights)) {
  if (values_.empty()) fail("a layer has no weights; expected at least one");
  std::sort(values_.begin(), values_.end());
  double total = 0;
  for (float w : values_) total += w;
  mean_ = total / static_cast<double>(values_.size());
  sum_.reserve(values_.size() + 1);
  square_.reserve(values_.size() + 1);
  sum_.push_back(0);
  square_.push_back(0);
  for (float w : values_) {
    const double x = w - mean_;
    sum_.push_back(sum_.back() + x);
    square_.push_back(square_.back() + x * x);
  }
}

double SortedWeights::deviation() const { return std::sqrt(square_.back() / static_cast<double>(size())); }

double SortedWeights::mean(std::size_t first, std::size_t last) const {
  const double mean = mean_ + (sum_[last] - sum_[first]) / static_cast<double>(last - first);
  return std::clamp(mean, static_cast<double>(values_[first]), static_cast<double>(values_[last - 1]));
}

double SortedWeights::error(std::size_t first, std::size_t last, double level) const {
  const double x = level - mean_, count = static_cast<double>(last - first);
  return std::max(0.0, square_[last] - square_[first] - 2 * x * (sum_[last] - sum_[first]) + count * x * x);
}

double nearest_error(const SortedWeights& weights, const std::vector<double>& levels) {
  double error = 0;
  std::size_t first = 0;
  for (std::size_t k = 0; k < levels.size(); ++k) {
    const std::size_t last = k + 1 < levels.size() ? weights.upper((levels[k] + levels[k + 1]) / 2) : weights.size();
    error += weights.error(first, last, levels[k]);
    first = last;
  }
  return error;
}

}  // namespace vbq
