#include "engine/cuda/cudnn.hpp"

#include <dlfcn.h>

#include "core/check.hpp"

namespace vbq::cuda {
namespace {

template <typename Function>
void find(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(::dlsym(library, name));
  if (function == nullptr) fail("libcudnn.so.9 has no function {}: engine cuda needs cuDNN 9", name);
}

}  // namespace

std::shared_ptr<const Cudnn> Cudnn::load() {
  std::string reason;
  for (const char* name : {"libcudnn.so.9", VBQ_CUDNN_LIBRARY}) {
    if (void* library = ::dlopen(name, RTLD_NOW | RTLD_LOCAL)) return std::shared_ptr<const Cudnn>(new Cudnn(library));
    if (const char* error = ::dlerror(); error != nullptr && reason.empty()) reason = error;
  }
  fail("engine cuda needs cuDNN 9, which was not found ({}): put the folder of libcudnn.so.9 into LD_LIBRARY_PATH",
       reason);
}

Cudnn::Cudnn(void* library) : library_(library) {
  find(library, "cudnnGetVersion", get_version);
  find(library, "cudnnGetErrorString", error_string);
  find(library, "cudnnGetLastErrorString", last_error);
  find(library, "cudnnCreate", create);
  find(library, "cudnnDestroy", destroy);
  find(library, "cudnnSetStream", set_stream);
  find(library, "cudnnBackendCreateDescriptor", create_descriptor);
  find(library, "cudnnBackendDestroyDescriptor", destroy_descriptor);
  find(library, "cudnnBackendFinalize", finalise);
  find(library, "cudnnBackendSetAttribute", set_attribute);
  find(library, "cudnnBackendGetAttribute", get_attribute);
  find(library, "cudnnBackendExecute", execute);
}

Cudnn::~Cudnn() = default;  // never unloaded: its threads and the driver hold on to it

void Cudnn::check(cudnnStatus_t status, const char* what) const {
  if (status == CUDNN_STATUS_SUCCESS) return;
  char message[512] = {};
  last_error(message, sizeof message);
  fail_internal("cuDNN: {} failed: {} {}", what, error_string(status), message);
}

std::string Cudnn::version() const {
  const std::size_t v = get_version();  // 91900
  return fmt::format("{}.{}.{}", v / 10000, v % 10000 / 100, v % 100);
}

Handle::Handle(std::shared_ptr<const Cudnn> api, const Stream& stream) : api_(std::move(api)) {
  api_->check(api_->create(&handle_), "starting");
  if (const cudnnStatus_t status = api_->set_stream(handle_, stream.get()); status != CUDNN_STATUS_SUCCESS) {
    api_->destroy(handle_);
    api_->check(status, "taking a stream");
  }
}

Handle::~Handle() { api_->destroy(handle_); }

Descriptor::Descriptor(const Cudnn& api, cudnnBackendDescriptorType_t type) : api_(&api) {
  api.check(api.create_descriptor(type, &descriptor_), "making a descriptor");
}

Descriptor::~Descriptor() {
  if (descriptor_ != nullptr) api_->destroy_descriptor(descriptor_);
}

Descriptor& Descriptor::set(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, std::int64_t count,
                            const void* values) {
  api_->check(api_->set_attribute(descriptor_, name, type, count, values), "setting an attribute");
  return *this;
}

Descriptor& Descriptor::finalise() {
  api_->check(api_->finalise(descriptor_), "finishing a descriptor");
  return *this;
}

bool Descriptor::try_finalise() {
  const cudnnStatus_t status = api_->finalise(descriptor_);
  if (status == CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED ||
      status == CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED) {
    api_->check(status, "finishing a descriptor");
  }
  return status == CUDNN_STATUS_SUCCESS;
}

std::int64_t Descriptor::get(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, std::int64_t most,
                             void* values) const {
  std::int64_t count = 0;
  api_->check(api_->get_attribute(descriptor_, name, type, most, &count, values), "getting an attribute");
  return count;
}

}  // namespace vbq::cuda
