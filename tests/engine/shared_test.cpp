// Real networks on real images: ../shared/data.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "data/importers.hpp"
#include "data/npy.hpp"
#include "engine/compare.hpp"
#include "vbq/onnx.hpp"

namespace vbq::test {
namespace {

namespace fs = std::filesystem;

const fs::path kData = fs::path(VBQ_SHARED) / "data";

Tally tally_of(const fs::path& network, const std::string& kind, const std::vector<fs::path>& sources,
               Normalisation normalisation) {
  ImportedImages imported = import_images(kind, sources, std::move(normalisation));
  const auto engine = engine_of(EngineKind::cpu, read_onnx(network), 100, 2);
  engine->load({std::move(imported.images), imported.info.normalisation, 100, false});
  return engine->tally(0, (imported.info.count + 99) / 100);
}

Tally resnet20(const char* file) {
  return tally_of(kData / "cifar10" / file, "cifar10", {kData / "cifar10/test_batch_9980.bin"},
                  {{0.485F, 0.456F, 0.406F}, {0.229F, 0.224F, 0.225F}});
}

TEST(SharedData, ResNet20WithBatchNorm) {
  if (!fs::exists(kData / "cifar10/resnet20.onnx")) GTEST_SKIP() << "no " << kData;
  const Tally t = resnet20("resnet20.onnx");
  EXPECT_EQ(t.seen, 9980);
  EXPECT_EQ(t.top1, 9155);
  EXPECT_NEAR(mean_loss(t), 0.373, 0.0005);
}

TEST(SharedData, ResNet20Folded) {
  if (!fs::exists(kData / "cifar10/resnet20_bn_folded.onnx")) GTEST_SKIP() << "no " << kData;
  const Tally t = resnet20("resnet20_bn_folded.onnx");
  EXPECT_EQ(t.seen, 9980);
  EXPECT_NEAR(static_cast<double>(t.top1), 9155, 2);
}

TEST(SharedData, LeNet) {
  if (!fs::exists(kData / "mnist/lenet.onnx")) GTEST_SKIP() << "no " << kData;
  const Tally t = tally_of(kData / "mnist/lenet.onnx", "mnist",
                           {kData / "mnist/t10k-images-idx3-ubyte.gz", kData / "mnist/t10k-labels-idx1-ubyte.gz"},
                           {{0.0F}, {256.0F / 255.0F}});
  EXPECT_EQ(t.seen, 10000);
  EXPECT_NEAR(static_cast<double>(t.top1), 9905, 1);
}

TEST(SharedData, SqueezeNetLogits) {
  const fs::path folder = kData / "imagenet/squeezenet1_1_reference";
  if (!fs::exists(folder)) GTEST_SKIP() << "no " << folder;
  const Network net = read_onnx(kData / "imagenet/squeezenet1_1.onnx");
  const auto engine = engine_of(EngineKind::cpu, net);
  for (const int i : {0, 1, 2}) {
    const auto input = read_npy(folder / fmt::format("input_{}.npy", i)).as_floats();
    const auto expected = read_npy(folder / fmt::format("output_{}.npy", i)).as_floats();
    const auto output = infer(*engine, net, input, 1);
    ASSERT_EQ(output.size(), expected.size());
    for (std::size_t c = 0; c < output.size(); ++c) EXPECT_NEAR(output[c], expected[c], 1e-3) << "input " << i;
  }
}

// The same networks on both engines, a few images each: reference takes its time.
TEST(SharedData, EnginesAgree) {
  for (const auto& [file, images] : {std::pair<const char*, std::int64_t>{"cifar10/resnet20.onnx", 5},
                                     {"cifar10/resnet20_bn_folded.onnx", 5},
                                     {"mnist/lenet.onnx", 5},
                                     {"imagenet/squeezenet1_1.onnx", 1}}) {
    if (!fs::exists(kData / file)) GTEST_SKIP() << "no " << kData / file;
    SCOPED_TRACE(file);
    const Network net = read_onnx(kData / file);
    const auto input = inputs_for(net, images);
    const auto expected = infer(*engine_of(EngineKind::reference, net), net, input, images);
    const auto got = infer(*engine_of(EngineKind::cpu, net), net, input, images);
    double worst = 0, largest = 0;
    for (std::size_t i = 0; i < got.size(); ++i) {
      worst = std::max<double>(worst, std::fabs(static_cast<double>(got[i]) - expected[i]));
      largest = std::max<double>(largest, std::fabs(expected[i]));
    }
    EXPECT_LE(worst, 1e-5 * largest);
  }
}

}  // namespace
}  // namespace vbq::test
