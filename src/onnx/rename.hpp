// Renamer: gives the values of a graph other names, so that it can become part of another graph.
#pragma once

#include <onnx/onnx_pb.h>

#include <functional>
#include <string>
#include <unordered_map>

namespace vbq {

class Renamer {
 public:
  // What a name that is read and not known here stands for: a value of the graph around, or an error.
  enum class Unknown { stays, refused };

  // fresh: a name that nothing has, made of this one. where: for messages.
  Renamer(std::function<std::string(const std::string&)> fresh, Unknown unknown, std::string where);

  bool knows(const std::string& name) const { return names_.contains(name); }
  void set(const std::string& name, const std::string& becomes) { names_[name] = becomes; }
  std::string read(const std::string& name) const;
  std::string define(const std::string& name);  // as set, or fresh

  // Inputs, outputs, and the same of the graphs within.
  void rename(onnx::NodeProto& node);

 private:
  void rename(onnx::GraphProto& graph);

  std::unordered_map<std::string, std::string> names_;
  std::function<std::string(const std::string&)> fresh_;
  Unknown unknown_;
  std::string where_;
};

}  // namespace vbq
