// What the emulated cuDNN checks, offers and runs.
#include <algorithm>
#include <chrono>
#include <string>
#include <thread>

#include "gpu/emulated/formula.hpp"

namespace emulated {
namespace {

void require(bool holds, const char* what) {
  if (!holds) throw std::runtime_error(std::string("cuDNN: ") + what);
}

// The kernels on offer, best first. Engine cuda must skip those that cuDNN warns of, those that want too much memory
// and those that turn out not to work; to run one of these is an error.
struct Kernel {
  std::int64_t index;
  cudnnBackendHeurMode_t mode;
  std::vector<cudnnBackendNumericalNote_t> notes;
  enum { works, greedy, refused, forbidden } kind;
};
const std::vector<Kernel>& kernels() {
  static const std::vector<Kernel> all{
      {10, CUDNN_HEUR_MODE_A, {CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC}, Kernel::forbidden},
      {11,
       CUDNN_HEUR_MODE_A,
       {CUDNN_NUMERICAL_NOTE_TENSOR_CORE, CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS},
       Kernel::forbidden},
      {12, CUDNN_HEUR_MODE_A, {CUDNN_NUMERICAL_NOTE_TENSOR_CORE}, Kernel::greedy},
      {13, CUDNN_HEUR_MODE_A, {CUDNN_NUMERICAL_NOTE_TENSOR_CORE}, Kernel::refused},
      {14, CUDNN_HEUR_MODE_A, {CUDNN_NUMERICAL_NOTE_TENSOR_CORE}, Kernel::works},
      {15, CUDNN_HEUR_MODE_FALLBACK, {}, Kernel::works}};
  return all;
}
const Kernel& kernel_of(const Part& configuration) {
  const std::int64_t index = configuration.part(CUDNN_ATTR_ENGINECFG_ENGINE)->number(CUDNN_ATTR_ENGINE_GLOBAL_INDEX);
  return *std::ranges::find(kernels(), index, &Kernel::index);
}

const std::vector<std::shared_ptr<const Part>>& operations_of(const Part& graph) {
  return graph.get(CUDNN_ATTR_OPERATIONGRAPH_OPS, CUDNN_TYPE_BACKEND_DESCRIPTOR).parts;
}
Formula formula_of_plan(const Part& plan) {
  const auto engine = plan.part(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG)->part(CUDNN_ATTR_ENGINECFG_ENGINE);
  return formula_of(operations_of(*engine->part(CUDNN_ATTR_ENGINE_OPERATION_GRAPH)));
}

std::shared_ptr<Part> finished(cudnnBackendDescriptorType_t type) {
  auto part = std::make_shared<Part>();
  part->type = type;
  part->finalised = true;
  return part;
}

std::shared_ptr<const Part> configuration(const Kernel& kernel, const std::shared_ptr<const Part>& graph) {
  const auto engine = finished(CUDNN_BACKEND_ENGINE_DESCRIPTOR);
  engine->put(CUDNN_ATTR_ENGINE_OPERATION_GRAPH, {graph});
  engine->put(CUDNN_ATTR_ENGINE_GLOBAL_INDEX, CUDNN_TYPE_INT64, &kernel.index, 1);
  engine->put(CUDNN_ATTR_ENGINE_NUMERICAL_NOTE, CUDNN_TYPE_NUMERICAL_NOTE, kernel.notes.data(),
              std::ssize(kernel.notes));
  engine->put(CUDNN_ATTR_ENGINE_BEHAVIOR_NOTE, CUDNN_TYPE_BEHAVIOR_NOTE, nullptr, 0);
  const auto knob = finished(CUDNN_BACKEND_KNOB_CHOICE_DESCRIPTOR);
  const auto type = CUDNN_KNOB_TYPE_EMULATED;
  knob->put(CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE, CUDNN_TYPE_KNOB_TYPE, &type, 1);
  knob->put(CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE, CUDNN_TYPE_INT64, &kernel.index, 1);
  const auto result = finished(CUDNN_BACKEND_ENGINECFG_DESCRIPTOR);
  result->put(CUDNN_ATTR_ENGINECFG_ENGINE, {engine});
  result->put(CUDNN_ATTR_ENGINECFG_KNOB_CHOICES, {knob});
  return result;
}

bool overlap(const void* a, std::size_t a_bytes, const void* b, std::size_t b_bytes) {
  const auto *p = static_cast<const std::byte*>(a), *q = static_cast<const std::byte*>(b);
  return p < q + b_bytes && q < p + a_bytes;
}

bool finalise_plan(Part& plan) {
  require(plan.has(CUDNN_ATTR_EXECUTION_PLAN_HANDLE), "a plan has no handle");
  const Kernel& kernel = kernel_of(*plan.part(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG));
  if (kernel.kind == Kernel::refused) return false;
  // Another amount for each shape, so that scratch memory must fit the largest.
  const Formula formula = formula_of_plan(plan);
  const std::int64_t bytes = kernel.kind == Kernel::greedy ? std::int64_t{1} << 40
                                                           : 64 + 4 * formula.y.elements() + formula.weights.elements();
  plan.put(CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, CUDNN_TYPE_INT64, &bytes, 1);
  return true;
}

}  // namespace

bool finalise(Part& part) {
  switch (part.type) {
    case CUDNN_BACKEND_TENSOR_DESCRIPTOR:
      array_of(part);
      return true;
    case CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR: {
      require(part.has(CUDNN_ATTR_OPERATIONGRAPH_HANDLE), "a graph has no handle");
      const auto& operations = operations_of(part);
      formula_of(operations);
      if (settings().cudnn == Settings::Cudnn::none) return false;
      return settings().cudnn == Settings::Cudnn::fused || operations.size() == 1;
    }
    case CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR: {
      const auto mode = part.value<cudnnBackendHeurMode_t>(CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE);
      std::vector<std::shared_ptr<const Part>> results;
      for (const Kernel& kernel : kernels()) {
        if (kernel.mode != mode) continue;
        results.push_back(configuration(kernel, part.part(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH)));
      }
      part.put(CUDNN_ATTR_ENGINEHEUR_RESULTS, std::move(results));
      return true;
    }
    case CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR:
      return finalise_plan(part);
    default:
      return true;
  }
}

void execute_plan(const Part& plan, const Part& pack, cudaStream_t stream) {
  const Kernel& kernel = kernel_of(*plan.part(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG));
  require(kernel.kind == Kernel::works, "a kernel was chosen that should not have been");
  const Formula formula = formula_of_plan(plan);
  const auto uids = pack.values<std::int64_t>(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, CUDNN_TYPE_INT64);
  const auto pointers = pack.values<void*>(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR);
  const auto scratch = pack.value<void*>(CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR);
  const auto bytes = static_cast<std::size_t>(plan.number(CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE));
  require(uids.size() == pointers.size(), "as many arrays as names");
  std::vector<void*> memory;
  const std::vector<Array> arrays = formula.arrays();
  for (const Array& array : arrays) {
    const auto found = std::ranges::find(uids, array.uid);
    require(found != uids.end(), "an array is missing");
    memory.push_back(pointers[static_cast<std::size_t>(found - uids.begin())]);
    require(is_device(memory.back(), array.bytes()), "an array does not lie in the GPU's memory");
    require(reinterpret_cast<std::uintptr_t>(memory.back()) % 16 == 0, "an array is not aligned");
    require(!overlap(memory.back(), array.bytes(), scratch, bytes), "an array overlaps scratch memory");
  }
  require(is_device(scratch, bytes), "scratch memory is too small");
  // y may lie where the residual does, element upon element, but not where anything else is.
  for (std::size_t i = 0; i + 1 < arrays.size(); ++i) {
    if (memory[i] == memory.back() && i > 1 && arrays[i].dims == formula.y.dims) continue;
    require(!overlap(memory[i], arrays[i].bytes(), memory.back(), formula.y.bytes()), "the output overlaps an input");
  }
  if (kernel.index == settings().broken) throw std::runtime_error("cuDNN: a kernel that does not run after all");
  const bool bare = uids.size() <= 3;  // x, weights, y
  const bool slow = kernel.index == settings().slow || (bare ? settings().slow_bare : settings().slow_fused);
  const cudaError_t status = enqueue(stream, [=, tf32 = kernel.index == 14] {
    if (slow) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    std::memset(scratch, 0xff, bytes);
    formula.compute(memory, tf32);
    std::memset(scratch, 0xff, bytes);
  });
  require(status == cudaSuccess, "work was not taken by the stream");
}

}  // namespace emulated
