// Chances under the distributions that tests and intervals go by.
#pragma once

#include <cstdint>

namespace vbq {

// Student's distribution with so many degrees of freedom: how often it exceeds `value`, and what it exceeds with this
// chance (above 0, below 1).
double students_tail(double value, double freedom);
double students_quantile(double chance, double freedom);

// Of `times` throws of a fair coin: how often so few heads come, or fewer.
double fair_coin(std::int64_t heads, std::int64_t times);

}  // namespace vbq
