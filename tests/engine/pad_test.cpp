// Pad of cpu against reference, and where its elements come from.
#include <fmt/format.h>

#include "engine/common/padding.hpp"
#include "engine/compare.hpp"

namespace vbq::test {
namespace {

using I = std::int64_t;

TEST(Operators, PadOfOtherRanks) {
  Graph g({7});
  const ValueId x = g.add(Pad{{2}, {1}, -1.0F}, {kInputValue}, {10});
  g.add(Slice{{8}, {-2}}, {x}, {4});
  expect_equal_engines(g.network());
}

// Beside Slices, which are one copy with a constant's Pad, before a layer that pads itself, and wider than the image.
TEST(Operators, PadByTheImagesOwnElements) {
  for (const auto mode : {Pad::Mode::reflect, Pad::Mode::edge}) {
    for (const I channels : {3, 16, 17}) {
      SCOPED_TRACE(fmt::format("{} channels, mode {}", channels, static_cast<int>(mode)));
      Graph g({channels, 5, 9});
      const ValueId x = g.conv(kInputValue, channels, 1);
      const ValueId p = g.add(Pad{{0, 1, 2}, {0, 3, 1}, 0, mode}, {x}, {channels, 9, 12});
      const ValueId s = g.add(Slice{{0, 8, 0}, {1, -2, 1}}, {p}, {channels, 5, 12});
      const ValueId z = g.add(Pad{{0, 1, 1}, {0, 1, 1}, 0}, {s}, {channels, 7, 14});
      g.conv(z, 5, 3, 1, 1);
      expect_equal_engines(g.network());
      Graph wide({channels, 3, 4});
      const ValueId y =
          wide.add(Pad{{1, 4, 9}, {1, 7, 1}, 0, mode}, {wide.conv(kInputValue, channels, 1)}, {channels + 2, 14, 14});
      wide.add(Pad{{0, 1, 0}, {0, 0, 0}, 3}, {y}, {channels + 2, 15, 14});
      expect_equal_engines(wide.network());
    }
    Graph flat({1, 7});
    flat.add(Pad{{1, 2}, {2, 1}, 0, mode}, {kInputValue}, {4, 10});
    expect_equal_engines(flat.network());
  }
}

TEST(Operators, PadKnownPlaces) {
  const auto places = [](Pad::Mode mode, I extent) {
    std::vector<I> from;
    for (I i = -5; i < extent + 5; ++i) from.push_back(padded_from(mode, i, extent));
    return from;
  };
  EXPECT_EQ(places(Pad::Mode::constant, 2), (std::vector<I>{-1, -1, -1, -1, -1, 0, 1, -1, -1, -1, -1, -1}));
  EXPECT_EQ(places(Pad::Mode::edge, 2), (std::vector<I>{0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1}));
  EXPECT_EQ(places(Pad::Mode::reflect, 3), (std::vector<I>{1, 0, 1, 2, 1, 0, 1, 2, 1, 0, 1, 2, 1}));
  EXPECT_EQ(places(Pad::Mode::reflect, 1), std::vector<I>(11, 0));
}

TEST(Operators, PadBeforeConvolution) {
  for (const float value : {0.0F, 2.0F}) {
    Graph g({7, 5, 9});
    const ValueId x = g.relu(g.conv(kInputValue, 17, 1));
    const ValueId p = g.add(Pad{{0, 1, 2}, {0, 0, 1}, value}, {x}, {17, 6, 12});
    g.sum(g.conv(p, 17, 3, 2, 1), g.constant({17, 3, 6}));
    expect_equal_engines(g.network());
  }
}

}  // namespace
}  // namespace vbq::test
