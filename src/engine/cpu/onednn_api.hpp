// The one place that knows which oneDNN is compiled against: 2.x builds primitives from operation descriptors, 3.x
// straight from memory descriptors. All of it is FP32, inference, scratchpad by the caller.
#pragma once

#include <oneapi/dnnl/dnnl_version.h>
#include <oneapi/dnnl/dnnl.hpp>

#include <string>
#include <vector>

namespace vbq::cpu::api {

using Desc = dnnl::memory::desc;
using Dims = dnnl::memory::dims;

inline dnnl::primitive_attr strict_attributes() {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  attributes.set_fpmath_mode(dnnl::fpmath_mode::strict);
  return attributes;
}

inline constexpr auto kInference = dnnl::prop_kind::forward_inference;

// Sizes of a window: padding before and after, height and width each; dilation 0 is a dense window.
struct Window {
  Dims kernel, stride, dilation, before, after;
};

#if DNNL_VERSION_MAJOR >= 3

inline void append_eltwise(dnnl::post_ops& ops, dnnl::algorithm what, float alpha, float beta) {
  ops.append_eltwise(what, alpha, beta);
}
// bias: nullptr for none.
inline auto convolution(const dnnl::engine& engine, const Desc& src, const Desc& weights, const Desc* bias,
                        const Desc& dst, const Window& w, const dnnl::primitive_attr& attributes) {
  using Pd = dnnl::convolution_forward::primitive_desc;
  const auto direct = dnnl::algorithm::convolution_direct;
  return bias == nullptr
             ? Pd(engine, kInference, direct, src, weights, dst, w.stride, w.dilation, w.before, w.after, attributes)
             : Pd(engine, kInference, direct, src, weights, *bias, dst, w.stride, w.dilation, w.before, w.after,
                  attributes);
}
inline auto inner_product(const dnnl::engine& engine, const Desc& src, const Desc& weights, const Desc* bias,
                          const Desc& dst, const dnnl::primitive_attr& attributes) {
  using Pd = dnnl::inner_product_forward::primitive_desc;
  return bias == nullptr ? Pd(engine, kInference, src, weights, dst, attributes)
                         : Pd(engine, kInference, src, weights, *bias, dst, attributes);
}
inline auto pooling(const dnnl::engine& engine, dnnl::algorithm what, const Desc& src, const Desc& dst, const Window& w,
                    const dnnl::primitive_attr& attributes) {
  return dnnl::pooling_forward::primitive_desc(engine, kInference, what, src, dst, w.stride, w.kernel, w.dilation,
                                               w.before, w.after, attributes);
}
inline dnnl::primitive make_pooling(const dnnl::pooling_forward::primitive_desc& pd) {
  return dnnl::pooling_forward(pd);
}
inline auto eltwise(const dnnl::engine& engine, dnnl::algorithm what, const Desc& md, float alpha, float beta,
                    const dnnl::primitive_attr& attributes) {
  return dnnl::eltwise_forward::primitive_desc(engine, kInference, what, md, md, alpha, beta, attributes);
}
inline auto concat(const dnnl::engine& engine, int axis, const std::vector<Desc>& sources,
                   const dnnl::primitive_attr& attributes) {
  return dnnl::concat::primitive_desc(engine, axis, sources, attributes);
}
inline auto matmul(const dnnl::engine& engine, const Desc& src, const Desc& weights, const Desc& dst,
                   const dnnl::primitive_attr& attributes) {
  return dnnl::matmul::primitive_desc(engine, src, weights, dst, attributes);
}

#else

inline void append_eltwise(dnnl::post_ops& ops, dnnl::algorithm what, float alpha, float beta) {
  ops.append_eltwise(1.0F, what, alpha, beta);
}
inline auto convolution(const dnnl::engine& engine, const Desc& src, const Desc& weights, const Desc* bias,
                        const Desc& dst, const Window& w, const dnnl::primitive_attr& attributes) {
  using Op = dnnl::convolution_forward;
  const auto direct = dnnl::algorithm::convolution_direct;
  const auto desc =
      bias == nullptr ? Op::desc(kInference, direct, src, weights, dst, w.stride, w.dilation, w.before, w.after)
                      : Op::desc(kInference, direct, src, weights, *bias, dst, w.stride, w.dilation, w.before, w.after);
  return Op::primitive_desc(desc, attributes, engine);
}
inline auto inner_product(const dnnl::engine& engine, const Desc& src, const Desc& weights, const Desc* bias,
                          const Desc& dst, const dnnl::primitive_attr& attributes) {
  using Op = dnnl::inner_product_forward;
  const auto desc =
      bias == nullptr ? Op::desc(kInference, src, weights, dst) : Op::desc(kInference, src, weights, *bias, dst);
  return Op::primitive_desc(desc, attributes, engine);
}
inline auto pooling(const dnnl::engine& engine, dnnl::algorithm what, const Desc& src, const Desc& dst, const Window& w,
                    const dnnl::primitive_attr& attributes) {
  using Op = dnnl::pooling_v2_forward;
  return Op::primitive_desc(Op::desc(kInference, what, src, dst, w.stride, w.kernel, w.dilation, w.before, w.after),
                            attributes, engine);
}
inline dnnl::primitive make_pooling(const dnnl::pooling_v2_forward::primitive_desc& pd) {
  return dnnl::pooling_v2_forward(pd);
}
inline auto eltwise(const dnnl::engine& engine, dnnl::algorithm what, const Desc& md, float alpha, float beta,
                    const dnnl::primitive_attr& attributes) {
  using Op = dnnl::eltwise_forward;
  return Op::primitive_desc(Op::desc(kInference, what, md, alpha, beta), attributes, engine);
}
inline auto concat(const dnnl::engine& engine, int axis, const std::vector<Desc>& sources,
                   const dnnl::primitive_attr& attributes) {
  return dnnl::concat::primitive_desc(axis, sources, engine, attributes);
}
inline auto matmul(const dnnl::engine& engine, const Desc& src, const Desc& weights, const Desc& dst,
                   const dnnl::primitive_attr& attributes) {
  return dnnl::matmul::primitive_desc(dnnl::matmul::desc(src, weights, dst), attributes, engine);
}

#endif

// Instruction set that oneDNN generates code for on this processor, as its own environment variable spells it.
inline std::string isa_name() {
  switch (dnnl_get_effective_cpu_isa()) {
    case dnnl_cpu_isa_sse41:
      return "sse41";
    case dnnl_cpu_isa_avx:
      return "avx";
    case dnnl_cpu_isa_avx2:
      return "avx2";
    case dnnl_cpu_isa_avx2_vnni:
      return "avx2_vnni";
    case dnnl_cpu_isa_avx512_core:
      return "avx512_core";
    case dnnl_cpu_isa_avx512_core_vnni:
      return "avx512_core_vnni";
    case dnnl_cpu_isa_avx512_core_bf16:
      return "avx512_core_bf16";
    case dnnl_cpu_isa_avx512_core_amx:
      return "avx512_core_amx";
    default:
      return "isa_" + std::to_string(static_cast<unsigned>(dnnl_get_effective_cpu_isa()));
  }
}

// "oneDNN 2.6.3": the library that is running, not the headers.
inline std::string library_name() {
  const dnnl_version_t* v = dnnl_version();
  return "oneDNN " + std::to_string(v->major) + "." + std::to_string(v->minor) + "." + std::to_string(v->patch);
}

}  // namespace vbq::cpu::api
