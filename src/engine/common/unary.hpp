// Functions of one element, in the number type of the engine: double for reference, float for cpu and cuda.
#pragma once

#include <cmath>

#include "core/both.hpp"
#include "vbq/network.hpp"

namespace vbq {

template <typename T>
VBQ_BOTH T unary(const Unary& op, T x) {
  const T alpha = static_cast<T>(op.alpha), beta = static_cast<T>(op.beta);
  const auto sigmoid = [](T v) { return T{1} / (T{1} + std::exp(-v)); };
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
  }
  return x;
}

}  // namespace vbq
