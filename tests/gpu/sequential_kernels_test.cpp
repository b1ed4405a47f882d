// Kernels of sequential assignment at odd shapes, against the host's way: make_factor() and plain sums in double.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "assign/compensated.hpp"
#include "core/random.hpp"
#include "engine/cuda/sequential.hpp"
#include "gpu/array.hpp"

namespace vbq::test {
namespace {

using namespace cuda;

// Numbers that go together, so that there is something to compensate by.
std::vector<float> numbers(std::int64_t rows, std::int64_t row, std::uint32_t which) {
  Random random(5, which, 0, Purpose::test);
  std::vector<float> all;
  for (std::int64_t r = 0; r < rows; ++r) {
    const double common = random.normal();
    for (std::int64_t i = 0; i < row; ++i) {
      all.push_back(static_cast<float>(0.5 * common + (1 + 0.1 * static_cast<double>(i % 7)) * random.normal()));
    }
  }
  return all;
}

struct Found {
  std::vector<float> feedback, diagonal, target;
  std::vector<std::int32_t> columns;
  std::vector<int> broken;
};

class SequentialKernels : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string reason;
    if (device_count(reason) == 0) GTEST_SKIP() << reason;
    stream_.emplace();
  }

  Found find(const SequentialShape& shape, const std::vector<float>& patches, const std::vector<float>& missing,
             const std::vector<float>& weight, std::int64_t positions, std::int64_t part) const {
    const Stream& stream = *stream_;
    const std::int64_t runs = shape.runs();
    Array<float> x(part * shape.row()), y(part * shape.outputs()), w(stream, weight), target(std::ssize(weight));
    Array<float> feedback(runs * shape.square()), diagonal(runs * shape.longest);
    Array<double> parts(runs * shape.trapezoid() * sum_splits(shape, part)), sums(runs * shape.trapezoid());
    Array<double> factor(runs * shape.trapezoid()), blocks(runs * shape.diagonal()), damping(runs);
    Array<int> order(runs * shape.longest), columns(runs * shape.longest);
    Array<int> broken(stream, std::vector<int>(static_cast<std::size_t>(runs) + 1, 0));
    SequentialMemory memory;
    memory.patches = x.get(), memory.missing = y.get(), memory.parts = parts.get(), memory.sums = sums.get();
    memory.factor = factor.get(), memory.diagonal = blocks.get(), memory.damping = damping.get();
    memory.order = order.get(), memory.columns = columns.get(), memory.broken = broken.get();
    memory.target = target.get(), memory.feedback = feedback.get(), memory.weight = diagonal.get();
    for (std::int64_t first = 0; first < positions; first += part) {
      const std::int64_t count = std::min(part, positions - first);
      stream.upload(x.get(), patches.data() + first * shape.row(),
                    static_cast<std::size_t>(count * shape.row()) * sizeof(float));
      stream.upload(y.get(), missing.data() + first * shape.outputs(),
                    static_cast<std::size_t>(count * shape.outputs()) * sizeof(float));
      launch_sums(shape, count, first == 0, memory, stream.get());
      stream.synchronise();
    }
    launch_factor(shape, positions, w.get(), memory, stream.get());
    return {feedback.read(stream), diagonal.read(stream), target.read(stream), columns.read(stream),
            broken.read(stream)};
  }

  std::optional<Stream> stream_;
};

SequentialShape shape_of(int groups, int columns, int rows, int longest) {
  SequentialShape shape;
  shape.groups = groups, shape.columns = columns, shape.rows = rows;
  shape.longest = std::min(longest, columns);
  shape.runs_a_group = (columns + longest - 1) / longest;
  return shape;
}

TEST_F(SequentialKernels, FactorsAndTargetsAreTheHosts) {
  struct Case {
    int groups, columns, rows, longest;
    std::int64_t positions, part;
  };
  for (const Case& c : {Case{1, 27, 5, 4096, 700, 700}, Case{3, 9, 1, 4096, 300, 128}, Case{1, 70, 66, 4096, 1100, 600},
                        Case{2, 70, 3, 40, 520, 520}, Case{1, 33, 1, 4096, 64, 64}, Case{1, 1, 2, 4096, 70, 70},
                        Case{1, 130, 9, 4096, 10, 10}, Case{1, 70, 130, 4096, 100, 100}}) {
    SCOPED_TRACE(testing::Message() << c.groups << " groups of " << c.columns << " columns, " << c.rows << " rows");
    const SequentialShape shape = shape_of(c.groups, c.columns, c.rows, c.longest);
    std::vector<float> patches = numbers(c.positions, shape.row(), 1);
    for (std::size_t i = 0; shape.columns > 8 && i < patches.size(); i += static_cast<std::size_t>(shape.columns)) {
      patches[i + 6] = patches[i + 2];  // alike: the first of them comes first
    }
    const std::vector<float> missing = numbers(c.positions, shape.outputs(), 2);
    const std::vector<float> weight = numbers(shape.outputs(), shape.columns, 3);
    const Found found = find(shape, patches, missing, weight, c.positions, c.part);
    const auto at = [](auto& all, std::int64_t i) -> decltype(auto) { return all[static_cast<std::size_t>(i)]; };
    for (int run = 0; run < shape.runs(); ++run) {
      const int n = shape.size(run), group = run / shape.runs_a_group;
      const auto x = [&](std::int64_t p, int i) {
        return static_cast<double>(at(patches, p * shape.row() + group * shape.columns + shape.first(run) + i));
      };
      std::vector<double> h(static_cast<std::size_t>(n) * n, 0.0), solved;
      if (shape.corrected()) solved.resize(static_cast<std::size_t>(shape.rows) * n);
      const auto count = static_cast<double>(c.positions);
      for (std::int64_t p = 0; p < c.positions; ++p) {
        for (int i = 0; i < n; ++i) {
          for (int j = 0; j < n; ++j) at(h, i * n + j) += x(p, i) * x(p, j) / count;
          for (int r = 0; shape.corrected() && r < shape.rows; ++r) {
            at(solved, r * n + i) +=
                x(p, i) * at(missing, p * shape.outputs() + group * shape.rows + r) / (count + 4.0 * n);
          }
        }
      }
      std::vector<std::int32_t> columns;
      for (int i = 0; i < n; ++i) columns.push_back(shape.first(run) + i);
      const FactorBlock expected = make_factor(h, columns, 0, shape.rows, solved);
      EXPECT_EQ(found.broken[static_cast<std::size_t>(run)], 0);
      for (int i = 0; i < n; ++i) {
        ASSERT_EQ(at(found.columns, run * shape.longest + i), at(expected.columns, i));
        const float d = at(expected.diagonal, i);
        EXPECT_NEAR(at(found.diagonal, run * shape.longest + i), d, 1e-4F * d);
        for (int j = 0; j < n; ++j) {
          const float got = at(found.feedback, run * shape.square() + i * n + j);
          EXPECT_NEAR(got, at(expected.feedback, i * n + j), 1e-4F);
          if (j <= i) {
            EXPECT_EQ(got, 0);
          }
        }
      }
      for (int r = 0; r < shape.rows; ++r) {
        for (int i = 0; i < n; ++i) {
          const std::int64_t place = (group * shape.rows + r) * std::int64_t{shape.columns} + shape.first(run) + i;
          const double wanted = at(weight, place) + (shape.corrected() ? at(solved, r * n + i) : 0.0);
          EXPECT_NEAR(at(found.target, place), wanted, 1e-4 * (1 + std::fabs(wanted)));
        }
      }
    }
  }
}

// A group whose inputs overflow feeds nothing back and keeps its targets; the others are as they would be.
TEST_F(SequentialKernels, WhatIsNotFiniteStaysInItsGroup) {
  const SequentialShape shape = shape_of(3, 20, 4, 4096);
  constexpr std::int64_t kPositions = 100;
  std::vector<float> patches = numbers(kPositions, shape.row(), 1);
  const std::vector<float> missing = numbers(kPositions, shape.outputs(), 2);
  const std::vector<float> weight = numbers(shape.outputs(), shape.columns, 3);
  const Found fine = find(shape, patches, missing, weight, kPositions, kPositions);
  patches[7 * 60 + 25] = INFINITY;  // of the second group
  const Found found = find(shape, patches, missing, weight, kPositions, kPositions);
  EXPECT_EQ(found.broken, (std::vector<int>{0, 1, 0, 0}));
  for (std::size_t i = 0; i < found.feedback.size(); ++i) {
    EXPECT_EQ(found.feedback[i], i / 400 == 1 ? 0.0F : fine.feedback[i]);
  }
  for (std::size_t i = 0; i < weight.size(); ++i) {
    EXPECT_EQ(found.target[i], i / 80 == 1 ? weight[i] : fine.target[i]);
  }
}

// One target that overflows, and all of the layer's are as trained.
TEST_F(SequentialKernels, TargetsThatOverflowAreAsTrained) {
  const SequentialShape shape = shape_of(1, 20, 4, 4096);
  constexpr std::int64_t kPositions = 100;
  const std::vector<float> patches = numbers(kPositions, shape.row(), 1);
  std::vector<float> missing;  // so that the correction is as large
  for (std::int64_t i = 0; i < kPositions * shape.outputs(); ++i) {
    missing.push_back(1e36F * patches[static_cast<std::size_t>(i / shape.outputs() * shape.row())]);
  }
  const std::vector<float> weight(static_cast<std::size_t>(shape.outputs()) * 20, 3.4025e38F);
  const Found found = find(shape, patches, missing, weight, kPositions, kPositions);
  EXPECT_EQ(found.broken, (std::vector<int>{0, 1}));
  EXPECT_EQ(found.target, weight);
}

}  // namespace
}  // namespace vbq::test
