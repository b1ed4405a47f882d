// What the tests of engine cuda share: engines, formats and images; without a GPU each test is skipped.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <utility>

#include "engine/compare.hpp"
#include "vbq/error.hpp"

namespace vbq::test {

inline std::unique_ptr<Engine> cuda_engine(const Network& net, Precision precision, std::int64_t block) {
  EngineOptions options;
  options.kind = EngineKind::cuda;
  options.precision = precision;
  options.block = block;
  options.copies = 4;
  options.tune = false;  // every engine the same kernels
  return make_engine(net, options);
}

class CudaEngine : public ::testing::Test {
 protected:
  void SetUp() override {
    try {
      cuda_engine(support::residual_network(), Precision::fp32, 4);
    } catch (const Error& error) {
#ifdef VBQ_EMULATED_GPU
      FAIL() << error.what();
#else
      GTEST_SKIP() << error.what();
#endif
    }
  }
};

inline NetworkFormat coarse(const Network& net, bool channels) {
  NetworkFormat formats;
  for (const int node : weight_layers(net)) {
    const Tensor& weight = *weight_of(net.nodes[static_cast<std::size_t>(node)]);
    LayerFormat format;
    format.node = node;
    format.codebooks = {Codebook::from_levels({-0.6F, -0.2F, 0.02F, 0.3F, 0.7F})};
    format.scales.assign(channels ? static_cast<std::size_t>(weight.shape[0]) : 1, 0.8F);
    formats.push_back(std::move(format));
  }
  return with_levels(net, std::move(formats));
}

inline Shard some_images(std::int64_t count, std::int64_t block) {
  return {support::random_images(count), {{0.4F, 0.5F, 0.6F}, {0.2F, 0.3F, 0.25F}}, block, true};
}

}  // namespace vbq::test
