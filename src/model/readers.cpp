#include "model/readers.hpp"

namespace vbq {

std::vector<int> readers_of(const Draft& draft) {
  std::vector<int> readers(draft.network.nodes.size() + 1);
  for (const Node& node : draft.network.nodes) {
    for (const ValueId v : node.inputs) ++readers[static_cast<std::size_t>(v)];
  }
  ++readers[static_cast<std::size_t>(draft.output)];
  return readers;
}

bool is_element_by_element(const Operator& op) {
  return std::holds_alternative<Relu>(op) || std::holds_alternative<Clip>(op) || std::holds_alternative<Unary>(op);
}

}  // namespace vbq
