// Spearman's rank correlation (Spearman 1904).
#pragma once

#include <span>

namespace vbq {

// Of two numbers each of as many things: from -1 to 1; equal numbers share their ranks' mean. 0 where all are equal.
double rank_correlation(std::span<const double> x, std::span<const double> y);

}  // namespace vbq
