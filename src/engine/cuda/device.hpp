// CUDA's runtime as this room uses it: every call checked, every resource owned.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

namespace vbq::cuda {

// Error (internal) with the runtime's own text; `what` completes "CUDA: ... failed".
void check(cudaError_t status, const char* what);

// Device memory; not initialised.
class DeviceBuffer {
 public:
  DeviceBuffer() = default;
  explicit DeviceBuffer(std::size_t bytes);
  DeviceBuffer(DeviceBuffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  DeviceBuffer& operator=(DeviceBuffer&& other) noexcept;
  ~DeviceBuffer();

  std::byte* data() const { return data_; }
  template <typename T>
  T* as() const {
    return reinterpret_cast<T*>(data_);
  }
  std::size_t bytes() const { return bytes_; }
  // Keeps the memory when it is large enough already; what it held is lost.
  void reserve(std::size_t bytes);

 private:
  std::byte* data_ = nullptr;
  std::size_t bytes_ = 0;
};

// Memory of the host that the GPU copies by itself.
class PinnedBuffer {
 public:
  PinnedBuffer() = default;
  PinnedBuffer(const PinnedBuffer&) = delete;
  PinnedBuffer& operator=(const PinnedBuffer&) = delete;
  ~PinnedBuffer();
  std::byte* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }
  // Keeps the memory when it is large enough already; what it held is lost.
  void reserve(std::size_t bytes);

 private:
  std::byte* data_ = nullptr;
  std::size_t bytes_ = 0;
};

class Stream {
 public:
  Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream();
  cudaStream_t get() const { return stream_; }
  void synchronise() const;
  // Copies are ordered with the stream's other work. Host memory is ordinary memory. It may be used again on return
  // from upload(), which waits: CUDA copies such memory aside first on most machines, but promises it on none (a GPU
  // that can read it, as on Grace, need not). It holds what was downloaded after synchronise().
  void upload(void* to, const void* from, std::size_t bytes) const;
  // Does not wait: what is copied must stay as it is until the stream has come this far.
  void upload(void* to, const PinnedBuffer& from, std::size_t first, std::size_t bytes) const;
  void download(void* to, const void* from, std::size_t bytes) const;  // to a PinnedBuffer's memory: does not wait
  void zero(void* to, std::size_t bytes) const;

 private:
  cudaStream_t stream_ = nullptr;
};

// Work captured once and launched many times.
class Graph {
 public:
  Graph() = default;
  // Captures what record() puts into the stream, without running it.
  template <typename Record>
  Graph(const Stream& stream, Record record);
  Graph(Graph&& other) noexcept : executable_(std::exchange(other.executable_, nullptr)) {}
  Graph& operator=(Graph&& other) noexcept;
  ~Graph();
  explicit operator bool() const { return executable_ != nullptr; }
  void launch(const Stream& stream) const;

 private:
  static void begin(const Stream& stream);
  static void abandon(const Stream& stream) noexcept;
  void end(const Stream& stream);
  cudaGraphExec_t executable_ = nullptr;
};

template <typename Record>
Graph::Graph(const Stream& stream, Record record) {
  begin(stream);
  try {
    record();
  } catch (...) {
    abandon(stream);
    throw;
  }
  end(stream);
}

struct DeviceInfo {
  int index = 0;           // among the GPUs that this process sees
  std::string name;        // "NVIDIA H100 80GB HBM3"
  int capability = 0;      // 90 for sm_90
  std::string driver;      // "580.65.06"
  std::string cuda;        // newest version that the driver knows, and that of our runtime: "13.0, runtime 13.0"
  std::size_t memory = 0;  // bytes
};

// GPUs that this process may use; 0 and the reason, where there is no driver or no GPU.
int device_count(std::string& reason);
DeviceInfo device_info(int index);

// Bytes of the current GPU that nobody has taken.
std::size_t free_memory();

// Makes the GPU current for this thread.
void use_device(int index);
// Multiprocessors of the current GPU.
int processors();

}  // namespace vbq::cuda
