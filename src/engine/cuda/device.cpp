#include "engine/cuda/device.hpp"

#include <fstream>

#include "core/check.hpp"

namespace vbq::cuda {
namespace {

std::string version_text(int version) { return fmt::format("{}.{}", version / 1000, version % 1000 / 10); }

// "NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.65.06  ...": the first word made of digits and points.
std::string driver_version() {
  std::ifstream file("/proc/driver/nvidia/version");
  for (std::string word; file >> word;) {
    if (word.find('.') != std::string::npos && word.find_first_not_of("0123456789.") == std::string::npos) return word;
  }
  return "unknown";
}

struct Memory {
  std::size_t free = 0, total = 0;
};
Memory memory() {
  Memory bytes;
  check(cudaMemGetInfo(&bytes.free, &bytes.total), "asking for free memory");
  return bytes;
}

}  // namespace

void check(cudaError_t status, const char* what) {
  if (status == cudaSuccess) return;
  cudaGetLastError();  // an error that can be recovered from must not show up again
  fail_internal("CUDA: {} failed: {} ({})", what, cudaGetErrorString(status), cudaGetErrorName(status));
}

DeviceBuffer::DeviceBuffer(std::size_t bytes) : bytes_(bytes) {
  if (bytes == 0) return;
  void* data = nullptr;
  const cudaError_t status = cudaMalloc(&data, bytes);
  if (status == cudaErrorMemoryAllocation) {
    cudaGetLastError();
    const auto [free, total] = memory();
    fail(
        "{} MiB of GPU memory were asked for, but only {} of {} MiB are free: a smaller data.block, fewer matching "
        "images or fewer workers on this GPU need less",
        (bytes >> 20) + 1, free >> 20, total >> 20);
  }
  check(status, "allocating GPU memory");
  data_ = static_cast<std::byte*>(data);
}

DeviceBuffer& DeviceBuffer::operator=(DeviceBuffer&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

DeviceBuffer::~DeviceBuffer() { cudaFree(data_); }

void DeviceBuffer::reserve(std::size_t bytes) {
  if (bytes <= bytes_) return;
  *this = DeviceBuffer();  // first, so that both need not fit
  *this = DeviceBuffer(bytes);
}

PinnedBuffer::~PinnedBuffer() { cudaFreeHost(data_); }

void PinnedBuffer::reserve(std::size_t bytes) {
  if (bytes <= bytes_) return;
  void* data = nullptr;
  const cudaError_t status = cudaMallocHost(&data, bytes);
  if (status == cudaErrorMemoryAllocation) {
    cudaGetLastError();
    fail("{} MiB of this machine's memory were asked for, to copy from it to the GPU, and were not to be had",
         (bytes >> 20) + 1);
  }
  check(status, "allocating memory of the host for copies");
  cudaFreeHost(data_);  // last, so that a failure leaves what there was
  data_ = static_cast<std::byte*>(data);
  bytes_ = bytes;
}

Stream::Stream() { check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "making a stream"); }
Stream::~Stream() { cudaStreamDestroy(stream_); }
void Stream::synchronise() const { check(cudaStreamSynchronize(stream_), "work on the GPU"); }
void Stream::upload(void* to, const void* from, std::size_t bytes) const {
  if (bytes == 0) return;
  check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, stream_), "copying to the GPU");
  synchronise();
}
void Stream::upload(void* to, const PinnedBuffer& from, std::size_t first, std::size_t bytes) const {
  if (bytes == 0) return;
  check(cudaMemcpyAsync(to, from.data() + first, bytes, cudaMemcpyHostToDevice, stream_), "copying to the GPU");
}
void Stream::download(void* to, const void* from, std::size_t bytes) const {
  if (bytes == 0) return;
  check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, stream_), "copying from the GPU");
}
void Stream::zero(void* to, std::size_t bytes) const {
  if (bytes == 0) return;
  check(cudaMemsetAsync(to, 0, bytes, stream_), "zeroing GPU memory");
}

Graph& Graph::operator=(Graph&& other) noexcept {
  std::swap(executable_, other.executable_);
  return *this;
}
Graph::~Graph() {
  if (executable_ != nullptr) cudaGraphExecDestroy(executable_);
}
// Relaxed: cuDNN may allocate lazily in the first call of a plan, which is not part of the work.
void Graph::begin(const Stream& stream) {
  check(cudaStreamBeginCapture(stream.get(), cudaStreamCaptureModeRelaxed), "beginning to record a graph");
}
void Graph::abandon(const Stream& stream) noexcept {
  cudaGraph_t graph = nullptr;
  cudaStreamEndCapture(stream.get(), &graph);
  if (graph != nullptr) cudaGraphDestroy(graph);
  cudaGetLastError();
}
void Graph::end(const Stream& stream) {
  cudaGraph_t graph = nullptr;
  check(cudaStreamEndCapture(stream.get(), &graph), "recording a graph");
  const cudaError_t status = cudaGraphInstantiate(&executable_, graph, 0);
  cudaGraphDestroy(graph);
  check(status, "making a recorded graph ready");
}
void Graph::launch(const Stream& stream) const {
  check(cudaGraphLaunch(executable_, stream.get()), "launching a graph");
}

int device_count(std::string& reason) {
  int driver = 0, count = 0;
  if (cudaDriverGetVersion(&driver) != cudaSuccess || driver == 0) {
    cudaGetLastError();
    reason = "no NVIDIA driver was found";
    return 0;
  }
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status != cudaSuccess) {
    cudaGetLastError();
    reason = cudaGetErrorString(status);
    return 0;
  }
  if (count == 0) reason = "no GPU is visible";
  return count;
}

DeviceInfo device_info(int index) {
  cudaDeviceProp properties{};
  check(cudaGetDeviceProperties(&properties, index), "asking what a GPU is");
  DeviceInfo info;
  info.index = index;
  info.name = properties.name;
  info.memory = properties.totalGlobalMem;
  info.capability = 10 * properties.major + properties.minor;
  int driver = 0, runtime = 0;
  check(cudaDriverGetVersion(&driver), "asking for the driver's version");
  check(cudaRuntimeGetVersion(&runtime), "asking for the runtime's version");
  info.cuda = fmt::format("{}, runtime {}", version_text(driver), version_text(runtime));
  info.driver = driver_version();
  return info;
}

std::size_t free_memory() { return memory().free; }

void use_device(int index) { check(cudaSetDevice(index), "choosing a GPU"); }

int processors() {
  int device = 0, count = 0;
  check(cudaGetDevice(&device), "asking which GPU is current");
  check(cudaDeviceGetAttribute(&count, cudaDevAttrMultiProcessorCount, device), "asking for a GPU's processors");
  return count;
}

}  // namespace vbq::cuda
