#include "model/convert.hpp"

#include <string_view>
#include <unordered_map>

namespace vbq {

Convert converter(const std::string& type) {
  using namespace converting;
  static const std::unordered_map<std::string_view, Convert> table{
      {"Add", add},
      {"AveragePool", average_pool},
      {"BatchNormalization", batch_norm},
      {"Cast", cast},
      {"Clip", clip},
      {"Concat", concat},
      {"Conv", conv},
      {"Div", divide},
      {"Dropout", dropout},
      {"Flatten", flatten},
      {"Gemm", gemm},
      {"GlobalAveragePool", global_average_pool},
      {"GlobalMaxPool", global_max_pool},
      {"Identity", identity},
      {"MatMul", matmul},
      {"MaxPool", max_pool},
      {"Mul", multiply},
      {"Pad", pad},
      {"ReduceMean", reduce_mean},
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
  return found == table.end() ? nullptr : found->second;
}

}  // namespace vbq
