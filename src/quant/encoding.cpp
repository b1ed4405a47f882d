#include "quant/encoding.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "core/check.hpp"

namespace vbq {
namespace {

constexpr double kLimit = std::numeric_limits<float>::max();
constexpr double kMostRate = 1e6;

int bits_of(const Format& format) { return std::bit_width(static_cast<unsigned>(format.levels - 1)); }

int exponent_bits_of(const Format& format) {
  return format.exponent_bits == 0 ? (bits_of(format) + 1) / 2 : format.exponent_bits;
}

void check_format(const Format& format) {
  if (format.levels < 2 || format.levels > 256) fail("a format has {} levels; expected 2 to 256", format.levels);
  if (format.symmetric && format.encoding != Encoding::values && format.encoding != Encoding::uniform) {
    fail("a symmetric format has an encoding other than values or uniform; only those can be symmetric");
  }
  if (format.symmetric && format.levels % 2 != 0) {
    fail("a symmetric format has {} levels; expected an even number", format.levels);
  }
  if (format.encoding == Encoding::floating) {
    const int bits = bits_of(format);
    if (format.levels != 1 << bits || bits < 2) {
      fail("a floating-point format has {} levels; expected a power of two from 4", format.levels);
    }
    if (exponent_bits_of(format) < 1 || exponent_bits_of(format) > bits - 1) {
      fail("a floating-point format of {} bits has {} bits of exponent; expected 1 to {}", bits, format.exponent_bits,
           bits - 1);
    }
    if (format.exponent_bias && !(std::fabs(*format.exponent_bias) <= 1000)) {
      fail("a floating-point format has an exponent bias of {}; expected -1000 to 1000", *format.exponent_bias);
    }
  }
  if (!format.rate && format.encoding != Encoding::grid) {
    fail("a format's rate is a gene, and its encoding is not grid; expected a number");
  }
  const bool may_differ = format.encoding == Encoding::values && !format.symmetric && format.scope == Scope::layer;
  if (format.widths == Widths::own && !may_differ) {
    fail("a format lets each layer have its own number of levels; expected values, not symmetric, a codebook a layer");
  }
  if (format.rate && !(*format.rate >= 0 && *format.rate <= kMostRate)) {
    fail("a format has rate {}; expected 0 to {}", *format.rate, kMostRate);
  }
  if (format.refit < 0 || format.refit > kMostRefit) {
    fail("a format has {} rounds of refit; expected 0 to {}", format.refit, kMostRefit);
  }
  if (format.refit > 0 && format.biases) fail("a format refits levels that biases take; expected one of the two");
  if (format.level_values == LevelValues::int8 && format.encoding == Encoding::boundaries) {
    fail("a format has bin boundaries and int8 levels; expected another encoding");
  }
  if (format.level_values == LevelValues::int8 && format.biases) {
    fail("a format has int8 levels that biases take; expected one of the two");
  }
  if (format.encoding == Encoding::power_of_two && (format.levels < 4 || format.levels % 2 != 0)) {
    fail("a format of powers of two has {} levels; expected an even number from 4", format.levels);
  }
}

// A level beyond float's range is cut off there: no weight is near it.
float to_float(double level) { return static_cast<float>(std::clamp(level, -kLimit, kLimit)); }

// y_i = sign(x_i) b (a^|x_i| - 1), x_i = i - (n - 1) / 2. (Nogami et al., IJCNN 2019.)
std::vector<float> companded_levels(double a, double b, int n) {
  if (!(a > 0)) fail("a companded chromosome has a = {}; expected a > 0", a);
  std::vector<float> levels;
  for (int i = 0; i < n; ++i) {
    const double x = i - (n - 1) / 2.0;
    const double sign = x > 0 ? 1 : x < 0 ? -1 : 0;
    const double y = sign * b * (std::pow(a, std::fabs(x)) - 1);
    levels.push_back(std::isnan(y) ? 0.0F : to_float(y));
  }
  return levels;
}

// Magnitudes of a small floating-point format, ascending from 0; the largest exponent stands for numbers like any
// other.
std::vector<double> floating_magnitudes(const Format& format) {
  const int exponent_bits = exponent_bits_of(format), mantissa_bits = bits_of(format) - 1 - exponent_bits;
  std::vector<double> magnitudes;
  for (int e = 0; e < 1 << exponent_bits; ++e) {
    for (int m = 0; m < 1 << mantissa_bits; ++m) {
      const double fraction = std::ldexp(m, -mantissa_bits) + (e > 0 ? 1 : 0);
      magnitudes.push_back(std::ldexp(fraction, std::max(e, 1)));
    }
  }
  return magnitudes;
}

// n whole multiples of the step, zero among them; one more below it than above where n is even.
std::vector<float> grid_levels(double step, int n) {
  if (!(step > 0)) fail("a grid has step {}; expected a step above zero", step);
  const int zero = n / 2;
  std::vector<float> levels;
  levels.reserve(static_cast<std::size_t>(n));
  for (int i = 0; i < n; ++i) levels.push_back(to_float(step * (i - zero)));
  return levels;
}

// What the largest magnitude is under a set bias.
double largest_under(const Format& format, double bias) {
  return floating_magnitudes(format).back() * std::exp2(-bias);
}

}  // namespace

bool has_unit(const Format& format) {
  return format.encoding == Encoding::floating || format.encoding == Encoding::power_of_two ||
         (format.encoding == Encoding::uniform && format.symmetric);
}

std::vector<double> unit_levels(const Format& format) {
  check_format(format);
  const int half = format.levels / 2;
  std::vector<double> levels;
  if (format.encoding == Encoding::uniform) {
    for (int i = -half; i < half; ++i) levels.push_back(static_cast<double>(i) / half);
    return levels;
  }
  std::vector<double> magnitudes{0};
  if (format.encoding == Encoding::floating) {
    magnitudes = floating_magnitudes(format);
    for (double& magnitude : magnitudes) magnitude /= floating_magnitudes(format).back();
  } else {
    for (int i = half - 2; i >= 0; --i) magnitudes.push_back(std::ldexp(1.0, -i));
  }
  for (std::size_t i = magnitudes.size(); i > 1; --i) levels.push_back(-magnitudes[i - 1]);
  levels.insert(levels.end(), magnitudes.begin(), magnitudes.end());
  return levels;
}

float rate_of(const Chromosome& genes, const Format& format) {
  const double rate = format.rate ? *format.rate : genes.at(1);
  if (!(rate >= 0)) fail("a chromosome has rate {}; expected one that is not below zero", rate);
  return to_float(rate);
}

Movable movable(const Format& format) {
  if (format.level_values == LevelValues::int8) return Movable::scales;
  const bool free = format.encoding == Encoding::values && !format.symmetric && format.scope != Scope::network;
  return free ? Movable::levels : Movable::scales;
}

double nearest_power(double magnitude) {
  int exponent = 0;
  const double fraction = std::frexp(magnitude, &exponent);  // in [0.5, 1)
  return std::ldexp(1.0, fraction < std::sqrt(0.5) ? exponent - 1 : exponent);
}

int gene_count(const Format& format) {
  check_format(format);
  if (has_unit(format)) return 1;
  switch (format.encoding) {
    case Encoding::values:
      return format.symmetric ? format.levels / 2 : format.levels;
    case Encoding::boundaries:
      return format.levels - 1;
    case Encoding::grid:
      return format.rate ? 1 : 2;  // step, rate
    default:
      return 2;  // companded: a and b; uniform: least and greatest level
  }
}

bool positive_genes(const Format& format) {
  return format.symmetric || format.encoding == Encoding::companded || format.encoding == Encoding::grid ||
         has_unit(format);
}

bool ascending_genes(const Format& format) {
  return format.encoding != Encoding::companded && format.encoding != Encoding::grid;
}

Codebook decode(const Chromosome& genes, const Format& format) {
  const auto expected = static_cast<std::size_t>(gene_count(format));
  if (format.widths == Widths::own) {
    if (genes.size() < 2 || genes.size() > expected) {
      fail("a chromosome has {} genes; expected none, or 2 to {}", genes.size(), expected);
    }
  } else if (genes.size() != expected) {
    fail("a chromosome has {} genes; expected {}", genes.size(), expected);
  }
  for (std::size_t i = 0; i < genes.size(); ++i) {
    if (!(std::fabs(genes[i]) <= kLimit)) {
      fail("gene {} of a chromosome is {}; expected a finite single-precision number", i, genes[i]);
    }
  }
  const auto ascending = ascending_genes(format) ? std::is_sorted_until(genes.begin(), genes.end()) : genes.end();
  if (ascending != genes.end()) {
    fail("gene {} of a chromosome is {}, below the one before it ({}); expected ascending genes",
         ascending - genes.begin(), *ascending, *(ascending - 1));
  }
  if (format.symmetric && genes.front() < 0) {
    fail("a symmetric chromosome has gene {}; expected genes above zero", genes.front());
  }
  std::vector<float> values;
  if (has_unit(format)) {
    double largest = genes.front();
    if (!(largest > 0)) fail("a chromosome's largest level is {}; expected one above zero", largest);
    if (format.exponent_bias) largest = largest_under(format, *format.exponent_bias);
    if (format.encoding == Encoding::power_of_two) largest = nearest_power(largest);
    for (const double unit : unit_levels(format)) values.push_back(to_float(largest * unit));
    return Codebook::from_levels(std::move(values));
  }
  if (format.encoding == Encoding::companded) {
    return Codebook::from_levels(companded_levels(genes[0], genes[1], format.levels));
  }
  if (format.encoding == Encoding::grid) return Codebook::from_levels(grid_levels(genes[0], format.levels));
  if (format.encoding == Encoding::uniform) {
    for (int i = 0; i < format.levels; ++i) {
      values.push_back(to_float(genes[0] + (genes[1] - genes[0]) * i / (format.levels - 1)));
    }
    return Codebook::from_levels(std::move(values));
  }
  for (const double gene : genes) values.push_back(static_cast<float>(gene));
  if (format.encoding == Encoding::boundaries) return Codebook::from_boundaries(std::move(values));
  if (format.symmetric) {
    for (const double gene : genes) values.push_back(static_cast<float>(-gene));
  }
  return Codebook::from_levels(std::move(values));
}

}  // namespace vbq
