// Passes over a draft: each makes the network simpler and leaves what it computes as it is.
#pragma once

#include "model/draft.hpp"

namespace vbq {

// Takes out nodes that hand on their input unchanged: Reshape to the same shape (Identity and Dropout are read as
// such), Transpose in order, Pad by nothing, Slice of all, Clip to everything, Concat of one, a pool or mean over
// single elements.
void remove_identities(Draft& draft);

// Mul or Add by a constant [C, 1, 1], or a Mul and the Add that alone reads it, become the batch norm that they are:
// then they are folded into the layer before them.
void recognise_batch_norm(Draft& draft);

// Functions of one element that are spelled out become one node: x sigmoid(x) (Swish), x clip(x + 3, 0, 6) / 6 or x
// hard_sigmoid(x) (HardSwish), x / 2 (1 + erf(x / sqrt(2))) (Gelu), their factors in any order.
void recognise_functions(Draft& draft);

// A Transpose of a Transpose becomes one. Those that only one element-by-element node reads move behind it first (two
// that an Add or Mul joins, when they are the same), so that the pairs around NHWC parts of a graph meet. What becomes
// of no use is for remove_identities() and remove_dead_nodes().
void merge_transposes(Draft& draft);

// Takes out nodes that the output does not depend on; the output's node is the last one then.
void remove_dead_nodes(Draft& draft);

}  // namespace vbq
