// CUDA's runtime on the emulated GPU.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <utility>

#include "gpu/emulated/machine.hpp"

using namespace emulated;

cudaError_t cudaGetLastError() { return std::exchange(machine().last, cudaSuccess); }
const char* cudaGetErrorName(cudaError_t status) {
  return status == cudaErrorLaunchFailure ? "cudaErrorLaunchFailure" : "an error of the emulated GPU";
}
const char* cudaGetErrorString(cudaError_t status) {
  switch (status) {
    case cudaSuccess:
      return "no error";
    case cudaErrorMemoryAllocation:
      return "out of memory";
    case cudaErrorInvalidConfiguration:
      return "invalid configuration argument";
    case cudaErrorInvalidResourceHandle:
      return "invalid resource handle";
    case cudaErrorLaunchFailure:
      return "unspecified launch failure";
    case cudaErrorStreamCaptureUnsupported:
      return "operation not permitted when stream is capturing";
    case cudaErrorStreamCaptureInvalidated:
      return "operation failed due to a previous error during capture";
    default:
      return "invalid argument";
  }
}

cudaError_t cudaDriverGetVersion(int* version) { return *version = 13000, cudaSuccess; }
cudaError_t cudaRuntimeGetVersion(int* version) { return *version = 13000, cudaSuccess; }
cudaError_t cudaGetDeviceCount(int* count) { return *count = 1, cudaSuccess; }
cudaError_t cudaSetDevice(int device) { return error(device == 0 ? cudaSuccess : cudaErrorInvalidDevice); }
cudaError_t cudaGetDevice(int* device) { return *device = 0, cudaSuccess; }
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr, int) { return *value = 2, cudaSuccess; }
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  if (device != 0) return error(cudaErrorInvalidDevice);
  std::snprintf(properties->name, sizeof properties->name, "emulated GPU");
  properties->totalGlobalMem = settings().memory;
  properties->major = 9;
  properties->minor = 0;
  return cudaSuccess;
}

cudaError_t cudaMalloc(void** data, std::size_t bytes) {
  Machine& m = machine();
  int& left = settings().allocations;
  if (left == 0) return error(cudaErrorMemoryAllocation);
  if (left > 0) --left;
  if (bytes > settings().memory - std::min(settings().memory, m.used)) return error(cudaErrorMemoryAllocation);
  const cudaError_t status = allocate(data, bytes, m.device);
  if (status == cudaSuccess) m.used += bytes;
  return error(status);
}
cudaError_t cudaFree(void* data) {
  Machine& m = machine();
  const auto found = m.device.find(static_cast<const std::byte*>(data));
  const std::size_t bytes = found == m.device.end() ? 0 : found->second;
  const cudaError_t status = release(data, m.device);
  if (status == cudaSuccess) m.used -= bytes;
  return error(status);
}
cudaError_t cudaMallocHost(void** data, std::size_t bytes) { return error(allocate(data, bytes, machine().pinned)); }
cudaError_t cudaFreeHost(void* data) { return error(release(data, machine().pinned)); }
cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  *total = settings().memory;
  *free = *total - std::min(*total, machine().used);
  return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind, cudaStream_t stream) {
  const bool upward = kind == cudaMemcpyHostToDevice;
  if (!is_device(upward ? to : from, bytes) || is_device(upward ? from : to, 1)) return error(cudaErrorInvalidValue);
  return enqueue(stream, [=] { std::memcpy(to, from, bytes); });
}
cudaError_t cudaMemsetAsync(void* to, int value, std::size_t bytes, cudaStream_t stream) {
  if (!is_device(to, bytes)) return error(cudaErrorInvalidValue);
  return enqueue(stream, [=] { std::memset(to, value, bytes); });
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags) {
  if (flags != cudaStreamNonBlocking) return error(cudaErrorInvalidValue);
  machine().streams.push_back(*stream = new CUstream_st);
  count_live(1);
  return cudaSuccess;
}
// Does not wait.
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  if (!known(stream)) return error(cudaErrorInvalidResourceHandle);
  Machine& m = machine();
  std::move(stream->queue.begin(), stream->queue.end(), std::back_inserter(m.orphans));
  std::erase(m.streams, stream);
  delete stream;
  count_live(-1);
  return cudaSuccess;
}
cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  if (!known(stream)) return error(cudaErrorInvalidResourceHandle);
  if (stream->recording) {
    stream->invalid = true;
    return error(cudaErrorStreamCaptureUnsupported);
  }
  execute(*stream);
  return error(machine().broken);
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
  if (!known(stream)) return error(cudaErrorInvalidResourceHandle);
  if (stream->recording) return error(cudaErrorIllegalState);
  stream->recording = std::make_unique<CUgraph_st>();
  return cudaSuccess;
}
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  if (!known(stream)) return error(cudaErrorInvalidResourceHandle);
  if (!stream->recording) return error(cudaErrorIllegalState);
  const std::unique_ptr<CUgraph_st> recorded = std::exchange(stream->recording, nullptr);
  *graph = nullptr;
  if (std::exchange(stream->invalid, false)) return error(cudaErrorStreamCaptureInvalidated);
  *graph = new CUgraph_st(std::move(*recorded));
  count_live(1);
  return cudaSuccess;
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  delete graph;
  count_live(-1);
  return cudaSuccess;
}
cudaError_t cudaGraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph, unsigned long long) {
  *executable = new CUgraphExec_st{std::make_shared<const std::vector<Work>>(graph->works)};
  count_live(1);
  return cudaSuccess;
}
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) {
  delete executable;
  count_live(-1);
  return cudaSuccess;
}
cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream) {
  return enqueue(stream, [works = executable->works] {
    for (const Work& work : *works) work();
  });
}
