// Which nodes run together as one step.
#pragma once

#include <limits>
#include <vector>

#include "vbq/network.hpp"

namespace vbq {

// min(max(y, minimum), maximum), or nothing.
struct Activation {
  bool present = false;
  float minimum = -std::numeric_limits<float>::infinity();
  float maximum = std::numeric_limits<float>::infinity();
};

// A node and those that are done with it: y = activation(batch_norm(node(inputs)) + residual).
struct Group {
  int node = 0;
  std::vector<int> copies;      // node is a Slice or Pad: it and the Slices and Pads after it, all one copy
  int batch_norm = -1;          // folded into the weights of node, a Conv or Linear
  ValueId residual = -1;        // added to a Conv's output
  Activation activation;        // after a Conv, Linear, BatchNorm, Add, Mul; or the node itself is a Relu or Clip
  Padding2d pad;                // node is a Conv: its own padding and that of a Pad before it
  std::vector<ValueId> inputs;  // of node; without the residual
  ValueId output = 0;           // of the group's last node
};

// Groups in an order in which they can run. Every node is in exactly one group, or is a Pad done by the Conv after it.
// bare_layers: nothing follows a Conv or Linear in its group but the batch norm folded into it.
std::vector<Group> fuse(const Network& network, bool bare_layers = false);

}  // namespace vbq
