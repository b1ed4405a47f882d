// An emulated GPU for tests: engine cuda's own sources, kernels included, run on the host.
//
// It is strict where a real one may forgive. Work that is queued in a stream runs as late as CUDA allows: when somebody
// waits for it. Memory holds rubbish until it is written. The threads of a thread block run one at a time, each as far
// as the next barrier, and none of them gets past a barrier before all are there.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>
#include <functional>

namespace emulated {

// What varies from test to test. At the start read from the environment: VBQ_EMULATED_ORDER=descending,
// VBQ_EMULATED_CUDNN=bare or none.
struct Settings {
  bool descending = false;   // threads, thread blocks and streams run from last to first
  bool interleaved = false;  // while somebody waits for a stream, the others go on too: each a piece of work in turn
  enum class Cudnn { fused, bare, none } cudnn = Cudnn::fused;  // refused: nothing; what is fused; everything
  std::size_t memory = std::size_t{8} << 30;                    // bytes of the GPU
  int allocations = -1;                                         // after so many more, memory has run out; -1: never
  std::int64_t slow = -1, broken = -1;                          // numbers of cuDNN's kernels: takes long; does not run
  bool slow_fused = false, slow_bare = false;  // all that do more than a convolution take long; all that do not
};
Settings& settings();

// Memory, pinned memory, streams, graphs and cuDNN's handles that were not given back.
int live_objects();
void count_live(int more);

// Whether all these bytes belong to one allocation of the GPU's memory.
bool is_device(const void* data, std::size_t bytes);

// Queues work: in the stream, or in the graph that it records. What it reads and writes, it does when it is run. It
// throws (std::runtime_error) what a GPU would find only then: that error comes back from every later call.
using Work = std::function<void()>;
cudaError_t enqueue(cudaStream_t stream, Work work);

// kernel<<<blocks, threads, shared, stream>>>(...); `thread` is one thread of it, its arguments bound by value.
void launch(const char* kernel, std::int64_t blocks, std::int64_t threads, std::size_t shared, cudaStream_t stream,
            Work thread);

// threads.cpp
struct Dim {
  unsigned x = 0;  // kernels here have one dimension
};
// All thread blocks, one after another. Throws when threads wait for each other for ever.
void run_grid(const char* kernel, unsigned blocks, unsigned threads, const Work& thread);
// Called by a thread: returns when the block's others are here too (those that have ended are not waited for).
void meet_block();
// When all 32 of its warp are here: the value that lane `from` of them has brought.
std::uint64_t meet_warp(unsigned lanes, std::uint64_t value, unsigned from);

}  // namespace emulated
