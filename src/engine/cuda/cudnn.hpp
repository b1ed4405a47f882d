// cuDNN's graph API as this room uses it. The library is loaded when an engine is made, not when the program starts, so
// that vbq runs where there is none.
#pragma once

#include <cudnn_graph.h>

#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/cuda/device.hpp"

namespace vbq::cuda {

// The functions of libcudnn.so.9.
class Cudnn {
 public:
  // Searched for as any shared library is (LD_LIBRARY_PATH, ldconfig), then where it lay when vbq was built. Error when
  // it is not found or older than 9.
  static std::shared_ptr<const Cudnn> load();
  ~Cudnn();
  Cudnn(const Cudnn&) = delete;
  Cudnn& operator=(const Cudnn&) = delete;

  // Error (internal) with cuDNN's own text.
  void check(cudnnStatus_t status, const char* what) const;
  std::string version() const;  // "9.19.0"

  decltype(&cudnnGetVersion) get_version;
  decltype(&cudnnGetErrorString) error_string;
  decltype(&cudnnGetLastErrorString) last_error;
  decltype(&cudnnCreate) create;
  decltype(&cudnnDestroy) destroy;
  decltype(&cudnnSetStream) set_stream;
  decltype(&cudnnBackendCreateDescriptor) create_descriptor;
  decltype(&cudnnBackendDestroyDescriptor) destroy_descriptor;
  decltype(&cudnnBackendFinalize) finalise;
  decltype(&cudnnBackendSetAttribute) set_attribute;
  decltype(&cudnnBackendGetAttribute) get_attribute;
  decltype(&cudnnBackendExecute) execute;

 private:
  explicit Cudnn(void* library);
  void* library_;
};

// A cuDNN context whose work goes into one stream.
class Handle {
 public:
  Handle(std::shared_ptr<const Cudnn> api, const Stream& stream);
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle();
  cudnnHandle_t get() const { return handle_; }
  const Cudnn& api() const { return *api_; }

 private:
  std::shared_ptr<const Cudnn> api_;
  cudnnHandle_t handle_ = nullptr;
};

// A part of a graph. Attributes are set, then it is finalised.
class Descriptor {
 public:
  Descriptor(const Cudnn& api, cudnnBackendDescriptorType_t type);
  Descriptor(Descriptor&& other) noexcept : api_(other.api_), descriptor_(std::exchange(other.descriptor_, nullptr)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(api_, other.api_);
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~Descriptor();
  cudnnBackendDescriptor_t get() const { return descriptor_; }

  Descriptor& set(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, std::int64_t count,
                  const void* values);
  Descriptor& set(cudnnBackendAttributeName_t name, std::int64_t value) {
    return set(name, CUDNN_TYPE_INT64, 1, &value);
  }
  Descriptor& set(cudnnBackendAttributeName_t name, std::span<const std::int64_t> values) {
    return set(name, CUDNN_TYPE_INT64, static_cast<std::int64_t>(values.size()), values.data());
  }
  Descriptor& set(cudnnBackendAttributeName_t name, cudnnDataType_t value) {
    return set(name, CUDNN_TYPE_DATA_TYPE, 1, &value);
  }
  Descriptor& set(cudnnBackendAttributeName_t name, const Descriptor& value) {
    return set(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &value.descriptor_);
  }
  Descriptor& finalise();
  // Whether cuDNN takes it; for what it may well refuse. Error when memory is too small: that is no refusal, and
  // kernels chosen for it would differ from one rank to the next.
  bool try_finalise();

  // How many values of the attribute were got, at most `most`.
  std::int64_t get(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, std::int64_t most,
                   void* values) const;

 private:
  const Cudnn* api_;
  cudnnBackendDescriptor_t descriptor_ = nullptr;
};

}  // namespace vbq::cuda
