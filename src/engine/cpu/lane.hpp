// One lane: the memory that a batch runs in, and a plan bound to it. Used by one thread at a time.
#pragma once

#include <span>
#include <vector>

#include "engine/cpu/plan.hpp"
#include "vbq/tally.hpp"

namespace vbq::cpu {

class Lane {
 public:
  // plan outlives the lane. scratch: [plan.scratch_bytes], which outlives it too, and may be other lanes' that do not
  // run at the same time.
  Lane(const Plan& plan, std::size_t largest_layer, const Buffer& scratch);

  float* input() const { return input_; }          // [batch, C, H, W], to be filled
  const float* output() const { return output_; }  // [batch, outputs]
  // Runs the plan on what lies in input(). Allocates nothing.
  void run() { run(0, bound_.size()); }
  // Its steps first..last-1 only.
  void run(std::size_t first, std::size_t last);
  // Where an array of this lane lies.
  float* find(const Place& place) const {
    return reinterpret_cast<float*>(plan_->find(place, arena_.bytes(), scratch_));
  }

  std::byte* arena() const { return arena_.bytes(); }  // [plan.arena_bytes]

  dnnl::stream& stream() { return stream_; }
  std::span<float> room() { return room_; }  // for the weights of one layer

 private:
  struct Bound {  // a step with its pointers
    const Step* step;
    std::vector<dnnl::memory> memories;
    std::vector<dnnl_exec_arg_t> arguments;
    std::vector<float*> pointers;
  };
  const Plan* plan_;
  dnnl::stream stream_;
  Buffer arena_;
  std::byte* scratch_;
  std::vector<Bound> bound_;
  std::vector<float> room_;
  float* input_;
  float* output_;
};

}  // namespace vbq::cpu
