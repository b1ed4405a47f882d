// The networks of tests/engine on the emulated GPU. What those tests ask of engine cuda's plan in half precision, run
// on the host, is answered by engine cuda itself; in fp32 they ask it anyway (so here the quick engine answers).
#include "engine/compare.hpp"

namespace vbq::test {

std::vector<float> infer_by_cuda_plan(const Network& net, PlanNumbers numbers, const std::vector<float>& input,
                                      std::int64_t images) {
  const bool half = numbers == PlanNumbers::fp16 || numbers == PlanNumbers::bf16;
  if (!half) return infer(*engine_of(EngineKind::cpu, net), net, input, images);
  EngineOptions options;
  options.kind = EngineKind::cuda;
  options.block = 4;  // the last batch is not full
  options.tune = false;
  options.precision = numbers == PlanNumbers::fp16 ? Precision::fp16 : Precision::bf16;
  return infer(*make_engine(net, options), net, input, images);
}

}  // namespace vbq::test
