// Every operator of network.hpp as plain loops over one image: what all other engines are compared against.
#pragma once

#include <span>
#include <vector>

#include "vbq/network.hpp"

namespace vbq::reference {

// A value of one image: its shape and elements, row-major, host.
struct Value {
  Shape shape;
  std::vector<float> data;
};

// Output of the node for these inputs, in node order. Sums are in double and rounded to float once; shape: the output's
// (Network::shapes).
Value run(const Node& node, std::span<const Value* const> inputs, const Shape& shape);

// Operators with files of their own.
Value convolve(const Conv& op, const Value& x, const Shape& shape);
Value max_pool(const MaxPool& op, const Value& x, const Shape& shape);
Value average_pool(const AveragePool& op, const Value& x, const Shape& shape);
Value reduce(const Reduce& op, const Value& x, const Shape& shape);

}  // namespace vbq::reference
