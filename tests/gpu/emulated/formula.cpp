#include "gpu/emulated/formula.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace emulated {
namespace {

using vbq::cuda::In;
using vbq::cuda::Out;
using vbq::cuda::Type;

void require_formula(bool holds, const char* what) {
  if (!holds) throw std::runtime_error(std::string("cuDNN: ") + what);
}

float to_tf32(float v) {
  const auto bits = std::bit_cast<std::uint32_t>(v);
  return std::bit_cast<float>((bits + 0xfffU + (bits >> 13 & 1U)) & ~0x1fffU);
}

// Most of the time goes here, on copies of its own: sanitisers are left out.
__attribute__((no_sanitize("address", "undefined"))) float add_products(float sum, const float* a, const float* b,
                                                                        std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) sum += a[i] * b[i];
  return sum;
}

// All elements, channels innermost.
std::vector<float> numbers_of(const Array& array, const void* memory, bool tf32) {
  const In from{memory, array.type};
  const bool round = tf32 && array.type == Type::fp32;
  std::vector<float> numbers;
  numbers.reserve(static_cast<std::size_t>(array.elements()));
  for (std::int64_t n = 0; n < array.dims[0]; ++n) {
    for (std::int64_t h = 0; h < array.dims[2]; ++h) {
      for (std::int64_t w = 0; w < array.dims[3]; ++w) {
        for (std::int64_t c = 0; c < array.dims[1]; ++c) {
          const float v = from[array.at(n, c, h, w)];
          numbers.push_back(round ? to_tf32(v) : v);
        }
      }
    }
  }
  return numbers;
}

Formula convolution_of(const Part& operation) {
  Formula f;
  f.x = array_of(*operation.part(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X));
  f.weights = array_of(*operation.part(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W));
  f.y = array_of(*operation.part(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y));
  const Part& conv = *operation.part(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC);
  f.stride = conv.values<std::int64_t>(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, CUDNN_TYPE_INT64);
  f.dilation = conv.values<std::int64_t>(CUDNN_ATTR_CONVOLUTION_DILATIONS, CUDNN_TYPE_INT64);
  f.before = conv.values<std::int64_t>(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, CUDNN_TYPE_INT64);
  const auto after = conv.values<std::int64_t>(CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, CUDNN_TYPE_INT64);
  require_formula(conv.number(CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS) == 2, "not two spatial axes");
  require_formula(
      conv.value<cudnnDataType_t>(CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE) == CUDNN_DATA_FLOAT,
      "sums are not in fp32");
  require_formula(conv.value<cudnnConvolutionMode_t>(CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_TYPE_CONVOLUTION_MODE) ==
                      CUDNN_CROSS_CORRELATION,
                  "filters are turned round");
  require_formula(operation.value<float>(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA, CUDNN_TYPE_FLOAT) == 1,
                  "alpha");
  require_formula(operation.value<float>(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA, CUDNN_TYPE_FLOAT) == 0, "beta");
  require_formula(!f.x.is_virtual && !f.weights.is_virtual, "an input is virtual");
  require_formula(f.x.type == f.weights.type, "inputs and weights are of two types");
  f.groups = f.x.dims[1] / f.weights.dims[1];
  require_formula(f.groups * f.weights.dims[1] == f.x.dims[1] && f.weights.dims[0] % f.groups == 0,
                  "groups do not come out");
  require_formula(f.y.dims[0] == f.x.dims[0] && f.y.dims[1] == f.weights.dims[0], "the output has another shape");
  for (std::size_t a = 0; a < 2; ++a) {
    require_formula(f.stride.at(a) > 0 && f.dilation.at(a) > 0 && f.before.at(a) >= 0 && after.at(a) >= 0,
                    "a number of the window is negative");
    const std::int64_t taps = (f.weights.dims[a + 2] - 1) * f.dilation[a] + 1;
    require_formula(f.y.dims[a + 2] == (f.x.dims[a + 2] + f.before[a] + after[a] - taps) / f.stride[a] + 1,
                    "the output is of another size");
  }
  return f;
}

}  // namespace

std::size_t Array::bytes() const {
  const std::int64_t last = at(dims[0] - 1, dims[1] - 1, dims[2] - 1, dims[3] - 1);
  return static_cast<std::size_t>((last + 1) * vbq::cuda::bytes_of(type));
}

Array array_of(const Part& tensor) {
  Array a;
  a.uid = tensor.number(CUDNN_ATTR_TENSOR_UNIQUE_ID);
  a.dims = tensor.values<std::int64_t>(CUDNN_ATTR_TENSOR_DIMENSIONS, CUDNN_TYPE_INT64);
  a.strides = tensor.values<std::int64_t>(CUDNN_ATTR_TENSOR_STRIDES, CUDNN_TYPE_INT64);
  require_formula(a.dims.size() == 4 && a.strides.size() == 4, "a tensor has not 4 axes");
  require_formula(std::ranges::all_of(a.dims, [](std::int64_t d) { return d > 0; }), "a tensor is empty");
  require_formula(tensor.number(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT) == 16, "a tensor is not aligned to 16 bytes");
  switch (tensor.value<cudnnDataType_t>(CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE)) {
    case CUDNN_DATA_FLOAT:
      a.type = Type::fp32;
      break;
    case CUDNN_DATA_HALF:
      a.type = Type::fp16;
      break;
    case CUDNN_DATA_BFLOAT16:
      a.type = Type::bf16;
      break;
  }
  a.is_virtual =
      tensor.has(CUDNN_ATTR_TENSOR_IS_VIRTUAL) && tensor.value<bool>(CUDNN_ATTR_TENSOR_IS_VIRTUAL, CUDNN_TYPE_BOOLEAN);
  return a;
}

Formula formula_of(const std::vector<std::shared_ptr<const Part>>& operations) {
  Formula f = convolution_of(*operations.at(0));
  for (std::size_t i = 1; i < operations.size(); ++i) {
    const Part& operation = *operations[i];
    const Part& point = *operation.part(CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR);
    const Array from = array_of(*operation.part(CUDNN_ATTR_OPERATION_POINTWISE_XDESC));
    require_formula(from.uid == f.y.uid && from.is_virtual && f.y.is_virtual && f.y.type == Type::fp32,
                    "an operation does not take the one before it");
    Formula::Point p;
    const auto mode = point.value<cudnnPointwiseMode_t>(CUDNN_ATTR_POINTWISE_MODE, CUDNN_TYPE_POINTWISE_MODE);
    if (mode == CUDNN_POINTWISE_ADD) {
      p.other = array_of(*operation.part(CUDNN_ATTR_OPERATION_POINTWISE_BDESC));
      for (std::size_t a = 0; a < 4; ++a) {
        require_formula(p.other->dims[a] == 1 || p.other->dims[a] == f.y.dims[a], "what is added has another shape");
      }
    } else {
      require_formula(!operation.has(CUDNN_ATTR_OPERATION_POINTWISE_BDESC), "ReLU takes two arrays");
      p.clip = point.has(CUDNN_ATTR_POINTWISE_RELU_UPPER_CLIP)
                   ? point.value<double>(CUDNN_ATTR_POINTWISE_RELU_UPPER_CLIP, CUDNN_TYPE_DOUBLE)
                   : static_cast<double>(INFINITY);
    }
    f.points.push_back(p);
    const std::vector<std::int64_t> dims = f.y.dims;
    f.y = array_of(*operation.part(CUDNN_ATTR_OPERATION_POINTWISE_YDESC));
    require_formula(f.y.dims == dims, "an output has another shape");
  }
  require_formula(!f.y.is_virtual && f.y.type == f.x.type, "the output is virtual, or of another type");
  std::vector<std::int64_t> uids;
  for (const Array& array : f.arrays()) uids.push_back(array.uid);
  std::ranges::sort(uids);
  require_formula(std::ranges::adjacent_find(uids) == uids.end(), "two arrays have one name");
  return f;
}

std::vector<Array> Formula::arrays() const {
  std::vector<Array> all{x, weights};
  for (const Point& point : points) {
    if (point.other) all.push_back(*point.other);
  }
  all.push_back(y);
  return all;
}

void Formula::compute(std::span<void* const> memory, bool tf32) const {
  const std::vector<float> xs = numbers_of(x, memory[0], tf32), ws = numbers_of(weights, memory[1], tf32);
  const Out to{memory.back(), y.type};
  const std::int64_t inputs = weights.dims[1], outputs = weights.dims[0] / groups;
  const auto convolve = [&](std::int64_t n, std::int64_t k, std::int64_t p, std::int64_t q) {
    float sum = 0;
    for (std::int64_t r = 0; r < weights.dims[2]; ++r) {
      const std::int64_t h = p * stride[0] + r * dilation[0] - before[0];
      for (std::int64_t s = 0; s < weights.dims[3]; ++s) {
        const std::int64_t w = q * stride[1] + s * dilation[1] - before[1];
        if (h < 0 || h >= x.dims[2] || w < 0 || w >= x.dims[3]) continue;
        const float* a = xs.data() + ((n * x.dims[2] + h) * x.dims[3] + w) * x.dims[1] + k / outputs * inputs;
        const float* b = ws.data() + ((k * weights.dims[2] + r) * weights.dims[3] + s) * inputs;
        sum = add_products(sum, a, b, inputs);
      }
    }
    return sum;
  };
  for (std::int64_t n = 0; n < y.dims[0]; ++n) {
    for (std::int64_t p = 0; p < y.dims[2]; ++p) {
      for (std::int64_t q = 0; q < y.dims[3]; ++q) {
        for (std::int64_t k = 0; k < y.dims[1]; ++k) {
          float v = convolve(n, k, p, q);
          std::size_t array = 2;
          for (const Point& point : points) {
            if (point.other) {
              v += In{memory[array++], point.other->type}[point.other->at(n, k, p, q)];
            } else {
              v = v > 0 ? std::min(v, static_cast<float>(point.clip)) : 0;  // a NaN becomes 0, as it may in cuDNN
            }
          }
          to.store(y.at(n, k, p, q), v);
        }
      }
    }
  }
}

}  // namespace emulated
