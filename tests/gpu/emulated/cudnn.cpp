// The emulated cuDNN's C interface. See cudnn.hpp.
#include "gpu/emulated/cudnn.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>

namespace emulated {
namespace {

struct Descriptor {
  std::shared_ptr<Part> part;
};

std::string last_message;

std::size_t size_of(cudnnBackendAttributeType_t type) {
  switch (type) {
    case CUDNN_TYPE_BOOLEAN:
      return sizeof(bool);
    case CUDNN_TYPE_INT64:
    case CUDNN_TYPE_DOUBLE:
    case CUDNN_TYPE_HANDLE:
    case CUDNN_TYPE_VOID_PTR:
    case CUDNN_TYPE_BACKEND_DESCRIPTOR:
      return 8;
    default:
      return 4;
  }
}

// Mistakes become statuses, as in cuDNN.
template <typename F>
cudnnStatus_t guarded(F f) {
  try {
    return f();
  } catch (const std::exception& error) {
    last_message = error.what();
    return CUDNN_STATUS_BAD_PARAM;
  }
}

Part& part_of(cudnnBackendDescriptor_t descriptor) { return *static_cast<Descriptor*>(descriptor)->part; }

}  // namespace

const Part::Attribute& Part::get(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t as) const {
  const auto found = attributes.find(name);
  if (found == attributes.end()) throw std::runtime_error("cuDNN: attribute " + std::to_string(name) + " is missing");
  if (found->second.type != as) {
    throw std::runtime_error("cuDNN: attribute " + std::to_string(name) + " is of another type");
  }
  return found->second;
}

void Part::put(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t as, const void* values,
               std::int64_t count) {
  Attribute& attribute = attributes[name] = {as, count, {}, {}};
  const auto* first = static_cast<const std::byte*>(values);
  attribute.bytes.assign(first, first + static_cast<std::size_t>(count) * size_of(as));
}

void Part::put(cudnnBackendAttributeName_t name, std::vector<std::shared_ptr<const Part>> parts) {
  const auto count = static_cast<std::int64_t>(parts.size());
  attributes[name] = {CUDNN_TYPE_BACKEND_DESCRIPTOR, count, {}, std::move(parts)};
}

}  // namespace emulated

using namespace emulated;

std::size_t cudnnGetVersion() { return 91900; }
const char* cudnnGetErrorString(cudnnStatus_t status) {
  return status == CUDNN_STATUS_SUCCESS ? "CUDNN_STATUS_SUCCESS" : "an error of the emulated cuDNN:";
}
void cudnnGetLastErrorString(char* message, std::size_t most) {
  std::snprintf(message, most, "%s", last_message.c_str());
}

cudnnStatus_t cudnnCreate(cudnnHandle_t* handle) {
  *handle = new cudnnContext;
  count_live(1);
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnDestroy(cudnnHandle_t handle) {
  delete handle;
  count_live(-1);
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnSetStream(cudnnHandle_t handle, cudaStream_t stream) {
  handle->stream = stream;
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnBackendCreateDescriptor(cudnnBackendDescriptorType_t type, cudnnBackendDescriptor_t* descriptor) {
  auto part = std::make_shared<Part>();
  part->type = type;
  *descriptor = new Descriptor{std::move(part)};
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnBackendDestroyDescriptor(cudnnBackendDescriptor_t descriptor) {
  delete static_cast<Descriptor*>(descriptor);
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnBackendFinalize(cudnnBackendDescriptor_t descriptor) {
  return guarded([&] {
    Part& part = part_of(descriptor);
    if (!finalise(part)) return CUDNN_STATUS_NOT_SUPPORTED;
    part.finalised = true;
    return CUDNN_STATUS_SUCCESS;
  });
}

cudnnStatus_t cudnnBackendSetAttribute(cudnnBackendDescriptor_t descriptor, cudnnBackendAttributeName_t name,
                                       cudnnBackendAttributeType_t type, std::int64_t count, const void* values) {
  Part& part = part_of(descriptor);
  if (part.finalised) return CUDNN_STATUS_NOT_INITIALIZED;
  if (type != CUDNN_TYPE_BACKEND_DESCRIPTOR) {
    part.put(name, type, values, count);
    return CUDNN_STATUS_SUCCESS;
  }
  std::vector<std::shared_ptr<const Part>> parts;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto* one = static_cast<Descriptor*>(static_cast<const cudnnBackendDescriptor_t*>(values)[i]);
    if (!one->part->finalised) return CUDNN_STATUS_BAD_PARAM_NOT_FINALIZED;
    parts.push_back(one->part);
  }
  part.put(name, std::move(parts));
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnBackendGetAttribute(cudnnBackendDescriptor_t descriptor, cudnnBackendAttributeName_t name,
                                       cudnnBackendAttributeType_t type, std::int64_t most, std::int64_t* count,
                                       void* values) {
  return guarded([&] {
    const Part& part = part_of(descriptor);
    if (!part.finalised) return CUDNN_STATUS_BAD_PARAM_NOT_FINALIZED;
    const Part::Attribute& attribute = part.get(name, type);
    *count = attribute.count;
    const std::int64_t some = std::min(most, attribute.count);
    if (type != CUDNN_TYPE_BACKEND_DESCRIPTOR) {
      if (some > 0) std::memcpy(values, attribute.bytes.data(), static_cast<std::size_t>(some) * size_of(type));
      return CUDNN_STATUS_SUCCESS;
    }
    for (std::int64_t i = 0; i < some; ++i) {  // into descriptors that the caller has made
      auto* to = static_cast<Descriptor*>(static_cast<cudnnBackendDescriptor_t*>(values)[i]);
      const Part& from = *attribute.parts[static_cast<std::size_t>(i)];
      if (to->part->type != from.type) return CUDNN_STATUS_BAD_PARAM;
      *to->part = from;
    }
    return CUDNN_STATUS_SUCCESS;
  });
}

cudnnStatus_t cudnnBackendExecute(cudnnHandle_t handle, cudnnBackendDescriptor_t plan, cudnnBackendDescriptor_t pack) {
  return guarded([&] {
    if (!part_of(plan).finalised || !part_of(pack).finalised) return CUDNN_STATUS_BAD_PARAM_NOT_FINALIZED;
    execute_plan(part_of(plan), part_of(pack), handle->stream);
    return CUDNN_STATUS_SUCCESS;
  });
}

void* emulated_dlopen(const char*, int) { return &last_message; }
const char* emulated_dlerror() { return nullptr; }
void* emulated_dlsym(void*, const char* name) {
  static const std::map<std::string, void*> functions{
      {"cudnnGetVersion", reinterpret_cast<void*>(&cudnnGetVersion)},
      {"cudnnGetErrorString", reinterpret_cast<void*>(&cudnnGetErrorString)},
      {"cudnnGetLastErrorString", reinterpret_cast<void*>(&cudnnGetLastErrorString)},
      {"cudnnCreate", reinterpret_cast<void*>(&cudnnCreate)},
      {"cudnnDestroy", reinterpret_cast<void*>(&cudnnDestroy)},
      {"cudnnSetStream", reinterpret_cast<void*>(&cudnnSetStream)},
      {"cudnnBackendCreateDescriptor", reinterpret_cast<void*>(&cudnnBackendCreateDescriptor)},
      {"cudnnBackendDestroyDescriptor", reinterpret_cast<void*>(&cudnnBackendDestroyDescriptor)},
      {"cudnnBackendFinalize", reinterpret_cast<void*>(&cudnnBackendFinalize)},
      {"cudnnBackendSetAttribute", reinterpret_cast<void*>(&cudnnBackendSetAttribute)},
      {"cudnnBackendGetAttribute", reinterpret_cast<void*>(&cudnnBackendGetAttribute)},
      {"cudnnBackendExecute", reinterpret_cast<void*>(&cudnnBackendExecute)}};
  const auto found = functions.find(name);
  return found == functions.end() ? nullptr : found->second;
}
