#include "run/paired_gain.hpp"

#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <vector>

#include "core/check.hpp"

namespace vbq {

PairedGain paired_gain(std::span<const Tally> first, std::span<const Tally> second, Fitness kind) {
  if (first.size() != second.size()) fail_internal("{} blocks against {}", first.size(), second.size());
  std::vector<Tally> a(first.begin(), first.end()), b(second.begin(), second.end());
  if (a.size() > 1 && 2 * a.back().seen < a.front().seen) {
    for (std::vector<Tally>* of : {&a, &b}) {
      const Tally rest = of->back();
      of->pop_back();
      of->back() += rest;
    }
  }
  const auto count = static_cast<double>(a.size());
  if (a.size() < 2) return {};
  double sum = 0, squares = 0;
  std::vector<double> gains;
  gains.reserve(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) gains.push_back(fitness(b[i], kind) - fitness(a[i], kind));
  for (const double gain : gains) sum += gain;
  const double mean = sum / count;
  for (const double gain : gains) squares += (gain - mean) * (gain - mean);
  const double error = std::sqrt(squares / (count - 1) / count);
  if (!(error > 0)) return {mean, mean > 0 ? 0.0 : 1.0};
  const boost::math::students_t distribution(count - 1);
  return {mean, boost::math::cdf(boost::math::complement(distribution, mean / error))};
}

}  // namespace vbq
