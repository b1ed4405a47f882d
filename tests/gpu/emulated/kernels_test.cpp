// Which of cuDNN's kernels engine cuda takes: kernel 14 is the first that it may, 15 the only other one. In tf32, 14
// rounds its factors and 15 does not.
#include <gtest/gtest.h>

#include <cstdlib>
#include <vector>

#include "engine/compare.hpp"
#include "gpu/emulated/device.hpp"

namespace vbq::test {
namespace {

using emulated::Settings;
using emulated::settings;

class EmulatedKernels : public ::testing::Test {
 protected:
  void TearDown() override {
    settings() = before_;
    unsetenv("VBQ_CUDA_TUNE");
  }

  // numbers of the kernels, what names them, and outputs
  struct Seen {
    Kernels kernels;
    std::vector<std::int64_t> numbers;
    int bare = 0;  // so many of them are bare convolutions
    std::string library;
    std::vector<float> outputs;
  };
  Seen look(EngineOptions options) const {
    options.kind = EngineKind::cuda;
    options.precision = Precision::tf32;
    options.block = 4;
    options.copies = 2;
    const auto engine = make_engine(net_, options);
    EXPECT_EQ(engine->copies(), 2);
    Seen seen{engine->kernels(), {}, 0, engine->info().library, infer(*engine, net_, inputs_for(net_, 6), 6)};
    for (const auto& kernel : seen.kernels) {
      const bool bare = kernel.size() > 1 && kernel.front() == -2;
      seen.numbers.push_back(kernel.empty() ? -1 : kernel[bare ? 1 : 0]);
      seen.bare += bare;
    }
    return seen;
  }
  Seen look(bool tune, const Kernels& kernels = {}) const {
    EngineOptions options;
    options.tune = tune;
    options.kernels = kernels;
    return look(options);
  }
  std::string refusal(const Kernels& kernels) const {
    try {
      look(true, kernels);
    } catch (const Error& error) {
      EXPECT_EQ(error.fault(), Fault::input);
      return error.what();
    }
    return "";
  }

  const Settings before_ = settings();
  const Network net_ = support::residual_network();
  using Numbers = std::vector<std::int64_t>;
};

TEST_F(EmulatedKernels, TheFastestIsTaken) {
  const Seen first = look(false);
  EXPECT_EQ(first.numbers, Numbers(3, 14));
  EXPECT_EQ(first.bare, 0);
  settings().slow_bare = true;  // so that no moment of a busy machine decides between one kernel and two
  settings().slow = 15;
  const Seen same = look(true);
  EXPECT_EQ(same.kernels, first.kernels);
  EXPECT_EQ(same.library, first.library);
  EXPECT_EQ(same.outputs, first.outputs);  // that kernels were measured has left nothing behind
  settings().slow = 14;
  const Seen other = look(true);
  EXPECT_EQ(other.numbers, Numbers(3, 15));
  EXPECT_NE(other.library, first.library);
  EXPECT_NE(other.outputs, first.outputs);
  setenv("VBQ_CUDA_TUNE", "0", 1);
  EXPECT_EQ(look(true).kernels, first.kernels);
}

TEST_F(EmulatedKernels, GivenOnesGiveTheSameBits) {
  settings().slow = 14;
  const Seen one = look(true);
  settings().slow = 15;
  for (const bool tune : {false, true}) {
    const Seen other = look(tune, one.kernels);
    EXPECT_EQ(other.kernels, one.kernels);
    EXPECT_EQ(other.library, one.library);
    EXPECT_EQ(other.outputs, one.outputs);
  }
}

TEST_F(EmulatedKernels, GivenOnesThatDoNotFitAreOneError) {
  const Kernels kernels = look(false).kernels;
  Kernels wrong = kernels;
  wrong.at(1) = {99, 7, 99};
  EXPECT_NE(refusal(wrong).find("does not offer kernel 99 for"), std::string::npos) << refusal(wrong);
  wrong.at(1) = {12, 7, 12};  // which wants too much memory
  EXPECT_NE(refusal(wrong).find("does not offer kernel 12 for"), std::string::npos) << refusal(wrong);
  wrong = kernels;
  wrong.pop_back();
  EXPECT_NE(refusal(wrong).find("chosen for 2 convolutions"), std::string::npos) << refusal(wrong);
  wrong.insert(wrong.end(), 2, kernels.front());
  EXPECT_NE(refusal(wrong).find("chosen for 4 convolutions"), std::string::npos) << refusal(wrong);
}

TEST_F(EmulatedKernels, OneThatDoesNotRunIsPassedOver) {
  settings().broken = 14;
  EXPECT_EQ(look(true).numbers, Numbers(3, 15));
}

TEST_F(EmulatedKernels, TwoAreTakenWhereOneIsSlower) {
  settings().slow_fused = true;
  const Seen bare = look(true);
  EXPECT_EQ(bare.bare, 3);
  settings().slow_fused = false;
  const Seen given = look(true, bare.kernels);
  EXPECT_EQ(given.kernels, bare.kernels);
  EXPECT_EQ(given.outputs, bare.outputs);
}

TEST_F(EmulatedKernels, EveryFormIsMeasured) {
  settings().slow = 14;
  settings().cudnn = Settings::Cudnn::bare;
  const Seen bare = look(true);
  EXPECT_EQ(bare.numbers, Numbers(3, 15));
  EXPECT_EQ(bare.bare, 3);
  EXPECT_EQ(look(false, bare.kernels).outputs, bare.outputs);
  settings().cudnn = Settings::Cudnn::none;
  const Seen own = look(true);
  EXPECT_EQ(own.numbers, Numbers(3, -1));
  EXPECT_EQ(look(false, own.kernels).outputs, own.outputs);
}

}  // namespace
}  // namespace vbq::test
