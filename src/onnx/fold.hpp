// Constant folding: a small interpreter of the operators that exports compute shapes, pads and indices with.
#pragma once

#include <string>

#include "onnx/host_tensor.hpp"
#include "onnx/node.hpp"

namespace vbq {

// True when fold() knows the operator.
bool can_fold(const std::string& type);

// First output of a node whose inputs are all constants. Memory is bounded by the reader's budget. Error when the node
// is malformed, or its arithmetic overflows.
HostTensor fold(NodeContext& node);

// The table's entries, by family.
namespace folding {
// fold_arithmetic.cpp: element by element, broadcast as in NumPy.
HostTensor add(NodeContext& node);
HostTensor subtract(NodeContext& node);
HostTensor multiply(NodeContext& node);
HostTensor divide(NodeContext& node);  // of integers: towards zero
HostTensor minimum(NodeContext& node);
HostTensor maximum(NodeContext& node);
HostTensor equal(NodeContext& node);
HostTensor less(NodeContext& node);
HostTensor greater(NodeContext& node);
HostTensor where(NodeContext& node);
HostTensor negate(NodeContext& node);
HostTensor floor(NodeContext& node);
HostTensor ceil(NodeContext& node);
HostTensor square_root(NodeContext& node);
HostTensor logical_not(NodeContext& node);
HostTensor bitwise_and(NodeContext& node);
HostTensor cast(NodeContext& node);
// fold_movement.cpp: the same elements elsewhere.
HostTensor reshape(NodeContext& node);
HostTensor flatten(NodeContext& node);
HostTensor squeeze(NodeContext& node);
HostTensor unsqueeze(NodeContext& node);
HostTensor transpose(NodeContext& node);
HostTensor concat(NodeContext& node);
HostTensor slice(NodeContext& node);
HostTensor gather(NodeContext& node);
HostTensor gather_elements(NodeContext& node);
HostTensor gather_nd(NodeContext& node);
HostTensor expand(NodeContext& node);
// fold_quantized.cpp
HostTensor dequantize(NodeContext& node);
// fold.cpp: new elements.
HostTensor constant(NodeContext& node);
HostTensor constant_of_shape(NodeContext& node);
HostTensor range(NodeContext& node);
}  // namespace folding

}  // namespace vbq
