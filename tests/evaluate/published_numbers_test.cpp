// Numbers measured elsewhere that this program must give again, on networks and images of full size.
#include <gtest/gtest.h>

#include <filesystem>

#include "data/importers.hpp"
#include "evaluate/local_evaluator.hpp"
#include "quant/seeds.hpp"
#include "vbq/onnx.hpp"

namespace vbq {
namespace {
namespace fs = std::filesystem;

// ResNet-20 quantised by k-means per layer, no scale, nearest value: top-1 in percent on all 9,980 images.
double kmeans_top1(int levels) {
  const fs::path folder = fs::path(VBQ_SHARED) / "data" / "cifar10";
  ImportedImages imported =
      import_images("cifar10", {folder / "test_batch_9980.bin"}, {{0.485F, 0.456F, 0.406F}, {0.229F, 0.224F, 0.225F}});
  Problem problem;
  problem.network = read_onnx(folder / "resnet20.onnx");
  problem.format.levels = levels;
  problem.population = 1;
  for (std::int64_t i = 0; i < imported.info.count; ++i) problem.split.search.push_back(i);
  problem.search_source = memory_source(std::move(imported.images), std::move(imported.info));
  const Genome kmeans = seed_genomes(problem.network, problem.format).at(1);  // Lloyd's iteration, as there
  const auto evaluator = make_local_evaluator(std::move(problem));
  const Tally tally = evaluator->score(ImageSet::search, evaluator->network(kmeans));
  EXPECT_EQ(tally.seen, 9980);
  return 100.0 * static_cast<double>(tally.top1) / static_cast<double>(tally.seen);
}

class PublishedNumbers : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(fs::path(VBQ_SHARED) / "data" / "cifar10"))
      GTEST_SKIP() << "no data of full size in " << VBQ_SHARED;
  }
};

TEST_F(PublishedNumbers, ResNet20KMeansPerLayer4Bit) { EXPECT_NEAR(kmeans_top1(16), 87.92, 0.3); }
TEST_F(PublishedNumbers, ResNet20KMeansPerLayer3Bit) { EXPECT_NEAR(kmeans_top1(8), 74.74, 0.3); }

}  // namespace
}  // namespace vbq
