// Functions of one element, of two and of many: which there are, and how ONNX spells them. A row here and its
// arithmetic (src/engine/common/arithmetic.hpp) are all that an ordinary one needs; docs/architecture.md says how one
// is added.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace vbq {

// y = f(x), element by element. alpha, beta: what the function says.
struct Unary {
  enum class Kind : std::uint8_t {
    sigmoid,
    hard_sigmoid,  // clip(alpha x + beta, 0, 1)
    hard_swish,    // x clip(x / 6 + 1/2, 0, 1)
    swish,         // x sigmoid(alpha x)
    tanh,
    erf,
    gelu,        // exact, or by tanh when alpha is 1
    leaky_relu,  // alpha x below zero
    elu,         // alpha (exp(x) - 1) below zero
    exp,
    sqrt,
    reciprocal,
    power,     // x^alpha
    softplus,  // log(1 + exp(x))
    mish,      // x tanh(softplus(x))
    absolute,
    round_to  // the whole multiple of alpha that is nearest to x, of two the even one; alpha above 0
  };
  Kind kind = Kind::sigmoid;
  float alpha = 0, beta = 0;
};

// y = f(a, b); shapes are equal or broadcast as in NumPy over one image's axes (aligned at the last).
struct Binary {
  enum class Kind : std::uint8_t {
    add,
    multiply,
    minimum,
    maximum,
    prelu  // a b where a is below zero, else a
  };
  Kind kind = Kind::add;
};
inline constexpr Binary kAdd{Binary::Kind::add}, kMultiply{Binary::Kind::multiply};

// Over axes of one image (0 = channel); whether they are kept shows in the output's shape.
struct Reduce {
  enum class Kind : std::uint8_t { mean, sum, maximum };
  std::vector<int> axes;
  Kind kind = Kind::mean;
};

// ---- tables: rows in the order of the kinds ------------------------------------------------------------------------
// A number that a function has from an attribute, and what it is where the file has none.
struct Parameter {
  const char* attribute = nullptr;  // nullptr: not from one
  float otherwise = 0;
};

struct UnaryRow {
  Unary::Kind kind;
  const char* name;  // as ONNX spells it
  Parameter alpha{}, beta{};
};
inline constexpr std::array kUnary{
    UnaryRow{Unary::Kind::sigmoid, "Sigmoid"},
    UnaryRow{Unary::Kind::hard_sigmoid, "HardSigmoid", {"alpha", 0.2F}, {"beta", 0.5F}},
    UnaryRow{Unary::Kind::hard_swish, "HardSwish"},
    UnaryRow{Unary::Kind::swish, "Swish", {"alpha", 1}},
    UnaryRow{Unary::Kind::tanh, "Tanh"},
    UnaryRow{Unary::Kind::erf, "Erf"},
    UnaryRow{Unary::Kind::gelu, "Gelu"},
    UnaryRow{Unary::Kind::leaky_relu, "LeakyRelu", {"alpha", 0.01F}},
    UnaryRow{Unary::Kind::elu, "Elu", {"alpha", 1}},
    UnaryRow{Unary::Kind::exp, "Exp"},
    UnaryRow{Unary::Kind::sqrt, "Sqrt"},
    UnaryRow{Unary::Kind::reciprocal, "Reciprocal"},
    UnaryRow{Unary::Kind::power, "Pow"},
    UnaryRow{Unary::Kind::softplus, "Softplus"},
    UnaryRow{Unary::Kind::mish, "Mish"},
    UnaryRow{Unary::Kind::absolute, "Abs"},
    UnaryRow{Unary::Kind::round_to, "Round", {nullptr, 1}},  // another step: of quantise_activations()
};

// f(0, 0) must be 0, because layouts have places beyond the last channel that stay zeros.
struct BinaryRow {
  Binary::Kind kind;
  const char* name;
  bool commutes = true;  // f(a, b) = f(b, a)
};
inline constexpr std::array kBinary{
    BinaryRow{Binary::Kind::add, "Add"},
    BinaryRow{Binary::Kind::multiply, "Mul"},
    BinaryRow{Binary::Kind::minimum, "Min"},
    BinaryRow{Binary::Kind::maximum, "Max"},
    BinaryRow{Binary::Kind::prelu, "PRelu", false},
};

struct ReduceRow {
  Reduce::Kind kind;
  const char* name;
};
inline constexpr std::array kReduce{
    ReduceRow{Reduce::Kind::mean, "ReduceMean"},
    ReduceRow{Reduce::Kind::sum, "ReduceSum"},
    ReduceRow{Reduce::Kind::maximum, "ReduceMax"},
};

template <typename Table>
constexpr bool in_order(const Table& table) {
  for (std::size_t k = 0; k < table.size(); ++k) {
    if (static_cast<std::size_t>(table[k].kind) != k) return false;
  }
  return true;
}
static_assert(in_order(kUnary) && in_order(kBinary) && in_order(kReduce),
              "a row stands in another place than its kind");

// The row of an operator that ONNX calls so; nullptr when the table has none.
template <typename Table>
constexpr auto find_row(const Table& table, std::string_view name) -> const typename Table::value_type* {
  for (const auto& row : table) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

}  // namespace vbq
