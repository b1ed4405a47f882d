// What tests ask of a network.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "core/check.hpp"
#include "vbq/network.hpp"

namespace vbq::test {

using Names = std::vector<std::string>;

// The operator of the network's only node (or of node k).
template <typename Op>
const Op& only(const Network& network, std::size_t k = 0) {
  if (network.nodes.size() <= k) fail_internal("the network has {} nodes", network.nodes.size());
  return std::get<Op>(network.nodes[k].op);
}

inline Names operators(const Network& network) {
  Names names;
  for (const Node& node : network.nodes) names.emplace_back(operator_name(node.op));
  return names;
}

}  // namespace vbq::test
