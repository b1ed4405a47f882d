// Operators that slide a window over [C, H, W].
#include <algorithm>
#include <limits>

#include "engine/reference/operators.hpp"

namespace vbq::reference {
namespace {

using I = std::int64_t;

// x[c, h, w] of a [C, H, W] value.
const float& at(const Value& x, I c, I h, I w) {
  return x.data[static_cast<std::size_t>((c * x.shape[1] + h) * x.shape[2] + w)];
}

bool inside(const Value& x, I h, I w) { return h >= 0 && h < x.shape[1] && w >= 0 && w < x.shape[2]; }

Value zeros(const Shape& shape) { return {shape, std::vector<float>(static_cast<std::size_t>(elements(shape)))}; }

}  // namespace

// y[o, h, w] = bias[o] + sum over i, kh, kw of weight[o, i, kh, kw] x[g I + i, h s + kh d - p, w s + kw d - p], where I
// is the number of inputs of a group and g the group of o; outside the image x is 0.
Value convolve(const Conv& op, const Value& x, const Shape& shape) {
  const I inputs = op.weight.shape[1], kernel_h = op.weight.shape[2], kernel_w = op.weight.shape[3];
  const I outputs_per_group = shape[0] / op.group;
  Value y = zeros(shape);
  auto out = y.data.begin();
  for (I o = 0; o < shape[0]; ++o) {
    const I first = o / outputs_per_group * inputs;
    for (I h = 0; h < shape[1]; ++h) {
      for (I w = 0; w < shape[2]; ++w) {
        double sum = op.bias.empty() ? 0.0 : op.bias[static_cast<std::size_t>(o)];
        for (I i = 0; i < inputs; ++i) {
          for (I kh = 0; kh < kernel_h; ++kh) {
            for (I kw = 0; kw < kernel_w; ++kw) {
              const I ih = h * op.stride[0] + kh * op.dilation[0] - op.pad.top;
              const I iw = w * op.stride[1] + kw * op.dilation[1] - op.pad.left;
              if (!inside(x, ih, iw)) continue;
              const auto k = static_cast<std::size_t>(((o * inputs + i) * kernel_h + kh) * kernel_w + kw);
              sum += static_cast<double>(op.weight.data[k]) * at(x, first + i, ih, iw);
            }
          }
        }
        *out++ = static_cast<float>(sum);
      }
    }
  }
  return y;
}

// Largest element of the window that lies inside the image.
Value max_pool(const MaxPool& op, const Value& x, const Shape& shape) {
  Value y = zeros(shape);
  auto out = y.data.begin();
  for (I c = 0; c < shape[0]; ++c) {
    for (I h = 0; h < shape[1]; ++h) {
      for (I w = 0; w < shape[2]; ++w) {
        float largest = -std::numeric_limits<float>::infinity();
        for (I kh = 0; kh < op.kernel[0]; ++kh) {
          for (I kw = 0; kw < op.kernel[1]; ++kw) {
            const I ih = h * op.stride[0] + kh * op.dilation[0] - op.pad.top;
            const I iw = w * op.stride[1] + kw * op.dilation[1] - op.pad.left;
            if (inside(x, ih, iw)) largest = std::max(largest, at(x, c, ih, iw));
          }
        }
        *out++ = largest;
      }
    }
  }
  return y;
}

// Mean over the window's taps inside the image, or inside the padded image with count_include_pad (where the padding is
// 0).
Value average_pool(const AveragePool& op, const Value& x, const Shape& shape) {
  const I padded_h = x.shape[1] + op.pad.bottom, padded_w = x.shape[2] + op.pad.right;  // far edges of the padded image
  Value y = zeros(shape);
  auto out = y.data.begin();
  for (I c = 0; c < shape[0]; ++c) {
    for (I h = 0; h < shape[1]; ++h) {
      for (I w = 0; w < shape[2]; ++w) {
        double sum = 0;
        I taps = 0;
        for (I kh = 0; kh < op.kernel[0]; ++kh) {
          for (I kw = 0; kw < op.kernel[1]; ++kw) {
            const I ih = h * op.stride[0] + kh - op.pad.top, iw = w * op.stride[1] + kw - op.pad.left;
            if (inside(x, ih, iw)) sum += at(x, c, ih, iw);
            taps += op.count_include_pad ? ih < padded_h && iw < padded_w : inside(x, ih, iw);
          }
        }
        *out++ = static_cast<float>(sum / static_cast<double>(taps));
      }
    }
  }
  return y;
}

}  // namespace vbq::reference
