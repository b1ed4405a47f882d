#include "core/chance.hpp"

#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/students_t.hpp>

namespace vbq {

double students_tail(double value, double freedom) {
  return boost::math::cdf(boost::math::complement(boost::math::students_t(freedom), value));
}

double students_quantile(double chance, double freedom) {
  return boost::math::quantile(boost::math::complement(boost::math::students_t(freedom), chance));
}

double fair_coin(std::int64_t heads, std::int64_t times) {
  return boost::math::cdf(boost::math::binomial(static_cast<double>(times), 0.5), static_cast<double>(heads));
}

}  // namespace vbq
