// The emulated GPU's state, and how its work is done. See device.hpp.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "gpu/emulated/device.hpp"

struct CUgraph_st {
  std::vector<emulated::Work> works;
};
struct CUgraphExec_st {
  std::shared_ptr<const std::vector<emulated::Work>> works;  // queued launches hold on to it, as CUDA does
};
struct CUstream_st {
  std::deque<emulated::Work> queue;
  std::unique_ptr<CUgraph_st> recording;
  bool invalid = false;  // while recording, something was done that must not be
};

namespace emulated {

using Allocations = std::map<const std::byte*, std::size_t>;  // first byte -> bytes

struct Machine {
  Allocations device, pinned;
  std::size_t used = 0;               // bytes of device
  std::vector<CUstream_st*> streams;  // in the order of their making
  std::deque<Work> orphans;           // of streams that were destroyed before their work was done
  cudaError_t last = cudaSuccess;     // what cudaGetLastError() gives
  cudaError_t broken = cudaSuccess;   // work failed: nothing runs any more
  int live = 0;
};
Machine& machine();

// Notes the error for cudaGetLastError().
cudaError_t error(cudaError_t status);
bool known(cudaStream_t stream);

void execute(std::deque<Work>& queue);
// What the stream has queued, and, where streams are interleaved, as much of the others'.
void execute(CUstream_st& stream);
// What CUDA calls implicit synchronisation.
void execute_all();

// Both are errors while a stream records, and spoil the recording.
cudaError_t allocate(void** data, std::size_t bytes, Allocations& all);
cudaError_t release(void* data, Allocations& all);

}  // namespace emulated
