#include "engine/cuda/plan/binding.hpp"

#include <cstdlib>
#include <initializer_list>

namespace vbq::cuda {

Binding binding_of(int worker, int workers, int devices, bool bound) {
  return {worker % devices, workers > devices && !(bound && devices == 1)};
}

bool bound_by_environment() {
  for (const char* name : {"CUDA_VISIBLE_DEVICES", "SLURM_STEP_GPUS", "SLURM_GPUS_PER_TASK", "SLURM_TASKS_PER_GPU"}) {
    if (const char* value = std::getenv(name); value != nullptr && *value != '\0') return true;
  }
  return false;
}

}  // namespace vbq::cuda
