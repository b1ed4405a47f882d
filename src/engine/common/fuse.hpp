// Which nodes run together as one step.
#pragma once

#include <limits>
#include <optional>
#include <vector>

#include "vbq/network.hpp"

namespace vbq {

// min(max(y, minimum), maximum), or nothing.
struct Activation {
  bool present = false;
  float minimum = -std::numeric_limits<float>::infinity();
  float maximum = std::numeric_limits<float>::infinity();
};

// A node and those that are done with it: y = activation(batch_norm(node(inputs)) + residual), or a function in its
// place.
struct Group {
  int node = 0;
  std::vector<int> copies;        // node is a Slice or Pad: it and the Slices and Pads after it, all one copy
  int batch_norm = -1;            // folded into the weights of node, a Conv or Linear
  ValueId residual = -1;          // added to a Conv's output
  Activation activation;          // after a Conv, Linear, BatchNorm, Binary; or the node itself is a Relu or Clip
  std::optional<Unary> function;  // after a Conv or Linear, where such are asked for
  Padding2d pad;                  // node is a Conv: its own padding and that of a Pad before it
  std::vector<ValueId> inputs;    // of node; without the residual
  ValueId output = 0;             // of the group's last node
};

struct FuseOptions {
  bool bare_layers = false;                        // nothing follows a Conv or Linear but the batch norm folded into it
  bool (*takes_function)(const Unary&) = nullptr;  // which functions may follow one; nullptr: none
};
// Groups in an order in which they can run. Every node is in exactly one group, or is a Pad done by the Conv after it.
std::vector<Group> fuse(const Network& network, const FuseOptions& options = {});

}  // namespace vbq
