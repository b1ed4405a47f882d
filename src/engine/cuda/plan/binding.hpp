// Which GPU a worker takes.
#pragma once

namespace vbq::cuda {

struct Binding {
  int device = 0;       // among the GPUs that the process sees
  bool shared = false;  // with another worker of the node
};

// worker: 0..workers-1 among those of this node, each of which sees `devices` >= 1 GPUs. Round robin. bound: someone
// gave each worker its own GPU (CUDA_VISIBLE_DEVICES, Slurm); one that sees only one then shares it with nobody.
Binding binding_of(int worker, int workers, int devices, bool bound);

// Whether the environment says that GPUs were given out: CUDA_VISIBLE_DEVICES, or Slurm's own variables.
bool bound_by_environment();

}  // namespace vbq::cuda
