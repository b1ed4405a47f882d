#include "assign/input_moments.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "support/moments.hpp"
#include "support/networks.hpp"
#include "vbq/error.hpp"

namespace vbq {
namespace {

TEST(InputMoments, RefusesWhatCannotBeCalibratedWith) {
  Linear linear{support::normal_tensor({2, 3}, 1), {0, 0}};
  const Node node{"the layer", linear, {0}, "w"};
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                          -std::numeric_limits<float>::infinity(), 1e19F, -1e30F}) {
    InputMoments moments(node, 4, {3}, {2}, 1);
    try {
      support::add_image(moments, {1, bad, 2}, {3});
      ADD_FAILURE() << bad;
    } catch (const Error& error) {
      EXPECT_EQ(error.fault(), Fault::input);
      EXPECT_NE(std::string(error.what()).find("layer \"the layer\""), std::string::npos) << error.what();
    }
  }
  // The largest that are taken: all sums are finite.
  InputMoments moments(node, 4, {3}, {2}, 1);
  const float most = std::nextafter(0x1p60F, 0.0F);
  for (int image = 0; image < 200; ++image) support::add_image(moments, {most, -most, most}, {3});
  const LayerFactor factor = support::factor_of(moments, 4);
  ASSERT_EQ(factor.blocks.size(), 1U);
  for (const float f : factor.blocks[0].feedback) EXPECT_TRUE(std::isfinite(f));
}

}  // namespace
}  // namespace vbq
