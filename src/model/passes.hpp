// Passes over a draft: each makes the network simpler and leaves what it computes as it is.
#pragma once

#include "model/builder.hpp"

namespace vbq {

// Takes out nodes that hand on their input unchanged: Reshape to the same shape (Identity and Dropout are read as
// such), Transpose in order, Pad by nothing, Slice of all, Clip to everything, Concat of one, a pool or mean over
// single elements.
void remove_identities(Draft& draft);

// Takes out nodes that the output does not depend on; the output's node is the last one then.
void remove_dead_nodes(Draft& draft);

}  // namespace vbq
