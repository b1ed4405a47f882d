// Names of a graph: which are taken, which are read, and what becomes of those that nothing reads any more.
#pragma once

#include <onnx/onnx_pb.h>

#include <string>
#include <unordered_map>
#include <unordered_set>

namespace vbq::exporting {

// Every name that stands in the model's graph or one nested in it, whatever it names.
class UsedNames {
 public:
  explicit UsedNames(const onnx::GraphProto& graph);

  // A name that nothing has: `wanted`, or that with a number behind it. It is taken from then on.
  std::string fresh(const std::string& wanted);
  // A name for a value: `wanted` where no other value has it, though a node may be called so; else a fresh one.
  std::string value(const std::string& wanted);

 private:
  void add(const onnx::GraphProto& graph);

  std::unordered_set<std::string> values_, nodes_;
};

// How often each value is read, by the graph, graphs nested in it, and their outputs.
using Reads = std::unordered_map<std::string, int>;
Reads reads_of(const onnx::GraphProto& graph);

// Drops the initialisers and nodes that were read (`before`) and are not any more, with what is said about them
// elsewhere; what nothing has read from the start stays. Nodes that stay keep their addresses.
void remove_unread(onnx::GraphProto& graph, const Reads& before);

// nullptr where the node has none of that name.
const onnx::AttributeProto* attribute_of(const onnx::NodeProto& node, const std::string& name);

// Element type (TensorProto::DataType) of a constant, found through the nodes that compute it; 0 where it is not.
int constant_type(const onnx::GraphProto& graph, const std::string& name);

}  // namespace vbq::exporting
