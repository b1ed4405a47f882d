#include "engine/cuda/convolution_graph.hpp"

#include <array>
#include <cmath>
#include <vector>

namespace vbq::cuda {
namespace {

using Dims = std::array<std::int64_t, 4>;

cudnnDataType_t data_type(Type type) {
  return type == Type::fp32 ? CUDNN_DATA_FLOAT : type == Type::fp16 ? CUDNN_DATA_HALF : CUDNN_DATA_BFLOAT16;
}

// [N, C, H, W] that lies by these strides.
Descriptor tensor(const Cudnn& api, std::int64_t uid, const Dims& dims, const Dims& strides, cudnnDataType_t type,
                  bool is_virtual = false) {
  Descriptor t(api, CUDNN_BACKEND_TENSOR_DESCRIPTOR);
  t.set(CUDNN_ATTR_TENSOR_DATA_TYPE, type);
  t.set(CUDNN_ATTR_TENSOR_DIMENSIONS, dims);
  t.set(CUDNN_ATTR_TENSOR_STRIDES, strides);
  t.set(CUDNN_ATTR_TENSOR_UNIQUE_ID, uid);
  t.set(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, std::int64_t{16});
  if (is_virtual) t.set(CUDNN_ATTR_TENSOR_IS_VIRTUAL, CUDNN_TYPE_BOOLEAN, 1, &is_virtual);
  t.finalise();
  return t;
}

// As NHWC without gaps; filters alike, as KRSC.
Descriptor tensor(const Cudnn& api, std::int64_t uid, const Dims& dims, cudnnDataType_t type, bool is_virtual = false) {
  return tensor(api, uid, dims, {dims[1] * dims[2] * dims[3], 1, dims[1] * dims[3], dims[1]}, type, is_virtual);
}

// The operations conv -> + residual -> + bias -> clamp, each but the last into a virtual tensor of fp32.
class GraphMaker {
 public:
  GraphMaker(const Target& target, const Convolution& op, std::int64_t batch, Type type, bool fused)
      : target_(target), api_(*target.api), op_(op), batch_(batch), type_(data_type(type)), fused_(fused) {}

  // Nothing where cuDNN refuses the whole.
  std::optional<Descriptor> graph() {
    const bool residual = fused_ && op_.in[1];
    const bool clamped = fused_ && op_.clamped;
    left_ = 1 + (fused_ ? 1 : 0) + (residual ? 1 : 0) + (clamped ? 1 : 0);
    bool taken = convolve();
    if (residual) taken = taken && pointwise(CUDNN_POINTWISE_ADD, tensor(api_, kResidual, y_dims(), type_));
    if (fused_) taken = taken && pointwise(CUDNN_POINTWISE_ADD, tensor(api_, kBias, {1, op_.y.padded, 1, 1}, type_));
    if (clamped) taken = taken && pointwise(CUDNN_POINTWISE_RELU_FWD, std::nullopt);
    if (!taken) return std::nullopt;
    std::vector<cudnnBackendDescriptor_t> all;
    for (const Descriptor& o : operations_) all.push_back(o.get());
    Descriptor graph(api_, CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
    graph.set(CUDNN_ATTR_OPERATIONGRAPH_OPS, CUDNN_TYPE_BACKEND_DESCRIPTOR, static_cast<std::int64_t>(all.size()),
              all.data());
    if (target_.handle != nullptr) graph.set(CUDNN_ATTR_OPERATIONGRAPH_HANDLE, CUDNN_TYPE_HANDLE, 1, &target_.handle);
    if (!graph.try_finalise()) return std::nullopt;
    return graph;
  }

 private:
  Dims y_dims() const { return {batch_, op_.y.padded, op_.y.extent[1], op_.y.extent[2]}; }

  // Where the next operation writes.
  Descriptor next() {
    --left_;
    const Layout& y = op_.y;  // may be a part of an array
    return left_ == 0 ? tensor(api_, kY, y_dims(), {y.image, 1, y.stride[1], y.stride[2]}, type_)
                      : tensor(api_, kFirstVirtual + left_, y_dims(), CUDNN_DATA_FLOAT, true);
  }

  // False where cuDNN does not take the operation.
  bool convolve() {
    const Window& w = op_.window;
    std::array<std::int64_t, 2> stride, dilation, before, after;
    for (std::size_t a = 0; a < 2; ++a) {
      stride[a] = w.stride[a];
      dilation[a] = w.dilation[a];
      before[a] = w.pad[a];
      after[a] = w.far[a] - op_.x.extent[a + 1];
    }
    const cudnnConvolutionMode_t mode = CUDNN_CROSS_CORRELATION;
    Descriptor conv(api_, CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR);
    conv.set(CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_DATA_FLOAT);
    conv.set(CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_TYPE_CONVOLUTION_MODE, 1, &mode);
    conv.set(CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, std::int64_t{2});
    conv.set(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, stride);
    conv.set(CUDNN_ATTR_CONVOLUTION_DILATIONS, dilation);
    conv.set(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, before);
    conv.set(CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, after);
    if (!conv.try_finalise()) return false;
    const Descriptor x = tensor(api_, kX, {batch_, op_.x.padded, op_.x.extent[1], op_.x.extent[2]}, type_);
    const Descriptor weights = tensor(api_, kWeights, {op_.y.padded, op_.inner, w.kernel[0], w.kernel[1]}, type_);
    value_ = next();
    const float alpha = 1, beta = 0;
    Descriptor operation(api_, CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR);
    operation.set(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC, conv);
    operation.set(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X, x);
    operation.set(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W, weights);
    operation.set(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y, *value_);
    operation.set(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA, CUDNN_TYPE_FLOAT, 1, &alpha);
    operation.set(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA, CUDNN_TYPE_FLOAT, 1, &beta);
    if (!operation.try_finalise()) return false;
    operations_.push_back(std::move(operation));
    return true;
  }

  bool pointwise(cudnnPointwiseMode_t mode, const std::optional<Descriptor>& other) {
    Descriptor point(api_, CUDNN_BACKEND_POINTWISE_DESCRIPTOR);
    point.set(CUDNN_ATTR_POINTWISE_MODE, CUDNN_TYPE_POINTWISE_MODE, 1, &mode);
    point.set(CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_DATA_FLOAT);
    if (mode == CUDNN_POINTWISE_RELU_FWD && std::isfinite(op_.clamp.high)) {
      const double high = op_.clamp.high;
      point.set(CUDNN_ATTR_POINTWISE_RELU_UPPER_CLIP, CUDNN_TYPE_DOUBLE, 1, &high);
    }
    point.finalise();
    Descriptor y = next();
    Descriptor operation(api_, CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR);
    operation.set(CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, point);
    operation.set(CUDNN_ATTR_OPERATION_POINTWISE_XDESC, *value_);
    if (other) operation.set(CUDNN_ATTR_OPERATION_POINTWISE_BDESC, *other);
    operation.set(CUDNN_ATTR_OPERATION_POINTWISE_YDESC, y);
    if (!operation.try_finalise()) return false;
    operations_.push_back(std::move(operation));
    value_ = std::move(y);
    return true;
  }

  const Target& target_;
  const Cudnn& api_;
  const Convolution& op_;
  std::int64_t batch_;
  cudnnDataType_t type_;
  bool fused_;
  int left_ = 0;  // operations still to come
  std::optional<Descriptor> value_;
  std::vector<Descriptor> operations_;
};

}  // namespace

std::optional<Descriptor> convolution_graph(const Target& target, const Convolution& op, std::int64_t batch, Type type,
                                            bool fused) {
  return GraphMaker(target, op, batch, type, fused).graph();
}

}  // namespace vbq::cuda
