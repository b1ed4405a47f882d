#include "onnx/convert.hpp"

#include <string_view>
#include <unordered_map>

namespace vbq {

Convert converter(const std::string& type) {
  using namespace converting;
  static const std::unordered_map<std::string_view, Convert> table{
      {"AveragePool", average_pool},
      {"BatchNormalization", batch_norm},
      {"Cast", cast},
      {"Clip", clip},
      {"Concat", concat},
      {"Conv", conv},
      {"Div", divide},
      {"Dropout", dropout},
      {"Flatten", flatten},
      {"Gather", gather},
      {"Gelu", gelu},
      {"Gemm", gemm},
      {"GlobalAveragePool", global_average_pool},
      {"GlobalMaxPool", global_max_pool},
      {"Identity", identity},
      {"LRN", lrn},
      {"LayerNormalization", layer_normalization},
      {"LogSoftmax", softmax},
      {"MatMul", matmul},
      {"Max", extremum},
      {"MaxPool", max_pool},
      {"Min", extremum},
      {"PRelu", prelu},
      {"Pad", pad},
      {"Pow", power},
      {"Relu", relu},
      {"Reshape", reshape},
      {"Slice", slice},
      {"Softmax", softmax},
      {"Squeeze", squeeze},
      {"Sub", subtract},
      {"Sum", sum},
      {"Transpose", transpose},
      {"Unsqueeze", unsqueeze},
  };
  const auto found = table.find(type);
  if (found != table.end()) return found->second;
  if (find_row(kUnary, type) != nullptr) return unary;
  if (find_row(kBinary, type) != nullptr) return binary;
  return find_row(kReduce, type) != nullptr ? reduce : nullptr;
}

}  // namespace vbq
