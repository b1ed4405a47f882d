// Engine cuda's arithmetic without a GPU: its plan is run on the host by the functions that its kernels call. (Every
// network of expect_equal_engines() goes through it, too.)
#include <gtest/gtest.h>

#include <filesystem>

#include "core/random.hpp"
#include "data/pixel_table.hpp"
#include "engine/common/shard.hpp"
#include "engine/common/tally.hpp"
#include "engine/common/weights.hpp"
#include "engine/compare.hpp"
#include "engine/cuda/plan/binding.hpp"
#include "engine/host_plan.hpp"
#include "vbq/error.hpp"
#include "vbq/label.hpp"
#include "vbq/onnx.hpp"

namespace vbq::test {

std::vector<float> infer_by_cuda_plan(const Network& net, PlanNumbers numbers, const std::vector<float>& input,
                                      std::int64_t images) {
  using Numbers = HostPlan::Numbers;
  switch (numbers) {
    case PlanNumbers::fp32:
      break;
    case PlanNumbers::padded:
      return HostPlan(net, 4, cuda::Type::fp16, Numbers::fp32).infer(input, images);
    case PlanNumbers::fp16:
      return HostPlan(net, 4, cuda::Type::fp16).infer(input, images);
    case PlanNumbers::bf16:
      return HostPlan(net, 4, cuda::Type::bf16).infer(input, images);
  }
  return HostPlan(net, 4).infer(input, images);
}

namespace {

void expect_near(const std::vector<float>& got, const std::vector<float>& expected, double tolerance) {
  ASSERT_EQ(got.size(), expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) ASSERT_NEAR(got[i], expected[i], tolerance) << "output " << i;
}

// A format for every layer: random codebooks, all kinds of scales, some with indices, biases or matching.
NetworkFormat random_formats(const Network& net, std::uint64_t seed) {
  Random random(seed, 0, 0, Purpose::test);
  NetworkFormat formats;
  for (const int k : weight_layers(net)) {
    const Tensor& weight = *weight_of(net.nodes[static_cast<std::size_t>(k)]);
    const auto channels = static_cast<std::size_t>(weight.shape[0]);
    LayerFormat format;
    format.node = k;
    for (std::size_t n = random.below(2) == 0 ? 1 : channels; n > 0; --n) {
      std::vector<float> levels(2 + random.below(40));
      for (float& level : levels) level = static_cast<float>(random.normal());
      format.codebooks.push_back(Codebook::from_levels(levels));
    }
    if (random.below(2) == 0) {
      for (std::size_t o = 0; o < channels; ++o) format.bias.push_back(static_cast<float>(random.normal()));
    }
    const auto kind = random.below(3);
    format.scales.resize(kind == 0 ? 0 : kind == 1 ? 1 : channels);
    for (float& s : format.scales) s = static_cast<float>(0.1 + random.uniform());
    if (random.below(2) == 0) {
      const std::size_t row = weight.data.size() / std::max<std::size_t>(1, channels);
      for (std::size_t i = 0; i < weight.data.size(); ++i) {
        const auto levels = static_cast<std::uint64_t>(format.codebook(i / row).size());
        format.indices.push_back(static_cast<std::uint8_t>(random.below(levels)));
      }
    }
    if (random.below(2) == 0) {
      for (std::size_t o = 0; o < channels; ++o) {
        format.gain.push_back(static_cast<float>(0.5 + random.uniform()));
        format.shift.push_back(static_cast<float>(random.normal()));
      }
    }
    formats.push_back(std::move(format));
  }
  return with_levels(net, std::move(formats));
}

TEST(CudaPlan, QuantisedNetworksAsReference) {
  const Network net = support::residual_network(3, 7, 5, 11);
  const auto input = inputs_for(net, 6);
  const auto reference = engine_of(EngineKind::reference, net, 4);
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    const NetworkFormat formats = random_formats(net, seed);
    reference->quantise(formats);
    const auto expected = infer(*reference, net, input, 6);
    double largest = 1e-6;
    for (const float y : expected) largest = std::max<double>(largest, std::fabs(y));
    for (const cuda::Type type : {cuda::Type::fp32, cuda::Type::bf16}) {
      HostPlan plan(net, 4, type, HostPlan::Numbers::fp32);
      plan.quantise(formats);
      expect_near(plan.infer(input, 6), expected, 2e-5 * largest);
      plan.quantise({});  // back to the weights as trained
      expect_near(plan.infer(input, 6), infer(*engine_of(EngineKind::reference, net), net, input, 6), 1e-4);
    }
    for (const auto& [type, tolerance] : {std::pair{cuda::Type::fp16, 1e-2}, {cuda::Type::bf16, 6e-2}}) {
      HostPlan plan(net, 4, type);
      plan.quantise(formats);
      expect_near(plan.infer(input, 6), expected, tolerance * largest);
    }
  }
}

TEST(CudaPlan, LevelsAreThoseOfTheCodebook) {
  Random random(5, 0, 0, Purpose::test);
  for (const std::size_t size : {1U, 2U, 3U, 7U, 8U, 100U, 256U}) {
    std::vector<float> levels(size);
    for (float& level : levels) level = static_cast<float>(random.normal());
    const Codebook codebook = Codebook::from_levels(levels);
    std::vector<float> weights(levels);
    weights.insert(weights.end(), codebook.boundaries().begin(), codebook.boundaries().end());
    for (int i = 0; i < 300; ++i) weights.push_back(static_cast<float>(3 * random.normal()));
    for (const float w : weights) {
      ASSERT_EQ(cuda::level_of(w, codebook.boundaries().data(), codebook.size()), codebook.index(w));
    }
  }
}

TEST(CudaPlan, RefusesFormatsThatItCannotHold) {
  const Network net = support::residual_network();
  NetworkFormat formats = random_formats(net, 3);
  std::vector<float> levels(257);
  for (std::size_t i = 0; i < levels.size(); ++i) levels[i] = static_cast<float>(i);
  const cuda::Plan plan = cuda::make_plan(net, 4, cuda::Type::fp32);
  const cuda::Packer packer(plan.layers);
  cuda::Packed packed;
  const auto pack = [&](const NetworkFormat& f) { packer.pack(formats_of(weight_layers(net), f), packed); };
  EXPECT_NO_THROW(pack(formats));
  formats[1].codebooks = {Codebook::from_levels(levels)};
  EXPECT_THROW(pack(formats), Error);
  formats[1].codebooks = {Codebook::from_levels({1, 2})};
  formats[1].indices.assign(weight_of(net.nodes[static_cast<std::size_t>(formats[1].node)])->data.size(), 1);
  EXPECT_NO_THROW(pack(formats));
  formats[1].indices.back() = 2;
  EXPECT_THROW(pack(formats), Error);
  formats[1].indices.back() = 1;
  formats[1].indices.push_back(1);
  EXPECT_THROW(pack(formats), Error);
}

// Items cover every image of every block once, in blocks.
TEST(CudaPlan, ItemsCoverAllImages) {
  for (const std::int64_t block : {1, 5, 100}) {
    for (const std::int64_t batch : {1, 2, 5, 7, 100}) {
      if (batch > block) continue;
      for (const std::int64_t count : {1, 4, 5, 99, 201}) {
        const std::int64_t parts = (block + batch - 1) / batch;
        std::int64_t next = 0;
        for (std::int64_t item = 0; item < (count + block - 1) / block * parts; ++item) {
          const cuda::Range images = cuda::images_of(item, batch, block, count);
          ASSERT_LE(images.count, batch);
          if (images.count == 0) continue;
          ASSERT_EQ(images.first, next);
          ASSERT_EQ(images.first / block, item / parts);
          ASSERT_EQ((images.first + images.count - 1) / block, item / parts);
          next += images.count;
        }
        ASSERT_EQ(next, count) << block << " by " << batch;
      }
    }
  }
}

TEST(CudaPlan, BatchesDependOnNetworkAndBlockAlone) {
  EXPECT_EQ(cuda::batch_of(support::residual_network(), 1000), 1000);
  Network large;
  large.shapes = {{64, 1024, 1024}};  // 256 MiB in fp32: two fit
  EXPECT_EQ(cuda::batch_of(large, 1), 1);
  EXPECT_EQ(cuda::batch_of(large, 7), 2);
  large.shapes = {{640, 1024, 1024}};
  EXPECT_EQ(cuda::batch_of(large, 100), 1);
}

// Images as bytes, normalised, counted: the same integers as engine reference's on the same outputs.
TEST(CudaPlan, TalliesAsReference) {
  Graph g({3, 9, 9});
  g.linear(g.flatten(g.relu(g.conv(kInputValue, 5, 3))), 11);
  for (const bool probabilities : {false, true}) {
    if (probabilities) g.add(Softmax{0}, {static_cast<ValueId>(g.network().nodes.size())}, {11});
    const Network& net = g.network();
    Shard shard{support::random_images(37, 3, 9, 11), {{0.4F, 0.5F, 0.6F}, {0.2F, 0.3F, 0.25F}}, 10, true};
    const PixelTable table = pixel_table(shard.normalisation);
    const auto size = static_cast<std::size_t>(elements(net.input_shape()));
    std::vector<float> inputs(37 * size), fp32_log_p(37 * 11);
    for (std::size_t i = 0; i < 37; ++i) {
      normalise(table, shard.images.pixels.data() + i * size, 81, inputs.data() + i * size);
    }
    HostPlan plan(net, 4);
    const auto fp32 = plan.infer(inputs, 37);
    const Outputs kind = probabilities ? Outputs::probabilities : Outputs::logits;
    plan.quantise(random_formats(net, 2));
    const auto outputs = plan.infer(inputs, 37);
    cuda::ShardView view;
    view.pixels = shard.images.pixels.data();
    view.table = table.front().data();
    view.labels = shard.images.labels.data();
    view.fp32_log_p = fp32_log_p.data();
    view.count = 37;
    view.block = 10;
    for (const Comparison::Of of : {Comparison::Of::probabilities, Comparison::Of::outputs}) {
      view.comparison = {of, 4};
      Tally expected;
      for (std::size_t i = 0; i < 37; ++i) {
        const auto log_p = std::span(fp32_log_p).subspan(i * 11, 11);
        log_probabilities(std::span(fp32).subspan(i * 11, 11), kind, view.comparison, log_p);
        count_image(std::span(outputs).subspan(i * 11, 11), shard.images.labels[i], kind, log_p, view.comparison,
                    expected);
      }
      EXPECT_EQ(plan.tally(view, probabilities), expected);
      EXPECT_GT(expected.divergence, 0);
    }
  }
}

// Broken outputs, ties, and probabilities of 0 count as the house counts them.
TEST(CudaPlan, OddOutputsCountAsReference) {
  const float inf = INFINITY;
  const cuda::Layout layout = cuda::layout_of({6}, 8);
  const std::vector<std::vector<float>> cases{{1, 1, 1, 1, 1, 1},      {0, 0, 1, 0, 0, 0},
                                              {-3, 200, 200, 3, 2, 1}, {1, inf, 0, 0, 0, 0},
                                              {1, -inf, 0, 0, 0, 0},   {1, std::nanf(""), 0, 0, 0, 0}};
  const std::vector<float> fp32_log_p{-2, -1.5F, -1.5F, -2.5F, -2, -1.5F};
  for (const auto& outputs : cases) {
    std::vector<float> padded(outputs);
    padded.resize(8, 1e30F);  // what is in the padding does not count
    const cuda::ClassView view{{padded.data(), cuda::Type::fp32}, &layout, 0, 6};
    for (std::int32_t label = kNoLabel; label < 6; ++label) {
      for (const bool probabilities : {false, true}) {
        Tally expected;
        const Comparison comparison{label % 3 == 2 ? Comparison::Of::outputs : Comparison::Of::probabilities,
                                    label % 2 == 0 ? 1.0 : 8.0};
        const Outputs kind = probabilities ? Outputs::probabilities : Outputs::logits;
        count_image(outputs, label, kind, fp32_log_p, comparison, expected);
        const cuda::Softening by{probabilities, comparison};
        EXPECT_EQ(cuda::count_outputs(cuda::Alone(), view, label, by, fp32_log_p.data()), expected);
        Tally alone;
        count_image(outputs, label, kind, {}, comparison, alone);
        EXPECT_EQ(cuda::count_outputs(cuda::Alone(), view, label, by, nullptr), alone);
      }
    }
  }
}

// Real networks, a few images of noise: the plan in the padding of half precision against engine cpu.
TEST(CudaPlan, RealNetworksAsEngineCpu) {
  const std::filesystem::path data = std::filesystem::path(VBQ_SHARED) / "data";
  const std::filesystem::path files[] = {data / "cifar10/resnet20.onnx", data / "imagenet/squeezenet1_1.onnx"};
  for (const auto& file : files) {
    if (!std::filesystem::exists(file)) GTEST_SKIP() << "no " << file;
    const Network net = read_onnx(file);
    const auto input = inputs_for(net, 1);
    const auto expected = infer(*engine_of(EngineKind::cpu, net, 1), net, input, 1);
    double largest = 0;
    for (const float y : expected) largest = std::max<double>(largest, std::fabs(y));
    expect_near(HostPlan(net, 1, cuda::Type::fp16, HostPlan::Numbers::fp32).infer(input, 1), expected, 1e-4 * largest);
  }
}

TEST(CudaPlan, WorkersTakeGpusInTurn) {
  const auto binding = [](int worker, int workers, int devices, bool bound) {
    const cuda::Binding s = cuda::binding_of(worker, workers, devices, bound);
    return std::pair(s.device, s.shared);
  };
  EXPECT_EQ(binding(0, 1, 1, false), std::pair(0, false));
  EXPECT_EQ(binding(3, 4, 4, false), std::pair(3, false));
  EXPECT_EQ(binding(5, 8, 4, false), std::pair(1, true));
  EXPECT_EQ(binding(1, 2, 1, false), std::pair(0, true));
  EXPECT_EQ(binding(1, 2, 1, true), std::pair(0, false));  // Slurm gave each worker its own
  EXPECT_EQ(binding(5, 8, 4, true), std::pair(1, true));
}

TEST(CudaPlan, RefusesShapesThatItCannotHold) {
  EXPECT_THROW(cuda::layout_of({1, 2, 3, 4, 5, 6, 7}, 4), Error);
  EXPECT_THROW(cuda::layout_of({1, 65536, 65536}, 4), Error);
  EXPECT_THROW(cuda::layout_of({1, 32768, 32768}, 4), Error);  // 2^30 elements, but 2^32 places
  const cuda::Layout layout = cuda::layout_of({3, 5, 7}, 8);
  EXPECT_EQ(layout.image, 5 * 7 * 8);
  cuda::Index index;
  std::int64_t real = 0;
  for (std::int64_t place = 0; place < layout.image; ++place) {
    if (!index_of(layout, place, index)) continue;
    ++real;
    EXPECT_EQ(layout.place_of(index), place);
    EXPECT_EQ(layout.place_of_number(layout.number_of(index)), place);
  }
  EXPECT_EQ(real, 3 * 5 * 7);
}

}  // namespace
}  // namespace vbq::test
