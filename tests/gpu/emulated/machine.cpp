// How the emulated GPU does its work: late, in order, and with memory that only it may touch.
#include "gpu/emulated/machine.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#endif

namespace emulated {
namespace {

constexpr std::size_t kAlignment = 256;  // of what cudaMalloc() gives

bool within(const Allocations& all, const void* data, std::size_t bytes) {
  const auto* at = static_cast<const std::byte*>(data);
  auto found = all.upper_bound(at);
  if (found == all.begin()) return false;
  --found;
  return at + bytes <= found->first + found->second;
}

// The host must not touch the GPU's memory; AddressSanitizer sees it, when it is told.
void allow_device_memory([[maybe_unused]] bool allowed) {
#ifdef __SANITIZE_ADDRESS__
  for (const auto& [data, bytes] : machine().device) {
    if (allowed) {
      ASAN_UNPOISON_MEMORY_REGION(data, bytes);
    } else {
      ASAN_POISON_MEMORY_REGION(data, bytes);
    }
  }
#endif
}

void execute_front(std::deque<Work>& queue) {
  Machine& m = machine();
  const Work work = std::move(queue.front());
  queue.pop_front();
  if (m.broken != cudaSuccess) return;
  try {
    work();
  } catch (const std::exception& fault) {
    std::fprintf(stderr, "emulated GPU: %s\n", fault.what());
    m.broken = cudaErrorLaunchFailure;
  }
}

// What must not be done while a stream records: the recording is lost.
bool spoils_recording() {
  bool any = false;
  for (CUstream_st* stream : machine().streams) {
    if (stream->recording) stream->invalid = any = true;
  }
  return any;
}

}  // namespace

Machine& machine() {
  static Machine one;
  return one;
}

cudaError_t error(cudaError_t status) {
  if (status != cudaSuccess) machine().last = status;
  return status;
}

bool known(cudaStream_t stream) {
  const auto& all = machine().streams;
  return std::find(all.begin(), all.end(), stream) != all.end();
}

void execute(std::deque<Work>& queue) {
  if (queue.empty()) return;
  allow_device_memory(true);
  while (!queue.empty()) execute_front(queue);
  allow_device_memory(false);
}

void execute(CUstream_st& stream) {
  if (!settings().interleaved) return execute(stream.queue);
  if (stream.queue.empty()) return;
  allow_device_memory(true);
  while (!stream.queue.empty()) {
    for (CUstream_st* one : machine().streams) {
      if (!one->queue.empty()) execute_front(one->queue);
    }
  }
  allow_device_memory(false);
}

void execute_all() {
  Machine& m = machine();
  execute(m.orphans);
  std::vector<CUstream_st*> streams = m.streams;
  if (settings().descending) std::reverse(streams.begin(), streams.end());
  for (CUstream_st* stream : streams) execute(stream->queue);
}

cudaError_t allocate(void** data, std::size_t bytes, Allocations& all) {
  if (spoils_recording()) return cudaErrorStreamCaptureUnsupported;
  if (machine().broken != cudaSuccess) return machine().broken;
  if (bytes == 0) return cudaErrorInvalidValue;  // CUDA gives a null pointer; nobody here asks for it on purpose
  if (::posix_memalign(data, kAlignment, bytes) != 0) return cudaErrorMemoryAllocation;
  std::memset(*data, 0xff, bytes);  // NaN, -1
  all[static_cast<const std::byte*>(*data)] = bytes;
  count_live(1);
#ifdef __SANITIZE_ADDRESS__
  if (&all == &machine().device) ASAN_POISON_MEMORY_REGION(*data, bytes);
#endif
  return cudaSuccess;
}

cudaError_t release(void* data, Allocations& all) {
  if (data == nullptr) return cudaSuccess;
  if (spoils_recording()) return cudaErrorStreamCaptureUnsupported;
  const auto found = all.find(static_cast<const std::byte*>(data));
  if (found == all.end()) return cudaErrorInvalidValue;
  execute_all();
#ifdef __SANITIZE_ADDRESS__
  ASAN_UNPOISON_MEMORY_REGION(data, found->second);
#endif
  all.erase(found);
  count_live(-1);
  std::free(data);
  return cudaSuccess;
}

Settings& settings() {
  static Settings one = [] {
    Settings s;
    const char* order = std::getenv("VBQ_EMULATED_ORDER");
    s.descending = order != nullptr && std::string(order) == "descending";
    const char* cudnn = std::getenv("VBQ_EMULATED_CUDNN");
    if (cudnn != nullptr && std::string(cudnn) == "bare") s.cudnn = Settings::Cudnn::bare;
    if (cudnn != nullptr && std::string(cudnn) == "none") s.cudnn = Settings::Cudnn::none;
    return s;
  }();
  return one;
}

int live_objects() { return machine().live; }
void count_live(int more) { machine().live += more; }
bool is_device(const void* data, std::size_t bytes) { return within(machine().device, data, bytes); }

cudaError_t enqueue(cudaStream_t stream, Work work) {
  if (!known(stream)) return error(cudaErrorInvalidResourceHandle);  // the default stream, too: it waits for others
  if (machine().broken != cudaSuccess) return error(machine().broken);
  if (stream->invalid) return error(cudaErrorStreamCaptureInvalidated);
  if (stream->recording) {
    stream->recording->works.push_back(std::move(work));
  } else {
    stream->queue.push_back(std::move(work));
  }
  return cudaSuccess;
}

void launch(const char* kernel, std::int64_t blocks, std::int64_t threads, std::size_t shared, cudaStream_t stream,
            Work thread) {
  if (blocks < 1 || blocks > 0x7fffffff || threads < 1 || threads > 1024 || shared != 0) {
    error(cudaErrorInvalidConfiguration);
    return;
  }
  enqueue(stream, [kernel, blocks, threads, thread = std::move(thread)] {
    run_grid(kernel, static_cast<unsigned>(blocks), static_cast<unsigned>(threads), thread);
  });
}

}  // namespace emulated
