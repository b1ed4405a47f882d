// The part of a network that makes one of its values.
#pragma once

#include <utility>
#include <vector>

#include "vbq/network.hpp"

namespace vbq::support {

// A network of the nodes that `value`, which is not the input, needs, with `value` as its output.
inline Network up_to(const Network& network, ValueId value) {
  std::vector<bool> needed(static_cast<std::size_t>(value) + 1, false);
  needed.back() = true;
  for (std::size_t v = needed.size() - 1; v > 0; --v) {
    if (!needed[v]) continue;
    for (const ValueId input : network.nodes[v - 1].inputs) needed[static_cast<std::size_t>(input)] = true;
  }
  Network part;
  part.name = network.name;
  part.input_name = network.input_name;
  part.output_name = network.nodes[static_cast<std::size_t>(value) - 1].name;
  part.shapes.push_back(network.shapes.front());
  std::vector<ValueId> place(needed.size(), kInputValue);  // of each value in the part
  for (std::size_t v = 1; v < needed.size(); ++v) {
    if (!needed[v]) continue;
    Node node = network.nodes[v - 1];
    for (ValueId& input : node.inputs) input = place[static_cast<std::size_t>(input)];
    part.nodes.push_back(std::move(node));
    part.shapes.push_back(network.shapes[v]);
    place[v] = static_cast<ValueId>(part.nodes.size());
  }
  return part;
}

}  // namespace vbq::support
