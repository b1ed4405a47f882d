// An emulated cuDNN behind its C interface: descriptors with attributes, as engine cuda's convolution.cpp makes them,
// and the convolution that they describe.
#pragma once

#include <cudnn_graph.h>

#include <array>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <vector>

#include "gpu/emulated/device.hpp"

struct cudnnContext {
  cudaStream_t stream = nullptr;
};

namespace emulated {

// What a descriptor says. cuDNN keeps what it needs of a descriptor that becomes an attribute of another; so here.
struct Part {
  struct Attribute {
    cudnnBackendAttributeType_t type{};
    std::int64_t count = 0;
    std::vector<std::byte> bytes;
    std::vector<std::shared_ptr<const Part>> parts;  // of CUDNN_TYPE_BACKEND_DESCRIPTOR
  };
  cudnnBackendDescriptorType_t type{};
  bool finalised = false;
  std::map<cudnnBackendAttributeName_t, Attribute> attributes;

  bool has(cudnnBackendAttributeName_t name) const { return attributes.contains(name); }
  // Throws where the attribute is missing or was set as another type.
  const Attribute& get(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type) const;
  template <typename T>
  std::vector<T> values(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t as) const {
    const Attribute& attribute = get(name, as);
    std::vector<T> all(static_cast<std::size_t>(attribute.count));
    if (attribute.bytes.size() != all.size() * sizeof(T)) throw std::runtime_error("cuDNN: a type of another size");
    std::memcpy(all.data(), attribute.bytes.data(), attribute.bytes.size());
    return all;
  }
  template <typename T>
  T value(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t as) const {
    const Attribute& attribute = get(name, as);
    T v;
    if (attribute.count != 1 || attribute.bytes.size() != sizeof v) throw std::runtime_error("cuDNN: not one value");
    std::memcpy(&v, attribute.bytes.data(), sizeof v);
    return v;
  }
  std::int64_t number(cudnnBackendAttributeName_t name) const { return value<std::int64_t>(name, CUDNN_TYPE_INT64); }
  std::shared_ptr<const Part> part(cudnnBackendAttributeName_t name) const {
    return get(name, CUDNN_TYPE_BACKEND_DESCRIPTOR).parts.at(0);
  }
  void put(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t as, const void* values, std::int64_t count);
  void put(cudnnBackendAttributeName_t name, std::vector<std::shared_ptr<const Part>> parts);
};

// cudnn_graph.cpp

// Checks what is to be finalised, and answers what cuDNN would fill in. Throws where it is wrong; false: refused.
bool finalise(Part& part);

// Checks the arrays, then queues the work.
void execute_plan(const Part& plan, const Part& pack, cudaStream_t stream);

}  // namespace emulated
