// Branches of a file to export: a layer that is replaced must be the graph's own, not one of a graph within.
#pragma once

#include <onnx/onnx_pb.h>

#include <unordered_map>

namespace vbq::exporting {

// Of each If: the branch that its constant condition takes (Translation::taken).
using Taken = std::unordered_map<const onnx::NodeProto*, const onnx::GraphProto*>;

// Puts the branches of the graph's own Ifs in their places; nodes keep their names. Values of a branch get other names
// where the graph has those already. Pointers to the graph's nodes are void from then on.
void put_branches(onnx::GraphProto& graph, const Taken& taken);

}  // namespace vbq::exporting
