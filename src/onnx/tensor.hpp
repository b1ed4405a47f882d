// Reads an ONNX tensor: from the message itself or from external data beside the model.
#pragma once

#include <onnx/onnx_pb.h>

#include <string>
#include <utility>

#include "onnx/budget.hpp"
#include "onnx/external.hpp"
#include "onnx/host_tensor.hpp"

namespace vbq {

class TensorReader {
 public:
  // place: of the model, which external data lies beside.
  TensorReader(ModelPlace place, Budget budget) : place_(std::move(place)), budget_(budget) {}

  // Error, naming `where`, when its type is not a number's, its dims are absurd, or its dims and its bytes disagree:
  // all that before memory is taken.
  HostTensor read(const onnx::TensorProto& proto, const std::string& where);

  Budget& budget() { return budget_; }

 private:
  ModelPlace place_;
  Budget budget_;
};

// Bytes of external data that the tensor says it has; 0 when it has none or does not say.
std::int64_t declared_external_bytes(const onnx::TensorProto& proto);

}  // namespace vbq
