// 3x3 convolutions of whole vectors of channels, which go by Winograd's transforms where the processor has them.
#include "engine/cpu/winograd.hpp"

#include <fmt/format.h>

#include "engine/compare.hpp"

namespace vbq::test {
namespace {

using I = std::int64_t;

TEST(Winograd, SizesChannelsAndPads) {
  const Padding2d pads[] = {{1, 1, 1, 1}, {0, 0, 0, 0}, {2, 0, 1, 3}};
  std::size_t turn = 0;  // each size meets each pad, and so do each channels: all three at once would take a minute
  for (const auto& [in, out] : {std::pair<I, I>{16, 16}, {32, 48}, {64, 16}, {8, 24}}) {
    for (const auto& [height, width] : {std::pair<I, I>{13, 13}, {16, 17}, {9, 30}, {4, 64}}) {
      const Padding2d& pad = pads[turn++ % std::size(pads)];
      SCOPED_TRACE(fmt::format("{} -> {} channels, {} x {}, pad {} {}", in, out, height, width, pad.top, pad.right));
      Graph g({in, height, width});
      Conv op = g.make_conv(in, out, 3, 3);
      op.pad = pad;
      g.add_conv(kInputValue, op);
      expect_equal_engines(g.network());
    }
  }
}

TEST(Winograd, WithNormResidualAndActivation) {
  for (const bool clip : {false, true}) {
    Graph g({16, 15, 14});
    const ValueId x = g.relu(g.norm(g.conv(kInputValue, 32, 3, 1, 1)));
    const ValueId y = g.norm(g.conv(x, 32, 3, 1, 1, 1, false));
    const ValueId z = g.sum(x, y);
    const ValueId r = clip ? g.add(Clip{-0.5F, 1.0F}, {z}, g.shape(z)) : g.relu(z);
    g.sum(g.conv(r, 32, 3, 1, 1), x);  // x is used again
    expect_equal_engines(g.network(), 3);
  }
}

TEST(Winograd, BetweenOtherLayouts) {
  Graph g({3, 17, 17});
  const ValueId a = g.relu(g.conv(kInputValue, 16, 3, 1, 1));
  const ValueId pool = g.add(MaxPool{{2, 2}, {1, 1}, {1, 1}, {1, 1, 0, 0}}, {a}, {16, 17, 17});
  const ValueId b = g.relu(g.conv(pool, 16, 3, 1, 1)), c = g.conv(a, 32, 1);
  const ValueId joint = g.concat({c, b, a});
  const ValueId d = g.conv(joint, 7, 3, 1, 1);
  g.add(Transpose{{1, 2, 0}}, {g.conv(g.concat({d, b}), 16, 3)}, {15, 15, 16});
  expect_equal_engines(g.network(), 3);
}

TEST(Winograd, ErrorStaysNearThatOfADirectSum) {
  Graph g({64, 16, 16});
  ValueId x = kInputValue;
  for (int k = 0; k < 4; ++k) x = g.conv(x, 64, 3, 1, 1);
  expect_equal_engines(g.network(), 0.5);  // 5e-6 of the largest output after four layers
}

TEST(Winograd, ManyChunksOfTiles) {
  Graph g({16, 37, 35});  // 90 tiles, 24 or fewer in a chunk
  g.conv(g.conv(kInputValue, 96, 3, 1, 1), 16, 3);
  expect_equal_engines(g.network());
}

// y = A^T [(G g G^T) . (B^T d B)] A on one tile, without an engine around it.
TEST(Winograd, TransformsAreAConvolution) {
  cpu::Winograd w;
  w.width = cpu::winograd_width();
  if (w.width == 0) GTEST_SKIP() << "no transforms for this processor";
  const auto n = static_cast<std::size_t>(w.width);
  w.in_channels = w.out_channels = w.width;
  w.images = 1, w.in_height = w.in_width = 6, w.out_height = w.out_width = 4;
  w.in = w.out = {36 * w.width, w.width, w.width};
  const auto aligned = [](std::vector<float>& v) {  // the first place on a cache line
    auto* p = v.data();
    while (reinterpret_cast<std::uintptr_t>(p) % 64 != 0) ++p;
    return p;
  };
  const auto apart = static_cast<std::size_t>(w.matrix(1, w.width));
  std::vector<float> room_x(36 * n + 16), room_v(36 * apart + 16), room_u(36 * n * n + 16), room_m(36 * apart + 16),
      room_y(36 * n + 16), room_b(n + 16);
  float *x = aligned(room_x), *v = aligned(room_v), *u = aligned(room_u), *m = aligned(room_m), *y = aligned(room_y);
  const auto pixels = support::normals(36 * n, 5), weights = support::normals(9 * n * n, 6);
  std::copy(pixels.begin(), pixels.end(), x);
  cpu::winograd_weights(w, weights.data(), u);
  cpu::winograd_input(w, 0, 1, 1, x, v);
  for (std::size_t k = 0; k < 36; ++k) {
    for (std::size_t o = 0; o < n; ++o) {
      float& sum = m[k * apart + o];
      sum = 0;
      for (std::size_t i = 0; i < n; ++i) sum += v[k * apart + i] * u[(k * n + i) * n + o];
    }
  }
  cpu::winograd_output(w, 0, 1, 1, m, aligned(room_b), nullptr, y);
  for (std::size_t row = 0; row < 4; ++row) {
    for (std::size_t column = 0; column < 4; ++column) {
      for (std::size_t o = 0; o < n; ++o) {
        double sum = 0;
        for (std::size_t i = 0; i < n; ++i) {
          for (std::size_t k = 0; k < 9; ++k) {
            const std::size_t pixel = (row + k / 3) * 6 + column + k % 3;
            sum += static_cast<double>(weights[(o * n + i) * 9 + k]) * pixels[pixel * n + i];
          }
        }
        EXPECT_NEAR(y[(row * 4 + column) * n + o], sum, 1e-4);
      }
    }
  }
}

}  // namespace
}  // namespace vbq::test
