// Functions of one element that oneDNN has in vector instructions.
#pragma once

#include <optional>

#include "engine/common/arithmetic.hpp"
#include "engine/cpu/onednn_api.hpp"
#include "vbq/network.hpp"

namespace vbq::cpu {

struct Function {
  dnnl::algorithm what;
  float alpha = 0, beta = 0;
};

// Nothing where oneDNN has none, or another one in some of its versions.
inline std::optional<Function> function_of(const Unary& op) {
  using Kind = Unary::Kind;
  using dnnl::algorithm;
  switch (op.kind) {
    case Kind::sigmoid:
      return Function{algorithm::eltwise_logistic, 0};
    case Kind::swish:
      return Function{algorithm::eltwise_swish, op.alpha};
    case Kind::hard_swish:  // x clip(alpha x + beta, 0, 1); oneDNN 2 knows these two only, and does not look at them
      return Function{algorithm::eltwise_hardswish, 1.0F / 6, 0.5F};
    case Kind::tanh:
      return Function{algorithm::eltwise_tanh, 0};
    case Kind::gelu:
      return Function{op.alpha != 0 ? algorithm::eltwise_gelu_tanh : algorithm::eltwise_gelu_erf, 0};
    case Kind::elu:
      return Function{algorithm::eltwise_elu, op.alpha};
    case Kind::mish:
      return Function{algorithm::eltwise_mish, 0};
    case Kind::absolute:
      return Function{algorithm::eltwise_abs, 0};
    default:
      return std::nullopt;
  }
}

// Those that may be done at the end of a layer: they keep zeros, so that channels beyond the last stay zeros.
inline bool follows_layers(const Unary& op) { return unary(op, 0.0F) == 0 && function_of(op).has_value(); }

}  // namespace vbq::cpu
