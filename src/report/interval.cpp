#include "report/interval.hpp"

#include <algorithm>
#include <cmath>

#include "core/check.hpp"

namespace vbq {

Interval wilson95(std::int64_t k, std::int64_t n) {
  if (k < 0 || k > n) fail_internal("interval of {} of {}: a count between 0 and the total was expected", k, n);
  if (n == 0) return {};
  constexpr double z = 1.959964;
  const double total = static_cast<double>(n);
  const double p = static_cast<double>(k) / total;
  // (p + z^2/2n -+ z sqrt(p (1 - p) / n + z^2/4n^2)) / (1 + z^2/n)
  const double middle = p + z * z / (2 * total);
  const double reach = z * std::sqrt(p * (1 - p) / total + z * z / (4 * total * total));
  const double divisor = 1 + z * z / total;
  // At k = 0 and k = n one end is exactly that of the scale, but for rounding.
  const double low = k == 0 ? 0.0 : std::max(0.0, (middle - reach) / divisor);
  const double high = k == n ? 1.0 : std::min(1.0, (middle + reach) / divisor);
  return {100 * low, 100 * high};
}

}  // namespace vbq
