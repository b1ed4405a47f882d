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
      {"Elu", elu},
      {"Erf", error_function},
      {"Exp", exponential},
      {"Flatten", flatten},
      {"Gather", gather},
      {"Gelu", gelu},
      {"Gemm", gemm},
      {"GlobalAveragePool", global_average_pool},
      {"GlobalMaxPool", global_max_pool},
      {"HardSigmoid", hard_sigmoid},
      {"HardSwish", hard_swish},
      {"Identity", identity},
      {"LRN", lrn},
      {"LayerNormalization", layer_normalization},
      {"LeakyRelu", leaky_relu},
      {"MatMul", matmul},
      {"MaxPool", max_pool},
      {"Mul", multiply},
      {"Pad", pad},
      {"Pow", power},
      {"Reciprocal", inverse},
      {"ReduceMean", reduce_mean},
      {"Relu", relu},
      {"Reshape", reshape},
      {"Sigmoid", sigmoid},
      {"Slice", slice},
      {"Softmax", softmax},
      {"Sqrt", root},
      {"Squeeze", squeeze},
      {"Sub", subtract},
      {"Sum", sum},
      {"Swish", swish},
      {"Tanh", hyperbolic_tangent},
      {"Transpose", transpose},
      {"Unsqueeze", unsqueeze},
  };
  const auto found = table.find(type);
  return found == table.end() ? nullptr : found->second;
}

}  // namespace vbq
