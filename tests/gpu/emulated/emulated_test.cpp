// The emulated GPU itself, and what of engine cuda can only be seen on it: errors, and that all is given back.
#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include <vector>

#include "engine/compare.hpp"
#include "engine/cuda/device.hpp"
#include "engine/cuda/runner.hpp"
#include "gpu/emulated/device.hpp"

namespace vbq::test {
namespace {

using emulated::Settings;
using emulated::settings;

// Settings as before when a test ends.
class Emulated : public ::testing::Test {
 protected:
  void TearDown() override { settings() = before_; }
  const Settings before_ = settings();
};

TEST_F(Emulated, ThreadsMeetBeforeAnyGoesOn) {
  for (const bool descending : {false, true}) {
    settings().descending = descending;
    std::vector<unsigned> brought(64), seen(64);
    emulated::run_grid("test", 3, 64, [&] {
      const unsigned t = threadIdx.x;
      for (unsigned round = 0; round < 3; ++round) {
        brought[t] = 100 * round + t;
        __syncthreads();
        seen[t] = brought[63 - t];
        EXPECT_EQ(seen[t], 100 * round + 63 - t);
        __syncthreads();
      }
      unsigned sum = t;
      for (int distance = 16; distance > 0; distance /= 2) sum += __shfl_xor_sync(0xffffffffU, sum, distance);
      EXPECT_EQ(sum, t < 32 ? 496U : 1520U);
    });
  }
}

TEST_F(Emulated, AMissingBarrierShows) {
  for (const bool descending : {false, true}) {
    settings().descending = descending;
    static __attribute__((section("emulated_shared"))) unsigned shared[64];
    unsigned rubbish = 0;
    emulated::run_grid("test", 1, 64, [&] {
      shared[threadIdx.x] = threadIdx.x;
      rubbish += shared[63 - threadIdx.x] == ~0U;
    });
    EXPECT_EQ(rubbish, 32U);
  }
}

TEST_F(Emulated, WaitingForEverIsAnError) {
  EXPECT_THROW(emulated::run_grid("test", 1, 64, [] { threadIdx.x < 63 ? __syncwarp() : void(); }), std::runtime_error);
  EXPECT_THROW(emulated::run_grid("test", 1, 64, [] { threadIdx.x < 5 ? __syncwarp() : __syncthreads(); }),
               std::runtime_error);
  EXPECT_THROW(emulated::run_grid("test", 1, 20, [] { __syncwarp(); }), std::runtime_error);  // no whole warp
  EXPECT_NO_THROW(emulated::run_grid("test", 1, 64, [] { threadIdx.x < 5 ? __syncthreads() : void(); }));
}

TEST_F(Emulated, WorkWaitsUntilSomebodyWaitsForIt) {
  const cuda::Stream one, two;
  const cuda::DeviceBuffer buffer(4);
  cuda::PinnedBuffer pinned;
  pinned.reserve(4);
  int got[2] = {};
  *reinterpret_cast<int*>(pinned.data()) = 1;
  one.upload(buffer.data(), pinned, 0, 4);
  *reinterpret_cast<int*>(pinned.data()) = 2;  // before it was read
  two.download(&got[0], buffer.data(), 4);     // without waiting for the other stream
  two.synchronise();
  one.download(&got[1], buffer.data(), 4);
  EXPECT_EQ(got[1], 0);
  one.synchronise();
  EXPECT_EQ(got[0], -1);  // rubbish
  EXPECT_EQ(got[1], 2);
}

TEST_F(Emulated, StreamsMayBeInterleaved) {
  settings().interleaved = true;
  const cuda::Stream one, two;
  std::vector<int> order;
  for (int i = 0; i < 3; ++i) {
    emulated::launch("test", 1, 1, 0, one.get(), [&order] { order.push_back(1); });
    emulated::launch("test", 1, 1, 0, two.get(), [&order] { order.push_back(2); });
  }
  emulated::launch("test", 1, 1, 0, one.get(), [&order] { order.push_back(1); });
  two.synchronise();
  EXPECT_EQ(order, (std::vector<int>{1, 2, 1, 2, 1, 2}));
  one.synchronise();
  EXPECT_EQ(order.size(), 7U);
}

TEST_F(Emulated, CopiesMustFitTheirMemory) {
  const cuda::Stream stream;
  const cuda::DeviceBuffer buffer(8);
  int host[4] = {};
  EXPECT_THROW(stream.upload(buffer.data(), host, 12), Error);
  EXPECT_THROW(stream.download(host, buffer.data() + 4, 8), Error);
  EXPECT_THROW(stream.zero(host, 4), Error);
  EXPECT_THROW(stream.download(buffer.data(), buffer.data(), 4), Error);
  emulated::launch("test", 0, 1, 0, stream.get(), [] {});
  EXPECT_EQ(cudaGetLastError(), cudaErrorInvalidConfiguration);
  emulated::launch("test", 1, 1, 0, nullptr, [] {});
  EXPECT_EQ(cudaGetLastError(), cudaErrorInvalidResourceHandle);
}

TEST_F(Emulated, RecordingForbidsWhatWaits) {
  const cuda::Stream stream;
  const cuda::DeviceBuffer buffer(4);
  const int value = 5;
  EXPECT_THROW(cuda::Graph(stream, [&] { stream.synchronise(); }), Error);
  EXPECT_THROW(cuda::Graph(stream, [&] { stream.upload(buffer.data(), &value, 4); }), Error);
  EXPECT_THROW(cuda::Graph(stream, [] { cuda::DeviceBuffer(4); }), Error);
  int got = 1;
  const cuda::Graph graph(stream, [&] { stream.zero(buffer.data(), 4); });
  stream.download(&got, buffer.data(), 4);
  stream.synchronise();
  EXPECT_EQ(got, -1);  // recorded only
  graph.launch(stream);
  stream.download(&got, buffer.data(), 4);
  stream.synchronise();
  EXPECT_EQ(got, 0);
}

Shard images(std::int64_t count) { return {support::random_images(count), {{0, 0, 0}, {1, 1, 1}}, 4, true}; }

EngineOptions options() {
  EngineOptions all;
  all.kind = EngineKind::cuda;
  all.block = 4;
  all.precision = Precision::fp16;
  all.copies = 2;
  all.tune = false;
  return all;
}

TEST_F(Emulated, TheEngineGivesBackWhatItTakes) {
  const int before = emulated::live_objects();
  {
    const Network net = support::residual_network();
    const auto engine = make_engine(net, options());
    engine->load(images(9));
    const auto matcher = engine->pass(images(8), PassLevels::given);
    const auto runner = engine->open(8);
    runner->load(images(8));
    engine->start(0, 3, 1);  // nobody asks for the result
    EXPECT_GT(emulated::live_objects(), before + 50);
  }
  EXPECT_EQ(emulated::live_objects(), before);
}

// Whichever allocation fails: an error, nothing kept, and the engine can be made once there is memory.
TEST_F(Emulated, MemoryMayEndAnywhere) {
  const Network net = support::residual_network();
  const int before = emulated::live_objects();
  int failed = 0;
  EngineOptions tuned = options();
  tuned.tune = true;
  for (bool done = false; !done; ++failed) {
    ASSERT_LT(failed, 1000);
    settings().allocations = failed;
    try {
      const auto engine = make_engine(net, tuned);
      engine->load(images(9));
      const auto matcher = engine->pass(images(8), PassLevels::given);
      const auto runner = engine->open(8);
      runner->load(images(8));
      runner->outputs(0, [](std::int64_t, const TapView&) {});
      done = true;
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find("GPU memory"), std::string::npos) << error.what();
    }
    ASSERT_EQ(emulated::live_objects(), before) << "after " << failed << " allocations";
  }
  EXPECT_GT(failed, 30);
}

TEST_F(Emulated, EachFormOfAConvolutionIsRun) {
  const Network net = support::residual_network();
  for (const auto form : {Settings::Cudnn::fused, Settings::Cudnn::bare, Settings::Cudnn::none}) {
    settings().cudnn = form;
    const cuda::Stream stream;
    const cuda::Handle handle(cuda::Cudnn::load(), stream);
    const cuda::Runner runner(net, cuda::make_plan(net, 2, cuda::Type::fp32), cuda::Arithmetic::fp32, handle, stream);
    const auto [fused, bare, direct, plain] = runner.census();
    EXPECT_EQ(fused, form == Settings::Cudnn::fused ? 3 : 0);
    EXPECT_EQ(bare, form == Settings::Cudnn::bare ? 3 : 0);
    EXPECT_EQ(direct, 0);  // which is for half precision
    EXPECT_EQ(std::size(plain), form == Settings::Cudnn::none ? 3U : 0U);
  }
}

}  // namespace
}  // namespace vbq::test
