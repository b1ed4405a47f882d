// What the functions of vbq/functions.hpp compute, in the number type of the engine: double for reference, float for
// cpu and cuda. The same code for all of them.
#pragma once

#include <cmath>
#include <cstddef>
#include <type_traits>
#include <utility>

#include "core/both.hpp"
#include "vbq/functions.hpp"

namespace vbq {

template <typename T>
VBQ_BOTH T unary(const Unary& op, T x) {
  const T alpha = static_cast<T>(op.alpha), beta = static_cast<T>(op.beta);
  const auto sigmoid = [](T v) { return T{1} / (T{1} + std::exp(-v)); };
  const auto softplus = [](T v) { return (v > 0 ? v : T{0}) + std::log1p(std::exp(v > 0 ? -v : v)); };
  const auto clipped = [](T v) { return v < 0 ? T{0} : (v > 1 ? T{1} : v); };
  switch (op.kind) {
    case Unary::Kind::sigmoid:
      return sigmoid(x);
    case Unary::Kind::hard_sigmoid:
      return clipped(alpha * x + beta);
    case Unary::Kind::hard_swish:
      return x * clipped(x / 6 + T{0.5});
    case Unary::Kind::swish:
      return x * sigmoid(alpha * x);
    case Unary::Kind::tanh:
      return std::tanh(x);
    case Unary::Kind::erf:
      return std::erf(x);
    case Unary::Kind::gelu:
      if (op.alpha != 0) {  // sqrt(2 / pi) (x + 0.044715 x^3)
        return x / 2 * (1 + std::tanh(static_cast<T>(0.7978845608028654) * (x + static_cast<T>(0.044715) * x * x * x)));
      }
      return x / 2 * (1 + std::erf(x * static_cast<T>(0.7071067811865476)));
    case Unary::Kind::leaky_relu:
      return x < 0 ? alpha * x : x;
    case Unary::Kind::elu:
      return x < 0 ? alpha * std::expm1(x) : x;
    case Unary::Kind::exp:
      return std::exp(x);
    case Unary::Kind::sqrt:
      return std::sqrt(x);
    case Unary::Kind::reciprocal:
      return 1 / x;
    case Unary::Kind::power:
      return std::pow(x, alpha);
    case Unary::Kind::softplus:
      return softplus(x);
    case Unary::Kind::mish:
      return x * std::tanh(softplus(x));
    case Unary::Kind::absolute:
      return std::abs(x);
    case Unary::Kind::round_to: {           // in float whatever T is: where halves fall must be the same in all engines
      constexpr float kWhole = 8388608.0F;  // 2^23: of sums with it, nothing is left behind the point
      const float q = static_cast<float>(x) / op.alpha, size = std::abs(q);
      const float added =
          size < kWhole ? kWhole : 0.0F;  // above, all floats are whole; a choice that compilers vectorise
      return static_cast<T>(std::copysign((size + added) - added, q) * op.alpha);
    }
  }
  return x;
}

template <typename T>
VBQ_BOTH T binary(Binary::Kind kind, T a, T b) {
  switch (kind) {
    case Binary::Kind::add:
      return a + b;
    case Binary::Kind::multiply:
      return a * b;
    case Binary::Kind::minimum:  // a NaN of either stays one
      return b < a || b != b ? b : a;
    case Binary::Kind::maximum:
      return a < b || b != b ? b : a;
    case Binary::Kind::prelu:
      return a < 0 ? a * b : a;
  }
  return a;
}

// A reduction: from `start`, each element joins by `join`; `end` makes the result of what `count` elements gave.
// Parts of one may be reduced alone and joined.
VBQ_BOTH inline double reduce_start(Reduce::Kind kind) { return kind == Reduce::Kind::maximum ? -INFINITY : 0; }
VBQ_BOTH inline double reduce_join(Reduce::Kind kind, double a, double b) {
  return kind == Reduce::Kind::maximum ? binary(Binary::Kind::maximum, a, b) : a + b;
}
VBQ_BOTH inline double reduce_end(Reduce::Kind kind, double result, double count) {
  return kind == Reduce::Kind::mean ? result / count : result;
}

// f(k), k a constant equal to `kind`, one of the `kinds` of a table: a loop in f is then compiled for each kind alone,
// with one function inside instead of a choice for each element.
template <std::size_t kinds, typename Kind, typename F>
void with_constant(Kind kind, const F& f) {
  const auto try_each = [&]<std::size_t... k>(std::index_sequence<k...>) {
    ((static_cast<std::size_t>(kind) == k ? f(std::integral_constant<Kind, static_cast<Kind>(k)>{}) : void()), ...);
  };
  try_each(std::make_index_sequence<kinds>{});
}

}  // namespace vbq
