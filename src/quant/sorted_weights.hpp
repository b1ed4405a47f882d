// Weights in ascending order with running sums: the squared error of any stretch of them in constant time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace vbq {

class SortedWeights {
 public:
  // At least one weight, all finite.
  explicit SortedWeights(std::vector<float> weights);

  std::size_t size() const { return values_.size(); }
  const std::vector<float>& values() const { return values_; }  // ascending
  double minimum() const { return values_.front(); }
  double maximum() const { return values_.back(); }
  double mean() const { return mean_; }
  double deviation() const;  // standard deviation

  // Number of weights <= t: where the bin above boundary t begins.
  std::size_t upper(double t) const {
    return static_cast<std::size_t>(std::upper_bound(values_.begin(), values_.end(), t) - values_.begin());
  }
  // Of the weights first..last-1 (by rank, last > first): their mean; the sum of (w - level)^2.
  double mean(std::size_t first, std::size_t last) const;
  double error(std::size_t first, std::size_t last, double level) const;

 private:
  std::vector<float> values_;
  double mean_ = 0;
  std::vector<double> sum_, square_;  // [size + 1], of w - mean_: centred, so that differences keep their digits
};

// Squared error of all weights under sorted levels, each weight taking the nearest.
double nearest_error(const SortedWeights& weights, const std::vector<double>& levels);

}  // namespace vbq
