// Numbers in a GPU's memory, for tests of kernels.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "engine/cuda/device.hpp"

namespace vbq::test {

template <typename T>
class Array {
 public:
  explicit Array(std::int64_t numbers)
      : buffer_(static_cast<std::size_t>(std::max<std::int64_t>(1, numbers)) * sizeof(T)) {}
  explicit Array(const cuda::Stream& stream, const std::vector<T>& from) : Array(std::ssize(from)) {
    stream.upload(buffer_.data(), from.data(), from.size() * sizeof(T));
  }
  T* get() const { return buffer_.as<T>(); }
  std::vector<T> read(const cuda::Stream& stream) const {
    std::vector<T> to(buffer_.bytes() / sizeof(T));
    stream.download(to.data(), buffer_.data(), buffer_.bytes());
    stream.synchronise();
    return to;
  }

 private:
  cuda::DeviceBuffer buffer_;
};

}  // namespace vbq::test
